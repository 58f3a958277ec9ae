#!/usr/bin/env bash
# Builds the tests with Argo CD's and Flux's own code (gitops/) into the user's cache, unless they are there, and prints the path.
# Run the program in gitops/: (cd e2e/gitops && "$(../gitops.sh)" -test.v)
#
#   e2e/gitops.sh           the path goes to stdout, all else to stderr
#   e2e/gitops.sh --path    only prints where the program is or would be
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/gitops-HASH/gitops.test, HASH over the sources and the Go version. Scripts,
# expressions and objects are read when it runs. The first build takes some 6 minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
export GOTOOLCHAIN=go1.27.0+auto # as in gitops/go.mod; Go fetches it as a module where it is older

if ! command -v go >/dev/null; then
  echo "e2e/gitops.sh: Go is needed to build Argo CD's and Flux's code, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

hash=$(cd "$here/gitops" && { find . -maxdepth 1 \( -name '*.go' -o -name 'go.*' \) -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  sha256sum <"$here/gitops.sh"; go version; } | sha256sum | cut -c1-16)
out=$cache/gitops-$hash/gitops.test
if [ "${1-}" = --path ] || [ -x "$out" ]; then
  echo "$out"
  exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/gitops.lock"
flock 9 # one build at a time: a second one waits, and then finds the program
if [ ! -x "$out" ]; then
  echo "building the tests with Argo CD's and Flux's own code into $out; the first time takes some minutes" >&2
  tmp=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  # A larger heap for the compiler is a tenth less to compile, no optimization a sixth: this runs for seconds.
  (cd "$here/gitops" && GOGC=400 CGO_ENABLED=0 go test -c -gcflags 'all=-N -l -dwarf=false' -ldflags '-s -w' -o "$tmp/gitops.test" .) >&2
  chmod 755 "$tmp"
  rm -rf "$cache/gitops-$hash"
  mv -T "$tmp" "$cache/gitops-$hash"
  trap - EXIT
fi
echo "$out"
