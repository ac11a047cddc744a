#!/bin/sh
# Everything about the CUDA device that needs one, in one go: correctness against the processor, times, memory, and PyTorch
# beside it. Takes a program that was built elsewhere (scripts/build-cuda.sh), needs neither cargo nor network, and ends
# within nine minutes. Writes gpu-check.md and gpu-check.json into $OUT (by default the current folder).
#
#     OUT=results scripts/gpu-check.sh path/to/pentimento [options of benches/peers/gpu.py]
set -eu
program=${1:?usage: scripts/gpu-check.sh path/to/pentimento}
shift
[ -x "$program" ] || { echo "gpu-check: $program is not a program" >&2; exit 2; }
command -v python3 >/dev/null || { echo "gpu-check: python3 was not found" >&2; exit 2; }

# NVIDIA's libraries as Python packages bring them, where the system has none in its own folders.
for packages in $(python3 -c 'import site; print(*site.getsitepackages(), site.getusersitepackages())'); do
  for folder in "$packages"/nvidia/*/lib "$packages"/torch/lib; do
    [ -d "$folder" ] && LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
  done
done
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"

exec timeout 540 python3 "$(dirname "$0")/../benches/peers/gpu.py" --pentimento "$program" --out "${OUT:-.}" "$@"
