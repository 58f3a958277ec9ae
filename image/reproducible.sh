#!/usr/bin/env bash
# Builds the image again, of the same commit, in another folder with other folders of Cargo, and compares it byte for byte
# with the one of `make image`.
#
#   image/reproducible.sh [DIR]      what image/build.sh wrote
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"
dir=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/image}")
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "image/reproducible.sh: commit first: the copy is of HEAD" >&2; exit 1; }
read -ra built < <(cd "$dir" && for a in amd64 arm64; do [ ! -e "$a/trimtab" ] || echo -n "$a "; done; echo)

work=$(mktemp -d "${TMPDIR:-/tmp}/trimtab-image-again.XXXXXX")
trap 'rm -rf "$work"' EXIT
git clone --quiet --no-hardlinks "$root" "$work/a-folder-with-another-name"
git -C "$work/a-folder-with-another-name" checkout --quiet --detach "$(git rev-parse HEAD)"
mkdir "$work/cargo"
cargo_home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
for part in registry config.toml; do
  [ ! -e "$cargo_home/$part" ] || ln -s "$cargo_home/$part" "$work/cargo/$part"
done

# rustup's own programs are on PATH already, wherever CARGO_HOME is.
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_HOME=$work/cargo CARGO_TARGET_DIR=$work/built ARCHITECTURES="${built[*]}" \
  "$work/a-folder-with-another-name/image/build.sh" "$work/image"
for file in amd64/trimtab arm64/trimtab licences/THIRD-PARTY.txt image.tar; do
  [ -e "$dir/$file" ] || continue
  cmp "$dir/$file" "$work/image/$file"
  echo "the same bytes: $file, sha256:$(sha256sum <"$dir/$file" | cut -c1-64)"
done
