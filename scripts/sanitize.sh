#!/bin/sh
# Runs the engine's unit tests where memory is watched, since the compiler's promises end where the kernels begin.
#
#     scripts/sanitize.sh [address|miri] [tests]
#
# `address`: AddressSanitizer, on the usual toolchain, once for each instruction set. It sees whatever lies outside of all
# buffers.
#
# `miri` (needs the nightly toolchain with the components miri and rust-src): the interpreter sees races between threads and
# pointers that are used against the rules of borrowing, too. It takes minutes for a few small tests, without vectors.
#
# Neither sees a task read on into the rest of its own scratch.
set -eu
cd "$(dirname "$0")/.."
tool=${1:-address}
[ $# -gt 0 ] && shift
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_INCREMENTAL=0

case $tool in
address)
  [ $# -gt 0 ] || set -- engine::
  # The compiler of a stable toolchain has the sanitizer too, behind this door. Only with --target build scripts go without.
  export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
  for set in best avx2 scalar; do
    echo "== $set"
    INSTRUCTION_SET=$set cargo test --quiet --no-default-features --lib --target "$host" --target-dir target/sanitize -- "$@"
  done
  ;;
miri)
  [ $# -gt 0 ] || set -- engine::adjoints engine::arena::tests::scratch
  # Two processors, so that there are two threads to race; they never end, which is no leak. Tree borrows, because the queues
  # under rayon (crossbeam-epoch) break the rules of stacked ones.
  export MIRIFLAGS='-Zmiri-num-cpus=2 -Zmiri-ignore-leaks -Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-disable-isolation'
  cargo +nightly miri test --quiet --no-default-features --lib --target "$host" --target-dir target/miri -- "$@"
  ;;
*)
  echo "sanitize: address or miri, not $tool" >&2
  exit 2
  ;;
esac
