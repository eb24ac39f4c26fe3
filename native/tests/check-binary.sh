#!/bin/sh
# SPDX-License-Identifier: MIT
# What only the built file shows: check-binary.sh LIBRARY HEADER CROSS CPP
# Each register function makes one memory access, of its width, with its
# barrier on the right side; the exports are the header's; the SONAME is bare.
set -eu

library=$1 header=$2 cross=$3 cpp=$4
count=0 failures=0

is() { # NAME EXPECTED ACTUAL
  count=$((count + 1))
  if [ "$2" = "$3" ]; then
    echo "ok $count - $1"
  else
    echo "not ok $count - $1"
    echo "# expected: $2"
    echo "# got:      $3"
    failures=$((failures + 1))
  fi
}

# Memory accesses and barriers of one function. ARM's register numbers, which
# the compiler is free to choose, are left out.
accesses() {
  "${cross}objdump" -d --no-show-raw-insn "$library" |
    awk -F '\t' -v start="<uiodmabuf_$1>:" '
      /^[0-9a-f]+ </ { inside = index($0, start) }
      inside && NF > 1 {
        $1 = ""
        if ($0 !~ /nop/ && /\(%|\[|dmb|dsb|cbnz|push|pop|call/) print
      }' |
    sed -e 's/, #0]/]/' -e 's/ *[;@<#].*//' -e 's/cbnz.*/cbnz/' -e 's/  */ /g' -e 's/^ //' \
      -e 's/\b\([rwx]\)[0-9]\+/\1/g' |
    paste -sd '|'
}

declared=$($cpp "$header" | grep -o 'uiodmabuf_[a-z0-9_]*(' | tr -d '(' | sort)
machine=$(LC_ALL=C "${cross}readelf" -h "$library" |
  sed -n 's/ *Machine: *//p')

case $machine in
*X86-64*) expected='
    read8 movzbl (%rdi),%eax
    read16 movzwl (%rdi),%eax
    read32 mov (%rdi),%eax
    read64 mov (%rdi),%rax
    write8 mov %sil,(%rdi)
    write16 mov %si,(%rdi)
    write32 mov %esi,(%rdi)
    write64 mov %rsi,(%rdi)
    write8_relaxed mov %sil,(%rdi)
    write16_relaxed mov %si,(%rdi)
    write32_relaxed mov %esi,(%rdi)
    write64_relaxed mov %rsi,(%rdi)' ;;
AArch64) expected='
    read8 ldrb w, [x]|dmb oshld|cbnz
    read16 ldrh w, [x]|dmb oshld|cbnz
    read32 ldr w, [x]|dmb oshld|cbnz
    read64 ldr x, [x]|dmb oshld|cbnz
    write8 dmb oshst|strb w, [x]
    write16 dmb oshst|strh w, [x]
    write32 dmb oshst|str w, [x]
    write64 dmb oshst|str x, [x]
    write8_relaxed strb w, [x]
    write16_relaxed strh w, [x]
    write32_relaxed str w, [x]
    write64_relaxed str x, [x]' ;;
ARM) expected='
    read8 ldrb r, [r]|dsb osh
    read16 ldrh r, [r]|dsb osh
    read32 ldr r, [r]|dsb osh
    write8 dmb oshst|strb r, [r]
    write16 dmb oshst|strh r, [r]
    write32 dmb oshst|str r, [r]
    write8_relaxed strb r, [r]
    write16_relaxed strh r, [r]
    write32_relaxed str r, [r]' ;;
*) echo "Bail out! no expectation for machine '$machine'"; exit 1 ;;
esac

while read -r function instructions; do
  [ -z "$function" ] ||
    is "$function is: $instructions" "$instructions" "$(accesses "$function")"
done <<END
$expected
END

is "every declared register function is checked" \
  "$(echo "$declared" | sed -n 's/^uiodmabuf_\(\(read\|write\)[0-9].*\)$/\1/p' |
    paste -sd ' ')" \
  "$(echo "$expected" | awk 'NF { print $1 }' | sort | paste -sd ' ')"
is "exports are the functions that the header declares" \
  "$(echo "$declared" | paste -sd ' ')" \
  "$("${cross}nm" -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort | paste -sd ' ')"
is "each has the version of a release" "" \
  "$("${cross}nm" -D --defined-only "$library" | awk '$2 != "A" && $3 !~ /@@UIODMABUF_[0-9.]+$/ { print $3 }')"
is "SONAME is the plain file name" "[libuiodmabuf.so]" \
  "$(LC_ALL=C "${cross}readelf" -d "$library" |
    sed -n 's/.*(SONAME).*: *//p')"

echo "1..$count"
[ $failures -eq 0 ]
