#!/usr/bin/env bash
# Compares kernels with the scalar ones where this processor cannot run them, with the very checks of `swift test`.
#
#   check.sh install     fetches what the two below need (Debian or Ubuntu, as root; else says what is missing)
#   check.sh emulated    AVX-512 VNNI and AVX-VNNI, their intrinsics emulated by SIMDe
#   check.sh arm         the NEON sets, cross-compiled and run under qemu-user
#   check.sh available emulated|arm    whether the tools are there
#   check.sh profile [kernels] [runs]  no comparison: where the time goes on this processor (Benchmarks/Kernels)
#
# CC is the compiler, by default clang.
set -euo pipefail
cd "$(dirname "$0")/../.."

CC=${CC:-clang}
KERNELS=Sources/CTurnKernels
CHECKS="$KERNELS/pack.c Tests/CTurnKernelChecks/checks.c Tests/CTurnKernelChecks/functions.c scripts/kernels/main.c"
COMMON="-std=c11 -O2 -Wall -Wextra -Werror -I $KERNELS -I $KERNELS/include -I Tests/CTurnKernelChecks/include"
SIMDE=${SIMDE_INCLUDE:-/usr/include}
CROSS=/usr/aarch64-linux-gnu

has_tools() {
    command -v "$CC" >/dev/null || return 1
    case $1 in
    emulated) [ "$(uname -m)" = x86_64 ] && [ -f "$SIMDE/simde/x86/avx512.h" ] ;;
    arm)
        if [ "$(uname -m)" = aarch64 ]; then return 0; fi
        command -v qemu-aarch64 >/dev/null && command -v ld.lld >/dev/null && [ -f $CROSS/lib/libc.a ] &&
            compgen -G "/usr/lib/gcc-cross/aarch64-linux-gnu/*/libgcc.a" >/dev/null
        ;;
    *) return 1 ;;
    esac
}

case ${1:-} in
available) has_tools "$2" ;;
install)
    if has_tools emulated && has_tools arm; then exit 0; fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "kernel checks: libsimde-dev, qemu-user, libc6-dev-arm64-cross or libgcc-12-dev-arm64-cross is missing" >&2
        exit 0
    fi
    apt-get update -q >/dev/null &&
        apt-get install -y -q --no-install-recommends libsimde-dev qemu-user libc6-dev-arm64-cross \
            libgcc-12-dev-arm64-cross >/dev/null || echo "kernel checks: apt-get failed" >&2
    ;;
emulated)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    $CC $COMMON -DTURN_EMULATED -mavx2 -mfma -mf16c -Wno-psabi -isystem "$SIMDE" \
        $KERNELS/reference/*.c $KERNELS/x86/*.c $CHECKS -lm -o "$folder/check"
    "$folder/check" avx512vnni avxvnni
    ;;
arm)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    if [ "$(uname -m)" = aarch64 ]; then
        $CC $COMMON $KERNELS/reference/*.c $KERNELS/arm/*.c $CHECKS -lm -o "$folder/check"
        "$folder/check" neon
    else
        gcc=$(compgen -G "/usr/lib/gcc-cross/aarch64-linux-gnu/*/" | head -n 1)
        $CC --target=aarch64-linux-gnu --sysroot=/ -isystem $CROSS/include -fuse-ld=lld -B"$gcc" -L"$gcc" \
            -L$CROSS/lib -static $COMMON $KERNELS/reference/*.c $KERNELS/arm/*.c $CHECKS -lm -o "$folder/check"
        qemu-aarch64 -cpu max "$folder/check" neon neon_dotprod neon_i8mm
    fi
    ;;
profile)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    $CC -std=gnu11 -O2 -Wall -Wextra -Werror -I $KERNELS -I $KERNELS/include $KERNELS/*.c $KERNELS/*/*.c \
        Benchmarks/Kernels/profile.c -lm -o "$folder/profile"
    "$folder/profile" "${@:2}"
    ;;
*)
    sed -n '2,10p' "$0" >&2
    exit 64
    ;;
esac
