#!/usr/bin/env bash
# The C compiler, `ar` and `ranlib` for one Rust target, by the name that this is called by: TARGET-cc, TARGET-ar,
# TARGET-ranlib. All are zig, which brings the headers of musl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) name=${0##*/}
export ZIG_GLOBAL_CACHE_DIR=$here/../zig-cache ZIG_LOCAL_CACHE_DIR=$here/../zig-cache
target=${name%-*}
case ${name##*-} in
  cc)
    arguments=()
    for argument in "$@"; do
      case $argument in
        --target=*) ;; # Rust's name of the target, which zig does not know
        *) arguments+=("$argument") ;;
      esac
    done
    # Checks of undefined behaviour call functions that are only there when zig links too.
    exec "$here/../zig/zig" cc -target "${target%%-*}-linux-musl" -fno-sanitize=undefined -g0 "${arguments[@]}"
    ;;
  ar | ranlib) exec "$here/../zig/zig" "${name##*-}" "$@" ;;
  *)
    echo "$0: called by a name that is none of TARGET-cc, TARGET-ar, TARGET-ranlib" >&2
    exit 2
    ;;
esac
