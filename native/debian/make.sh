#!/bin/bash
# The Debian packages, from the tools that ./build.sh deb has published: all of them, or none and an error.
set -euo pipefail
(($# == 2)) || { echo "Usage: make.sh PUBLISHED-TOOLS FOLDER" >&2; exit 2; }
tools=$(realpath -m "$1")
folder=$(realpath -m "$2")
cd "$(dirname "$(realpath "$0")")"
repository=../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
mkdir "$work/packages"

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$repository/Directory.Build.props")
# Files are as old as the sources: the same sources make the same packages.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y "$repository/Directory.Build.props")}
export SOURCE_DATE_EPOCH

main() {
  tool amd64 linux-x64
  tool arm64 linux-arm64
  library amd64 x86-64 x86_64-linux-gnu
  library arm64 arm64 aarch64-linux-gnu
  udev_rule
  kernel_module
  mkdir -p "$folder"
  mv "$work"/packages/*.deb "$folder/"
}

# Debian's name of a processor, .NET's.
tool() {
  files=$work/uiointerop-tool-$1
  install -D "$tools/release_$2/uio" "$files/usr/bin/uio"
  install -Dm 644 "$repository/src/UioInterop.Tool/uio.bash-completion" "$files/usr/share/bash-completion/completions/uio"
  install -d "$files/usr/share/man/man1"
  gzip -9n < "$repository/src/UioInterop.Tool/uio.1" > "$files/usr/share/man/man1/uio.1.gz"
  install -Dm 644 -t "$files/usr/share/doc/uiointerop-tool" "$repository/src/UioInterop.Tool/THIRD-PARTY-NOTICES.txt"
  package uiointerop-tool "$1" "$(libc_of "$files/usr/bin/uio")"
}

# Debian's name of a processor, ours, GNU's.
library() {
  files=$work/libuiodmabuf-$1
  make -C "$repository/native" --silent install ARCH="$2" DESTDIR="$files" PREFIX=/usr LIBDIR="/usr/lib/$3"
  "$3-strip" --strip-unneeded "$files/usr/lib/$3/libuiodmabuf.so"
  package libuiodmabuf "$1" "$(libc_of "$files/usr/lib/$3/libuiodmabuf.so")"
}

udev_rule() {
  files=$work/uiointerop-udev
  install -Dm 644 -t "$files/usr/lib/udev/rules.d" uiointerop-udev/60-uiointerop.rules
  package uiointerop-udev all
}

# Of Debian 12's kernel, and no other's.
kernel_module() {
  files=$work/uio-dmabuf-dkms
  local source=$files/usr/src/uio-dmabuf-$version
  "$repository/kernel-patch/module/prepare.sh" 6.1 "$source"
  sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$version\"/" "$source/dkms.conf"
  echo 'BUILD_EXCLUSIVE_KERNEL="^6\.1\."' >> "$source/dkms.conf"
  install -Dm 644 -t "$files/usr/share/doc/uio-dmabuf-dkms" "$repository"/LICENSES/*
  package uio-dmabuf-dkms all
}

# The oldest C library that has what a file asks for.
libc_of() {
  readelf --version-info --wide "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu | tail -n 1
}

# What is in $files, with the control files of the package's folder: its name, its architecture, its C library.
package() {
  local file
  local documents=$files/usr/share/doc/$1
  install -d "$documents" "$files/DEBIAN"
  cat "$repository/LICENSE" - > "$documents/copyright" <<< $'\nOn Debian, that licence is in /usr/share/common-licenses/GPL-2.'
  changelog "$1" | gzip -9n > "$documents/changelog.gz"
  install -Dm 644 "$1/lintian-overrides" "$files/usr/share/lintian/overrides/$1"
  fill_in "$1/control" "$2" "${3-}" > "$files/DEBIAN/control"
  echo "Installed-Size: $(du --apparent-size -sk --exclude=DEBIAN "$files" | cut -f 1)" >> "$files/DEBIAN/control"
  for file in triggers postinst prerm; do
    [[ -e $1/$file ]] || continue
    fill_in "$1/$file" > "$files/DEBIAN/$file"
    [[ $file == triggers ]] || chmod 755 "$files/DEBIAN/$file"
  done
  dpkg-deb --root-owner-group --build "$files" "$work/packages" > /dev/null
}

# In Debian's form. What has changed is in the sources' own.
changelog() {
  echo "$1 ($version) unstable; urgency=medium"
  echo
  echo '  * See CHANGELOG.md of UioInterop.'
  echo
  echo " -- UioInterop contributors <nobody@localhost>  $(date -R -u -d "@$SOURCE_DATE_EPOCH")"
}

fill_in() { # FILE ARCHITECTURE LIBC
  sed -e "s/@VERSION@/$version/g" -e "s/@ARCHITECTURE@/${2-}/" -e "s/@LIBC@/${3-}/" "$1"
}

main
