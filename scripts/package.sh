#!/bin/sh
# What is handed out: the program with icon, menu entry, licences and credits, for whoever has neither Rust nor a terminal.
#
#     scripts/package.sh linux      target/packages/pentimento_VERSION_amd64.deb and pentimento-VERSION-linux-x86_64.tar.gz
#     scripts/package.sh windows    target/packages/pentimento-VERSION-setup.exe and pentimento-VERSION-windows-x86_64.zip
#
# On a Debian with x86-64. For Windows it takes gcc-mingw-w64-x86-64, nsis and zip, and once
# `rustup target add x86_64-pc-windows-gnu`. PROGRAM=FILE packs a program that is built already, as by scripts/build-cuda.sh.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/packages"
packages=$(cd "$target/packages" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

papers() {
  triple=$1 folder=$2 ending=$3
  cp LICENSE-MIT "$folder/LICENCE$ending"
  cat models/README.md assets/ATTRIBUTION.md > "$folder/CREDITS$ending"
  scripts/package/third_party.py "$triple" > "$folder/THIRD-PARTY$ending"
}

linux() {
  triple=x86_64-unknown-linux-gnu
  root=$work/pentimento_${version}_amd64
  mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/share/applications" "$root/usr/share/doc/pentimento" \
    "$root/usr/share/icons/hicolor/256x256/apps"
  [ -n "${PROGRAM:-}" ] || cargo build --release --quiet --bin pentimento
  cp "${PROGRAM:-$target/release/pentimento}" "$root/usr/bin/pentimento"
  strip "$root/usr/bin/pentimento"
  cp scripts/package/pentimento.desktop "$root/usr/share/applications"
  cp assets/icon/pentimento.png "$root/usr/share/icons/hicolor/256x256/apps"
  papers $triple "$root/usr/share/doc/pentimento" ''
  # Debian's name for it.
  mv "$root/usr/share/doc/pentimento/LICENCE" "$root/usr/share/doc/pentimento/copyright"
  chmod -R u=rwX,go=rX "$root"
  chmod 755 "$root/usr/bin/pentimento"
  # The window system's libraries are loaded when the program starts, so the linker does not tell them; the last two are what
  # drivers and dialogs usually need.
  cat > "$root/DEBIAN/control" <<CONTROL
Package: pentimento
Version: $version
Architecture: amd64
Maintainer: The Pentimento authors
Installed-Size: $(du -ks "$root/usr" | cut -f 1)
Depends: libc6 (>= 2.35), libgcc-s1, libx11-6, libx11-xcb1, libxcursor1, libxi6, libxkbcommon-x11-0, libegl1
Recommends: libgl1-mesa-dri, zenity | xdg-desktop-portal
Section: graphics
Priority: optional
Description: desktop studio for neural style transfer
 Repaints a photo in the manner of a painting, and lets you watch and steer
 while it does. Needs no graphics card, no download and no account.
CONTROL
  dpkg-deb --root-owner-group --build "$root" "$packages"

  plain=$work/pentimento-$version-linux-x86_64
  mkdir "$plain"
  cp "$root/usr/bin/pentimento" assets/icon/pentimento.png scripts/package/pentimento.desktop "$root"/usr/share/doc/pentimento/* "$plain"
  tar -C "$work" --owner=0 --group=0 -czf "$packages/$(basename "$plain").tar.gz" "$(basename "$plain")"
}

windows() {
  triple=x86_64-pc-windows-gnu
  plain=$work/pentimento-$version-windows-x86_64
  mkdir "$plain"
  [ -n "${PROGRAM:-}" ] || cargo build --release --quiet --bin pentimento --target $triple --target-dir "$target/elsewhere"
  cp "${PROGRAM:-$target/elsewhere/$triple/release/pentimento.exe}" "$plain/pentimento.exe"
  x86_64-w64-mingw32-strip "$plain/pentimento.exe"
  papers $triple "$plain" .txt
  zip=$packages/$(basename "$plain").zip
  rm -f "$zip"
  (cd "$work" && zip -qr "$zip" "$(basename "$plain")")
  cp assets/icon/pentimento.ico "$plain"
  makensis -V2 -NOCD "-DVERSION=$version" "-DFOLDER=$plain" "-DOUTPUT=$packages/pentimento-$version-setup.exe" \
    scripts/package/pentimento.nsi
}

case ${1:-} in
  linux) linux ;;
  windows) windows ;;
  *) echo 'scripts/package.sh linux|windows' >&2; exit 2 ;;
esac
ls -l "$packages"
