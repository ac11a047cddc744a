#!/bin/sh
# Builds the program that paints on NVIDIA cards, on a machine with neither a card nor a CUDA toolkit: the compiler comes
# from NVIDIA's Python packages. What comes out starts everywhere, and takes the libraries of the machine it runs on.
#
#     scripts/build-cuda.sh [FOLDER]      into FOLDER/pentimento, by default target/cuda-build/pentimento
#
# COMPUTE_CAP=90 builds the tensor library's own kernels for Hopper only; the default runs from Ampere (80) on.
set -eu
cd "$(dirname "$0")/.."
work=$PWD/${CARGO_TARGET_DIR:-target}/cuda-build
folder=${1:-$work}
mkdir -p "$work/link" "$folder"

# A newer compiler makes kernels that drivers for CUDA 13.0 refuse.
if [ ! -e "$work/venv/ready" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q --no-compile --no-deps nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 \
    nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
  touch "$work/venv/ready"
fi
toolkit=$(echo "$work"/venv/lib/python3*/site-packages/nvidia/cu13)

# The runtime is linked into the program; everything else is loaded when it is needed, and empty archives satisfy the linker.
ln -sf "$toolkit/lib/libcudart_static.a" "$work/link/libcudart.a"
for library in cuda nvrtc curand cublas cublasLt cudnn; do
  [ -e "$work/link/lib$library.a" ] || ar rcs "$work/link/lib$library.a"
done

export NVCC=$toolkit/bin/nvcc CUDA_HOME=$toolkit CUDA_COMPUTE_CAP="${COMPUTE_CAP:-80}" CUDARC_CUDA_VERSION=13000
export CUDA_LINK_DIR="$work/link"
# Only together with --target, so that build scripts do not see it.
export RUSTFLAGS='--cfg feature="dynamic-loading"'
host=$(rustc -vV | sed -n 's/^host: //p')
cargo build --release --features cuda --bin pentimento --target "$host" --target-dir "$work/cargo"
cp "$work/cargo/$host/release/pentimento" "$folder/pentimento"
strip "$folder/pentimento"
ls -l "$folder/pentimento"
