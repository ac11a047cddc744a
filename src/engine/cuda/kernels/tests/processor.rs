//! `kernels.cu` on the processor: compiled as C++, so that every kernel's arithmetic is tested where there is no card.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::super::{Address, BLOCK, Launch, SOURCE};

type Entry = unsafe extern "C" fn(blocks: u32, threads: u32, arguments: *mut *mut c_void);

/// The kernels, one launch at a time.
pub struct Processor(Mutex<HashMap<String, Entry>>);

/// The kernels; `None`, and a line that says so, where no C++ compiler is found.
pub fn processor() -> Option<&'static Processor> {
    static PROCESSOR: OnceLock<Option<Processor>> = OnceLock::new();
    let processor = PROCESSOR.get_or_init(|| {
        let found = Command::new("c++").arg("--version").output().is_ok_and(|output| output.status.success());
        found.then(Processor::compile)
    });
    if processor.is_none() {
        eprintln!("SKIPPED: kernels.cu is not tested, as no C++ compiler was found");
    }
    processor.as_ref()
}

/// Names of all kernels.
fn names() -> impl Iterator<Item = &'static str> {
    SOURCE.split("\nKERNEL ").skip(1).filter_map(|kernel| kernel.split('(').next())
}

impl Processor {
    fn compile() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("kernels.cpp"), folder.path().join("libkernels.so"));
        let mut text = format!("{}\n{SOURCE}\n", include_str!("processor.cpp"));
        for name in names() {
            let together = SOURCE.split(&format!("\nKERNEL {name}(")).nth(1).unwrap();
            let together = together.split("\n}").next().unwrap().contains("leave_sum_of_block");
            text += &format!(
                "extern \"C\" void run_{name}(unsigned blocks, unsigned threads, void **arguments) \
                 {{ run({name}, blocks, threads, arguments, {together}); }}\n"
            );
        }
        std::fs::write(&source, text).unwrap();
        let options = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC"];
        let output = Command::new("c++").args(options).arg("-o").arg(&library).arg(&source).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(Mutex::new(names().map(|name| (name.to_owned(), entry(&library, &format!("run_{name}")))).collect()))
    }

    /// Carries out a launch whose addresses are those of memory of this process.
    pub fn launch(&self, mut launch: Launch) {
        // A test that failed has left nothing half done.
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(launch.kernel).unwrap_or_else(|| panic!("no kernel {}", launch.kernel));
        let blocks = launch.blocks;
        // SAFETY: the arguments are those of a launch, and the tests give it as much memory as it says.
        unsafe { entry(blocks, BLOCK, launch.pointers().as_mut_ptr()) };
    }
}

/// A function of a library that stays loaded.
fn entry(library: &Path, name: &str) -> Entry {
    let [library, name] = [library.to_str().unwrap(), name].map(|text| CString::new(text).unwrap());
    // SAFETY: the library was compiled just now from what is above, and has this function.
    unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOW);
        assert!(!handle.is_null(), "{library:?} does not load");
        let function = libc::dlsym(handle, name.as_ptr());
        assert!(!function.is_null(), "there is no {name:?}");
        std::mem::transmute::<*mut c_void, Entry>(function)
    }
}

/// Where values lie that a kernel reads or writes.
pub fn at<T>(values: &mut [T]) -> Address {
    values.as_mut_ptr() as Address
}
