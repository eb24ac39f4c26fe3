#!/bin/bash
# The one entry point. `./build.sh help` lists what it can do.
set -euo pipefail
export STARTED_IN=$PWD
[[ -z ${KERNEL_SRC-} ]] || KERNEL_SRC=$(realpath "$KERNEL_SRC")
cd "$(dirname "${BASH_SOURCE[0]}")"

# Names of ARM machines have one of these in them.
arm='arm|zcu|versal|all'

# What a fresh Debian 12 lacks, with why where the name does not say it.
kernel_packages=(gcc libc6-dev make git flex bison bc perl xz-utils libelf-dev libssl-dev)
machine_packages=(qemu-system-x86)
arm64_packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
armhf_packages=(gcc-arm-linux-gnueabihf libc6-dev-armhf-cross)
# The C++ runtime is .NET's.
arm_machine_packages=(qemu-system-arm device-tree-compiler libgcc-s1-arm64-cross libstdc++6-arm64-cross
  "${arm64_packages[@]}" "${armhf_packages[@]}")
# The module's source is from there, and the C library that a file needs is told by readelf.
deb_packages=(linux-source-6.1 binutils xz-utils dpkg)
quick_check_packages=(shellcheck cpio)
# The series is for that older kernel, too.
check_packages=(sparse coccinelle codespell linux-source-6.1 debootstrap lintian man-db dkms linux-headers-amd64)
[[ -n ${KERNEL_SRC-} ]] || kernel_packages+=(linux-source-6.12)

# Invariant: an SDK unpacked from its archive has no ICU beside it, and nothing here needs one.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

# The tool, compiled ahead.
ahead_for_x64=(-p:PublishAot=true -p:CppCompilerAndLinker=gcc -r linux-x64)
ahead_for_arm64=(-p:PublishAot=true -p:CppCompilerAndLinker=aarch64-linux-gnu-gcc -p:ObjCopyName=aarch64-linux-gnu-objcopy
  -r linux-arm64)

harness=(dotnet tests/UioInterop.Harness/bin/Release/net10.0/UioInterop.Harness.dll)

help() {
  cat <<'EOF'
./build.sh demo [--machine NAME] [--compilation NAME] [--trace]
                                   boot a machine and watch a C# program move data by DMA
./build.sh run PROGRAM [--machine NAME] [--aot] [--memory MIB] [--kernel FILE] [--dtb FILE] [--append TEXT]
               [--trace] [--keep FOLDER] [--filter TEXT] [--report junit=FILE|summary=FILE] [-- ARGUMENTS]
                                   boot a machine and run a program of your own in it: a C# file, a project,
                                   a published folder or an executable; NUnit tests run as tests
./build.sh repl [--machine NAME] [--memory MIB] [--kernel FILE] [--dtb FILE] [--append TEXT]
                                   boot a machine with a C# prompt in it, or run the statements of a pipe
./build.sh shell [--machine NAME]   boot a machine with a shell in it, or run the commands of a pipe
./build.sh test [--machine NAME|all] [--filter TEXT] [--guest-only|--host-only] [--shard 2/4]
                [--fresh] [--random [SEED]] [--report junit=FILE|summary=FILE]
                                   run the tests; without --machine, on the default machines
./build.sh test --quick            the x86-64 machine, and short tests of the host
./build.sh kernel [--machine NAME|all] [--fingerprint]
                                   build and cache the kernels, or only say what they are made from
./build.sh native                  build the C library
./build.sh build                   build the C library and the C# solution
./build.sh pack [OPTIONS]          make the packages in artifacts/packages; dotnet pack takes the options
./build.sh deb [FOLDER]            make the Debian packages, in artifacts/packages or FOLDER
./build.sh clean                   remove what was built here; kernels stay in the cache
./build.sh help                    this text

KERNEL_SRC=dir takes the kernel source from a tree of yours.
EOF
}

demo() {
  what_machines_take "$@"
  harness_only
  harness demo "$@"
}

run() {
  what_machines_take "$@"
  harness_only >&2
  harness run "$@"
}

repl() {
  what_machines_take "$@"
  solution >&2
  UIOINTEROP_GLOBALS=$PWD/src/UioInterop.Prompt.Globals dotnet src/UioInterop.Prompt/bin/Release/net10.0/UioInterop.Prompt.dll -- \
    "${harness[@]}" agent "$@"
}

shell() {
  what_machines_take "$@"
  solution >&2
  harness shell "$@"
}

test_all() {
  need "${kernel_packages[@]}" "${machine_packages[@]}" "${quick_check_packages[@]}"
  native_for x86-64
  [[ " $* " == *" --quick "* ]] || test_more "$@"
  solution
  harness test "$@"
}

# What other machines and the longer checks take.
test_more() {
  need "${arm_machine_packages[@]}" "${check_packages[@]}"
  native_for arm64
  other_kernels "$@"
}

kernel() {
  what_machines_take "$@"
  harness_only
  harness kernel "$@"
}

native() {
  need gcc libc6-dev make "${arm64_packages[@]}" "${armhf_packages[@]}"
  native_for x86-64
  native_for arm64
  native_for armhf
}

