//! For Windows: puts the icon into the program. With the feature `cuda`: compiles the kernels of a card, and tells the linker
//! where NVIDIA's libraries are if a folder is named (see `scripts/build-cuda.sh`).

use std::path::{Path, PathBuf};
use std::process::Command;

const ICON: &str = "assets/icon/pentimento.ico";
const KERNELS: &str = "src/engine/cuda/kernels.cu";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    // Set by scripts/build-cuda.sh for the libraries' bindings; then they are loaded when they are first needed.
    println!("cargo:rustc-check-cfg=cfg(feature, values(\"dynamic-loading\"))");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows") {
        dress_for_windows();
    }
    if std::env::var_os("CARGO_FEATURE_CUDA").is_some() { compile_kernels() } else { Ok(()) }
}

/// Icon and name, as the file manager shows them.
fn dress_for_windows() {
    println!("cargo:rerun-if-changed={ICON}");
    let mut resource = winresource::WindowsResource::new();
    resource.set_icon(ICON).set("ProductName", "Pentimento").set("FileDescription", "Pentimento");
    // Some toolchains have no compiler for resources, and a program without an icon is one still.
    if let Err(error) = resource.compile() {
        println!("cargo:warning=the program gets no icon: {error}");
    }
}

fn compile_kernels() -> Result<(), String> {
    for name in ["NVCC", "CUDA_HOME", "CUDA_PATH", "CUDA_LINK_DIR", "PATH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed={KERNELS}");
    if let Ok(folder) = std::env::var("CUDA_LINK_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
    }
    let nvcc = find_nvcc();
    let folder = std::env::var("OUT_DIR").map_err(|error| format!("cargo names no OUT_DIR: {error}"))?;
    // For the oldest cards that this compiler knows; the driver finishes it for the card that is there.
    let ptx = Path::new(&folder).join("kernels.ptx");
    run(Command::new(&nvcc).args(["--ptx", "-O3", "-o"]).arg(ptx).arg(KERNELS))?;
    println!("cargo:rustc-env=PENTIMENTO_CUDA={}", release(&run(Command::new(&nvcc).arg("--version"))?));
    Ok(())
}

/// Where the tensor library looks for it, too.
fn find_nvcc() -> PathBuf {
    if let Some(nvcc) = std::env::var_os("NVCC") {
        return nvcc.into();
    }
    let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let nvccs = homes.chain([PathBuf::from("/usr/local/cuda")]).map(|home| home.join("bin/nvcc"));
    let on_path = Command::new("nvcc").arg("--version").output().is_ok().then(|| PathBuf::from("nvcc"));
    on_path.or_else(|| nvccs.into_iter().find(|nvcc| nvcc.exists())).unwrap_or_else(|| "nvcc".into())
}

/// What the command prints.
fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        format!("the feature `cuda` needs nvcc, and {program} cannot be run ({error}); see scripts/build-cuda.sh")
    })?;
    if !output.status.success() {
        return Err(format!("{program} has failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `13.0` of `Cuda compilation tools, release 13.0, V13.0.88`.
fn release(version: &str) -> &str {
    version.split("release ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("of this build")
}
