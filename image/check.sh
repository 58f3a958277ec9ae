#!/usr/bin/env bash
# Checks an image: digests, sizes, configuration, files; that each program is static and for its architecture; and that
# each runs, where it can. Prints the digests and the sizes.
#
#   image/check.sh [DIR]      what image/build.sh wrote
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
dir=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/image}")
[ -x "$dir/pack" ] || { echo "image/check.sh: no image in $dir: make image" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$dir/pack" inspect -extract "$work" "$dir/layout"
version=$(awk -F '"' '/^\[workspace.package\]/ { inside = 1 } inside && /^version = / { print $2; exit }' "$root/Cargo.toml")

runs() { # COMMAND... TRIMTAB: its version, and its CRDs, for which it allocates some memory
  local said
  said=$("$@" --version)
  [ "$said" = "trimtab $version" ] || { echo "it says $said, and not trimtab $version" >&2; return 1; }
  rm -rf "$work/crds"
  "$@" crds --output "$work/crds" >/dev/null
  diff -r "$root/crds" "$work/crds" >&2
}

for program in "$work"/*/trimtab; do
  architecture=$(basename "$(dirname "$program")")
  if ! emulator=$("$here/qemu.sh" "$architecture" 2>"$work/why"); then
    echo "linux/$architecture: not run: $(tail -1 "$work/why")"
  elif [ -z "$emulator" ]; then
    runs "$program"
    echo "linux/$architecture: runs"
  elif [ "$architecture" = arm64 ]; then
    # Kernels for arm64 have pages of 4, 16 or 64 KiB, and an allocator built for smaller ones stops at once.
    for page in 4096 16384 65536; do
      runs "$emulator" -p "$page" "$program"
      echo "linux/$architecture: runs in $(basename "$emulator"), with pages of $((page / 1024)) KiB"
    done
  else
    runs "$emulator" "$program"
    echo "linux/$architecture: runs in $(basename "$emulator")"
  fi
done