build() {
  need gcc libc6-dev make
  native_for x86-64
  solution
}

pack() {
  native
  for_others pack UioInterop "$@"
  for_others pack UioInterop.Devices "$@"
  for_others pack UioInterop.Prompt "$@"
  guest_programs
  for_others pack UioInterop.Machines.Protocol "$@"
  for_others pack UioInterop.Machines -p:CarriesContent=true "$@"
  for_others pack UioInterop.Machines.Tool -p:CarriesContent=true "$@"
  # The tool for each processor, and the package that chooses among them.
  for_others pack UioInterop.Tool "${ahead_for_x64[@]}" "$@"
  for_others pack UioInterop.Tool "${ahead_for_arm64[@]}" "$@"
  for_others pack UioInterop.Tool -p:PublishAot=true "$@"
}

deb() {
  need "${deb_packages[@]}"
  native
  for_others publish UioInterop.Tool "${ahead_for_x64[@]}"
  for_others publish UioInterop.Tool "${ahead_for_arm64[@]}"
  native/debian/make.sh artifacts/pack/publish/UioInterop.Tool "${1:-artifacts/packages}"
}

# What a package has of them: a stranger's machine has no projects of ours. The folders are those of GuestProject.
guest_programs() {
  local program runtime
  for program in UioInterop.Prompt.Agent UioInterop.Machines.UserTestRunner; do
    for runtime in linux-x64 linux-arm64; do
      for_others publish "$program" -r "$runtime" --no-self-contained -o "artifacts/pack/guest/$program/$runtime-FrameworkDependent"
    done
  done
}

# With objects of its own: these have no paths of this machine in them.
for_others() {
  dotnet "$1" "src/$2" -c Release --artifacts-path artifacts/pack -p:PackageOutputPath="$PWD/artifacts/packages" \
    -p:ContinuousIntegrationBuild=true -v quiet -nologo "${@:3}"
}

clean() {
  make -C native --silent clean
  make -C tests/logic --silent clean
  rm -rf artifacts
  find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
}

# Installs what is missing of the packages named, after saying so.
need() {
  local package installed missing=()
  # Once for all of them: a command that finds nothing to do is to be quick.
  installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    [[ $installed == *" $package:installed "* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  echo "Missing Debian packages, installing them: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The machine that is asked for, if one is.
machine_in() {
  [[ " $* " =~ \ --machine[=\ ]([^ ]+) ]] && echo "${BASH_REMATCH[1]}"
}

# For commands that boot one machine, or build its kernel.
what_machines_take() {
  need "${kernel_packages[@]}" "${machine_packages[@]}"
  native_for x86-64
  arm_machines "$@"
  other_kernels "$@"
}

# What an ARM machine takes, if one is asked for.
arm_machines() {
  [[ $(machine_in "$@") =~ $arm ]] || return 0
  need "${arm_machine_packages[@]}"
  native_for arm64
}

other_kernels() {
  local machine
  machine=$(machine_in "$@") || return 0
  [[ ! $machine =~ 6\.1|debian|all ]] || need linux-source-6.1 linux-headers-amd64 dkms
  [[ ! $machine =~ 7\.3|all ]] || need_backport linux-source-7.3
}

need_backport() (
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) != installed ]] || return 0
  need debian-archive-keyring xz-utils
  folder=$(mktemp -d)
  trap 'rm -r "$folder"' EXIT
  echo "Missing Debian package, fetching it from its backports: $1" >&2
  src/UioInterop.Machines/Guests/fetch-package.sh trixie-backports "$(dpkg --print-architecture)" "$1" "$folder"
  as_root dpkg --install "$folder/$1"_*.deb
)

as_root() {
  if ((EUID)); then sudo "$@"; else "$@"; fi
}

native_for() {
  make -C native --silent ARCH="$1"
}

solution() {
  build_changed UioInterop.sln
}

# What boots machines; it publishes what runs in them by itself.
harness_only() {
  build_changed tests/UioInterop.Harness
}

# MSBuild takes seconds to find that nothing changed. The list of files tells which have gone.
build_changed() {
  local built=artifacts/built/${1##*/}
  [[ ! -e ${harness[1]} || -n $(sources -newer "$built" 2>&1) ]] || ! cmp -s <(sources) "$built" || return 0
  mkdir -p artifacts/built
  sources > "$built.begun"
  dotnet build "$1" -c Release -v quiet -nologo
  mv "$built.begun" "$built"
}

# What .NET's projects are made of, the C library among it; arguments choose, as those of find.
sources() {
  find ./*.props ./*.sln global.json .editorconfig src tests kernel-patch/include native/build/*/libuiodmabuf.* \
    \( -name bin -o -name obj -o -path tests/logic/build \) -prune -o -type f "$@" -print | sort
}

harness() {
  "${harness[@]}" "$@"
}

command=${1:-help}
shift || true
case $command in
demo | run | repl | shell | kernel | native | build | pack | deb | clean | help) "$command" "$@" ;;
test) test_all "$@" ;;
*)
  echo "There is no command '$command'." >&2
  help >&2
  exit 2
  ;;
esac
