#!/bin/sh
# Runs the program that build-cuda.sh makes on a card made of the processor (tests/card/card.cpp), and holds that to the processor:
# everything of the feature `cuda` but the card itself, NVIDIA's libraries, and the tensor library's kernels, which only the
# mean-and-covariance loss needs. Says nothing of speed.
#
#     scripts/check-cuda-without-card.sh [PROGRAM] [options of check-device]
set -eu
# What went wrong is told from the last line of what is said.
export RUST_BACKTRACE=0
root=$(cd "$(dirname "$0")/.." && pwd)
program=${1:-$root/target/cuda-build/pentimento}
[ $# -gt 0 ] && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cuda=$root/src/engine/cuda

{
  cat "$cuda/kernels/tests/processor.cpp" "$cuda/kernels.cu" "$root/tests/card/card.cpp"
  echo 'static Entry find_kernel(const char *name) {'
  awk '/^KERNEL /{ sub(/\(.*/, "", $2); name = $2; together = "false" }
       /leave_sum_of_block/ && name { together = "true" }
       /^}/ && name { printf "    if (!strcmp(name, \"%s\")) return [](unsigned b, unsigned t, void **a) { run(%s, b, t, a, %s); };\n", name, name, together; name = "" }' "$cuda/kernels.cu"
  echo '    return nullptr;'
  echo '}'
} > "$work/card.cpp"
c++ -std=c++17 -O3 -march=native -ffast-math -fno-finite-math-only -shared -fPIC -pthread -o "$work/libcuda.so" "$work/card.cpp"
for library in cublas curand cudnn; do ln -s libcuda.so "$work/lib$library.so"; done

# What goes wrong at the start is said, and the processor takes over.
export LD_LIBRARY_PATH="$work"
for step in driver cards version; do
  reason=$(CARD_FAILS=$step "$program" info --json | sed -n 's/.*"cuda_unavailable": "\(.*\)",*/\1/p')
  [ -n "$reason" ] || { echo "check-cuda: no reason is given where the step \"$step\" fails" >&2; exit 1; }
  echo "$step fails: $reason"
done
# A card without memory is one sentence, and no panic.
if CARD_BYTES=400000000 "$program" render --device cuda --size 256 --scales single --iterations 2 --output "$work/p.png" --quiet \
    2> "$work/full"; then
  echo 'check-cuda: 256 pixels were painted on a card of 0.4 GB' >&2; exit 1
fi
echo "full card: $(tail -n 1 "$work/full")"
grep -q panicked "$work/full" && exit 1

# The mean-and-covariance loss is expected to be missing, and nothing else.
status=0
"$program" check-device --device cuda --precision full --size 200 --evaluations 3 "$@" > "$work/found" 2> "$work/faults" || status=$?
cat "$work/found"
if [ $status -ne 0 ]; then
  faults=$(tail -n 1 "$work/faults")
  echo "$faults" >&2
  unexpected=$(echo "$faults" | tr ';' '\n' | grep -v 'mean and covariance.*NOT_FOUND' || true)
  [ -z "$unexpected" ] || exit 1
fi
echo 'the card made of the processor paints what the processor paints' >&2
