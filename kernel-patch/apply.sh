#!/bin/bash
# Puts the series into a kernel tree that is there: Linux as kernel.org, Debian or Xilinx have it, of the releases that have a
# folder here. It takes drivers/uio and the header for programs; documents and tests stay here. Nothing changes until all fits.
set -euo pipefail
(($# == 1)) || { echo "Usage: apply.sh TREE" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")

refuse() {
  echo "$* Nothing was changed." >&2
  exit 1
}

# The patches for this release in their order: one of its own replaces that of the same name.
series() {
  local patch name own
  for patch in "$here/linux-$release"/0000-*.patch "$here"/linux-6.12/*.patch; do
    name=${patch##*/}
    own=("$here/linux-$release"/*-"${name#*-}")
    if [[ -e ${own[0]} ]]; then echo "${own[0]}"; elif [[ -e $patch ]]; then echo "$patch"; fi
  done
}

is_there() {
  local file
  grep -qs '"uio_core.h"' drivers/uio/uio_core.c || return 1
  (cd "$here" && printf '%s\n' drivers/uio/*.[ch] include/uapi/linux/uio/uio.h) | while read -r file; do
    cmp -s "$here/$file" "$file" || return 1
  done
}

# Xilinx's import is known by its names: the files, the two members of struct uio_listener, the functions. Whatever stands
# around them is the kernel's.
take_xilinx_out() {
  rm -f uio_dmabuf.[ch] ../../include/uapi/linux/uio/uio.h
  sed -i -E '/^uio-(y|objs)[ \t]*[:+]?=([ \t]*uio_(core|dmabuf)\.o)+[ \t]*$/d; /^obj-\$\(CONFIG_UIO\)/s/[ \t]*uio_dmabuf\.o//' Makefile
  awk '
    function drop() { dropped = 1; statement = !/;/ }
    function keep() { if (!(dropped && blank && /^$/)) print; blank = /^$/; dropped = 0 }
    /^static long uio_ioctl\(/         { body = 1 }
    body                               { body = !/^}/; dropped = 1; next }
    statement                          { drop(); next }
    checked && /^\tif \(ret\)$/        { checked = 0; drop(); next }
                                       { checked = 0 }
    /^ \* @dbufs/                      { dropped = 1; next }
    /^#include .*(uio_dmabuf\.h|linux\/uio\/uio\.h)[>"]/ { dropped = 1; next }
    /^\t\.(unlocked|compat)_ioctl\t*= *uio_ioctl,$/      { dropped = 1; next }
    /[^a-z_]dbufs(_lock)?[^a-z_]|^\t(ret = )?uio_dmabuf_/ { checked = /ret = /; drop(); next }
                                       { keep() }' uio.c > uio.c.new
  cat uio.c.new > uio.c
  rm uio.c.new
}

[[ -f $1/Makefile && -d $1/drivers/uio && -d $1/include ]] || refuse "$1 is no kernel's source: it has no drivers/uio."
cd "$1"
release=$(sed -n 's/^VERSION = //p' Makefile).$(sed -n 's/^PATCHLEVEL = //p' Makefile)
known=$(cd "$here" && echo linux-*/)
[[ -d $here/linux-$release ]] || refuse "This is Linux $release. The series is for ${known//\//}."
if is_there; then
  echo "Linux $release: the import is there already."
  exit
fi
[[ ! -e drivers/uio/uio_core.h ]] || refuse "Linux $release has another version of the series: begin with the tree as it was before."
[[ -w drivers && -w include/uapi/linux ]] || refuse "$PWD cannot be written to."

# Beside what it replaces, so that it can take its place by being renamed.
copy=$(mktemp -d "$PWD/drivers/.uio-XXXXXX")
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/drivers" "$copy/include/uapi/linux/uio"
cp -a drivers/uio "$copy/drivers/"
[[ ! -d include/uapi/linux/uio ]] || cp -a include/uapi/linux/uio "$copy/include/uapi/linux/"

tree=$PWD
cd "$copy/drivers/uio"
[[ ! -e uio_core.c ]] || mv uio_core.c uio.c
found="with mainline's UIO core"
if [[ -e uio_dmabuf.c ]]; then
  found="with Xilinx's UIO core"
  take_xilinx_out
fi
if left=$(grep -inE 'dma.?bufs?|dbufs?|uio_ioctl' uio.c || grep -rn 'uio_dmabuf' .); then
  refuse "Linux $release has an import of dma-bufs that is not known here:"$'\n'"$left"$'\n'
fi

cd ../..
while read -r patch; do
  if ! said=$(awk '/^diff --git /{ code = $3 ~ /^a\/(drivers|include)\// } code' "$patch" |
    patch --strip=1 --fuzz=0 --force --no-backup-if-mismatch 2>&1); then
    refuse "Linux $release $found: ${patch##*/} does not fit."$'\n'"$said"$'\n'
  fi
done < <(series)
# Who has Xilinx's import has it without an option.
if [[ $found == *Xilinx* ]]; then
  sed -i '/^config UIO_DMABUF/{n;s/$/\n\tdefault y/}' drivers/uio/Kconfig
fi

trap '' HUP INT TERM
cd "$tree"
mkdir -p include/uapi/linux/uio
mv "$copy/include/uapi/linux/uio/uio.h" include/uapi/linux/uio/uio.h
mv drivers/uio "$copy/was"
mv "$copy/drivers/uio" drivers/uio
echo "Linux $release $found: the import is in."
echo "Configure CONFIG_UIO_DMABUF=y, and CONFIG_UIO_DMABUF_ADDRESSES=y for programs that were written for Xilinx's kernel."
