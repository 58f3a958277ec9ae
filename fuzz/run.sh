#!/usr/bin/env bash
# Fuzzes one kind of input. Usage: fuzz/run.sh TARGET [SECONDS]
# It starts from the files of fuzz/corpus/TARGET. What it makes of them is kept in fuzz/generated/TARGET, for the next time; an input
# that breaks a property is put into fuzz/artifacts/TARGET, and the exit code is not 0.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "fuzz: $1" >&2
  exit 2
}

target=${1:-} seconds=${2:-60}
targets=$(find fuzz/fuzz_targets -name '*.rs' -exec basename {} .rs \; | sort | paste -sd ' ')
[[ " $targets " == *" $target "* && -n $target ]] || refuse "no target '$target': TARGET is one of $targets"
[[ $seconds =~ ^[0-9]+$ ]] || refuse "SECONDS is a number, not '$seconds'"
command -v rustup >/dev/null || refuse "rustup is needed, for a nightly compiler: https://rustup.rs"
cargo +nightly --version >/dev/null 2>&1 || refuse "a nightly compiler is needed: rustup toolchain install nightly"
cargo +nightly fuzz --version >/dev/null 2>&1 || refuse "cargo-fuzz is needed: cargo install cargo-fuzz"

mkdir -p "fuzz/generated/$target"
exec cargo +nightly fuzz run "$target" "fuzz/generated/$target" "fuzz/corpus/$target" -- \
  -dict="fuzz/dictionaries/$target.dict" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048
