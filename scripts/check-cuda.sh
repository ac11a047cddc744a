#!/bin/sh
# Checks the Rust code of the feature `cuda` (types and lints) on a machine that has neither a card nor a CUDA toolkit.
# Nothing that comes out of it can run: for that see build-cuda.sh.
set -eu
cd "$(dirname "$0")/.."
export NVCC=$PWD/scripts/nvcc-for-checking CUDA_COMPUTE_CAP=80 CUDARC_CUDA_VERSION=13000
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/cuda-check
# As the hand-out binary is built: the libraries are loaded when they are needed.
export RUSTFLAGS='--cfg feature="dynamic-loading"'
cargo clippy --quiet --target "$(rustc -vV | sed -n 's/^host: //p')" --no-default-features --features cuda --lib --bins \
  -- -D warnings
