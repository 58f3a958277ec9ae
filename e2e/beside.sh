#!/usr/bin/env bash
# Runs a test program for cargo, unless it is that of the end-to-end tests. These wait more than they compute, so `make test-rust` runs
# all others beside them, with what they leave of the processors. As cargo's runner it selects programs without selecting
# packages: another selection would have other features of dependencies, and build them once more.
#
#   CARGO_TARGET_<TRIPLE>_RUNNER=e2e/beside.sh cargo test --workspace
set -euo pipefail
case $(basename "$1") in
  e2e-*) exit 0 ;;
esac
exec nice -n 19 "$@"
