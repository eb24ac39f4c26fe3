#!/bin/bash
# The sources of uio.ko with the import, for a kernel that is there already: the UIO core of its source with the series
# applied, ready for make or DKMS.
set -euo pipefail
(($# == 2)) || { echo "Usage: prepare.sh 6.1|6.12|7.3|TREE DIRECTORY" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

if [[ -d $1 ]]; then
  [[ -f $1/Makefile && -d $1/drivers/uio ]] || { echo "$1 is no kernel's source: it has no drivers/uio." >&2; exit 1; }
  mkdir -p "$tree/drivers" "$tree/include/uapi/linux"
  cp "$1/Makefile" "$tree/"
  cp -r "$1/drivers/uio" "$tree/drivers/"
  [[ ! -d $1/include/uapi/linux/uio ]] || cp -r "$1/include/uapi/linux/uio" "$tree/include/uapi/linux/"
else
  source=/usr/src/linux-source-$1.tar.xz
  [[ -e $source ]] || { echo "$source is missing. Install it: apt-get install linux-source-$1" >&2; exit 1; }
  tar -xJf "$source" -C "$tree" --strip-components=1 "linux-source-$1"/{Makefile,drivers/uio,include/uapi/linux/uio.h}
fi
"$here/../apply.sh" "$tree" | sed -n 1p

# The core alone: other UIO drivers stay as the distribution has them.
mkdir -p "$2/include/uapi/linux"
cp -r "$tree/include/uapi/linux/uio" "$2/include/uapi/linux/"
cp "$tree"/drivers/uio/uio_{core,dmabuf,quiesce,register}*.[ch] "$here"/{Kbuild,Makefile,dkms.conf,uio_newer_kernels.h} "$2/"
