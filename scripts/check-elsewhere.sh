#!/bin/sh
# The program for other systems, from a Debian with x86-64: types and lints for Windows and macOS; a painting by the program for
# Windows under wine; and one by the program for 64-bit ARM, with NEON and without, imitated by qemu. All three must be what this
# machine paints. Takes gcc-mingw-w64-x86-64, wine64, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user and, the first
# time, half an hour.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
elsewhere=$target/elsewhere
export WINEDEBUG=-all
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
WINDOWS=x86_64-pc-windows-gnu MACOS=aarch64-apple-darwin ARM=aarch64-unknown-linux-gnu

rustup target add $WINDOWS $MACOS $ARM
cargo clippy --quiet --target-dir "$elsewhere" --target $WINDOWS --lib --bins -- -D warnings
cargo clippy --quiet --target-dir "$elsewhere" --target $MACOS --lib --bins -- -D warnings
cargo build --quiet --release
cargo build --quiet --release --target-dir "$elsewhere" --target $WINDOWS
cargo build --quiet --release --target-dir "$elsewhere" --no-default-features --target $ARM

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export WINEPREFIX="$out/wine"
paint() {
  name=$1 set=$2
  shift 2
  "$@" render --quiet --size 64 --iterations 4 --scales single --instruction-set "$set" --output "$out/$name.png" \
    --trace "$out/$name.jsonl"
}
# What wine 8 lacks of Windows: random numbers.
cat > "$out/random.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T bytes) { return SystemFunction036(to, (ULONG)bytes); }
C
x86_64-w64-mingw32-gcc -shared -o "$out/bcryptprimitives.dll" "$out/random.c" -ladvapi32
cp "$elsewhere/$WINDOWS/release/pentimento.exe" "$out"

paint here best "$target/release/pentimento"
paint windows best wine "$out/pentimento.exe"
arm="qemu-aarch64 -L /usr/aarch64-linux-gnu $elsewhere/$ARM/release/pentimento"
$arm info
paint neon best $arm
paint scalar scalar $arm

cmp "$out/here.png" "$out/windows.png"
loss() { tail -n 1 "$out/$1.jsonl" | sed 's/.*"loss":\([0-9.e]*\),.*/\1/'; }
for name in windows neon scalar; do
  # Other instructions round in another order.
  awk -v name=$name -v here="$(loss here)" -v there="$(loss $name)" 'BEGIN {
    print name ": loss " there ", here " here
    apart = (there - here) / here
    exit !(apart > -1e-3 && apart < 1e-3)
  }'
done
