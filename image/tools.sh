#!/usr/bin/env bash
# Prints a directory with what the image is built with beside Rust and Go: bin/ (C compilers for both architectures,
# cargo-auditable), and zig/, in which the compilers are. Each has one version, named here.
#
#   image/tools.sh            the path goes to stdout, all else to stderr
#   image/tools.sh release    with cargo-cyclonedx and krew, which only a release needs
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/image-tools-HASH, HASH over this file and what it names. The first time
# takes some minutes on two cores, most of it for cargo's commands. Only Rust's targets are installed where rustup keeps
# them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
auditable=0.7.7 cyclonedx=0.5.9 krew=v0.5.0
targets=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)

install() { # DIRECTORY CRATE@VERSION
  env -u CARGO_TARGET_DIR -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo install --quiet --locked --root "$1" "$2" >&2
}
cannot() { echo "image/tools.sh: $*" >&2; exit 1; }
for program in cargo rustup python3; do
  command -v "$program" >/dev/null || cannot "$program is needed to build the image, and is not on PATH"
done

cd "$here/.." # rust-toolchain.toml says which Rust
hash=$({ cat "$here/tools.sh" "$here/zig.txt" "$here/cc.sh" rust-toolchain.toml; uname -m; } | sha256sum | cut -c1-16)
tools=$cache/image-tools-$hash
lock() {
  mkdir -p "$cache"
  exec 9>"$cache/image-tools.lock"
  flock 9 # one at a time: a second one waits, and then finds what it wants
}
wanted=()
installed=$(rustup target list --installed)
for target in "${targets[@]}"; do
  grep -qx "$target" <<<"$installed" || wanted+=("$target")
done
[ -d "$tools" ] && [ ${#wanted[@]} = 0 ] || lock
# Two downloads of one target at a time spoil each other.
[ ${#wanted[@]} = 0 ] || rustup target add "${wanted[@]}" >&2
if [ ! -d "$tools" ]; then
  echo "installing what the image is built with into $tools; this takes some minutes" >&2
  tmp=$(mktemp -d "$cache/image-tools.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  mkdir "$tmp/bin" "$tmp/wheel"
  python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary :all: --require-hashes \
    --requirement "$here/zig.txt" --dest "$tmp/wheel" >&2 ||
    cannot "the C compiler could not be had: pip download --requirement image/zig.txt failed"
  python3 -m zipfile -e "$tmp"/wheel/ziglang-*.whl "$tmp/wheel/files"
  mv "$tmp/wheel/files/ziglang" "$tmp/zig"
  rm -rf "$tmp/wheel"
  chmod +x "$tmp/zig/zig"
  cp "$here/cc.sh" "$tmp/bin/zig-as"
  for target in "${targets[@]}"; do
    for program in cc ar ranlib; do ln -s zig-as "$tmp/bin/$target-$program"; done
  done
  install "$tmp" "cargo-auditable@$auditable"
  chmod 755 "$tmp"
  mv -T "$tmp" "$tools"
  trap - EXIT
fi
if [ "${1-}" = release ]; then
  [ -x "$tools/bin/cargo-cyclonedx" ] && [ -x "$tools/bin/krew" ] || lock
  command -v go >/dev/null || cannot "krew is built with Go, and 'go' is not on PATH: https://go.dev/doc/install"
  [ -x "$tools/bin/cargo-cyclonedx" ] || install "$tools" "cargo-cyclonedx@$cyclonedx"
  [ -x "$tools/bin/krew" ] || GOBIN=$tools/bin CGO_ENABLED=0 go install "sigs.k8s.io/krew/cmd/krew@$krew" >&2
fi
echo "$tools"
