#!/bin/bash
# Downloads a package of one of Debian's suites, for any processor, into a folder. The machine's own sources and packages stay as
# they are.
set -euo pipefail
(($# == 4)) || { echo "Usage: fetch-package.sh SUITE ARCHITECTURE PACKAGE FOLDER" >&2; exit 2; }
folder=$(realpath "$4")
lists=$(mktemp -d)
trap 'rm -r "$lists"' EXIT
mkdir -p "$lists"/{lists,cache/archives}/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $1 main" > "$lists/sources"
apt=(apt-get -qq -o Dir::Etc::SourceList="$lists/sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$lists/lists"
  -o Dir::Cache="$lists/cache" -o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$2" -o APT::Architectures="$2")
cd "$folder"
"${apt[@]}" update
"${apt[@]}" download "$3"
