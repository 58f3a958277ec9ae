#!/usr/bin/env bash
# Builds the image, for both architectures and without a container engine. The same commit gives the same digest, in
# whatever folder it is built.
#
#   image/build.sh [DIR]      DIR: target/image, or image below CARGO_TARGET_DIR
#
# DIR then has ARCHITECTURE/trimtab, licences/, pack (the program that writes and reads images), layout/ (the image as an OCI
# layout), image.tar (the same as one file) and digest (that of the image's index).
#
# ARCHITECTURES="amd64 arm64" says for which, IMAGE_NAME how it is called, SOURCE_DATE_EPOCH what time it is said to be of
# (default: that of the commit).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
out=$(realpath -m "${1:-$target_dir/image}")
read -ra architectures <<<"${ARCHITECTURES:-amd64 arm64}"
name=${IMAGE_NAME:-registry.trimtab.dev/trimtab} # what the chart asks for

version=$(awk -F '"' '/^\[workspace.package\]/ { inside = 1 } inside && /^version = / { print $2; exit }' Cargo.toml)
revision=unknown epoch=${SOURCE_DATE_EPOCH:-0}
if git rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
  revision=$(git rev-parse HEAD)
  [ -z "$(git status --porcelain --untracked-files=no)" ] || revision=$revision-dirty
  epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
fi

tools=$("$here/tools.sh")
mkdir -p "$out"
(cd "$here/pack" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$out/pack" .)

# Nothing of this machine's folders is in the program: they are written as these, and do not change names of symbols.
cargo_home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
rust=$(rustc -vV | sed -n 's/^commit-hash: //p')
flags=(
  "--remap-path-prefix=$root=/src" "--remap-path-prefix=$cargo_home=/cargo" "--remap-path-prefix=$target_dir=/target"
  "--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$rust"
)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS
export PATH=$tools/bin:$PATH TRIMTAB_COMMIT=$revision SOURCE_DATE_EPOCH=$epoch CARGO_INCREMENTAL=0
# What jemalloc would find out about the machine that builds it. Pages of arm64 are in .cargo/config.toml.
export JEMALLOC_SYS_WITH_LG_HUGEPAGE=21 JEMALLOC_SYS_WITH_LG_VADDR=48
export X86_64_UNKNOWN_LINUX_MUSL_JEMALLOC_SYS_WITH_LG_PAGE=12

binaries=() metadata=()
for architecture in "${architectures[@]}"; do
  case $architecture in
    amd64) target=x86_64-unknown-linux-musl ;;
    arm64) target=aarch64-unknown-linux-musl ;;
    *) echo "image/build.sh: there is no image for $architecture, only for amd64 and arm64" >&2; exit 2 ;;
  esac
  echo "building trimtab $version for linux/$architecture" >&2
  variable=${target//-/_}
  # zig compiles the few C files; Rust's own linker and its own musl do the rest, so that zig's are not in the program.
  env "CC_$variable=$tools/bin/$target-cc" "AR_$variable=$tools/bin/$target-ar" "RANLIB_$variable=$tools/bin/$target-ranlib" \
    "CFLAGS_$variable=-ffile-prefix-map=$cargo_home=/cargo -ffile-prefix-map=$target_dir=/target" \
    "CARGO_TARGET_${variable^^}_LINKER=rust-lld" CARGO_TARGET_DIR="$target_dir" \
    cargo auditable build --locked --release --package trimtab --bin trimtab --target "$target" >&2
  mkdir -p "$out/$architecture"
  cp "$target_dir/$target/release/trimtab" "$out/$architecture/trimtab"
  binaries+=("$architecture=$out/$architecture/trimtab")
  cargo metadata --locked --format-version 1 --filter-platform "$target" >"$out/$architecture/metadata.json"
  metadata+=("$out/$architecture/metadata.json")
done

rm -rf "$out/licences"
mkdir "$out/licences"
cp LICENSE NOTICE "$out/licences/"
"$out/pack" licences -out "$out/licences/THIRD-PARTY.txt" -more "$here/licences" "${metadata[@]}"
"$out/pack" image -out "$out" -name "$name" -version "$version" -revision "$revision" -created "$epoch" \
  -licences "$out/licences" "${binaries[@]}" >"$out/digest"
echo "$name:$version $(cat "$out/digest")"
