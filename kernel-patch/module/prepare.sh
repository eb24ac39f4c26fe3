#!/bin/bash
# The sources of uio.ko with the import, for a kernel that is there already: the distribution's UIO core with the series
# applied, ready for make or DKMS.
set -euo pipefail
(($# == 2)) || { echo "Usage: prepare.sh 6.1|6.12|7.3 DIRECTORY" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
release=$1
source=/usr/src/linux-source-$release.tar.xz
[[ -e $source ]] || { echo "$source is missing. Install it: apt-get install linux-source-$release" >&2; exit 1; }
mkdir -p "$2"
cd "$2"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

tar -xJf "$source" -C "$tree" --strip-components=1 "linux-source-$release/drivers/uio"
for patch in $([[ $release == 6.12 ]] || echo "$here/../linux-$release"/*.patch) "$here"/../linux-6.12/*.patch; do
  # The core alone: other UIO drivers stay as the distribution has them.
  GIT_CEILING_DIRECTORIES=$tree git -C "$tree" apply --exclude='drivers/uio/*_gen*.c' \
    --include='drivers/uio/*.[ch]' --include='include/*' "$patch"
done
mkdir -p include/uapi/linux
cp -r "$tree/include/uapi/linux/uio" include/uapi/linux/
cp "$tree"/drivers/uio/uio_{core,dmabuf,quiesce,register}*.[ch] "$here"/{Kbuild,Makefile,dkms.conf,uio_newer_kernels.h} .
