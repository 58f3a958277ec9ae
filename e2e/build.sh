#!/usr/bin/env bash
# Builds the control plane binary from plane/ into the user's cache, unless it is there, and prints its path.
#
#   e2e/build.sh            the path goes to stdout, all else to stderr
#   e2e/build.sh --path     only prints where the binary is or would be
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/plane-HASH/plane, HASH over the sources and the Go version.
# The first build takes some 5 minutes on two cores and 3 GB of disk (Go's own caches); a relink takes seconds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
kubernetes=v1.36.4 # as in plane/go.mod

if ! command -v go >/dev/null; then
  echo "e2e/build.sh: Go is needed to build the test control plane, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

hash=$(cd "$here/plane" && { find . -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  sha256sum <"$here/build.sh"; go version; } | sha256sum | cut -c1-16)
out=$cache/plane-$hash/plane
if [ "${1-}" = --path ] || [ -x "$out" ]; then
  echo "$out"
  exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/plane.lock"
flock 9 # one build at a time: a second one waits, and then finds the binary
if [ ! -x "$out" ]; then
  echo "building the test control plane (Kubernetes $kubernetes) into $out; the first time takes some minutes" >&2
  version=
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    version="$version -X $p.gitVersion=$kubernetes -X $p.gitMajor=1 -X $p.gitMinor=36 -X $p.gitCommit=trimtab -X $p.gitTreeState=clean -X $p.buildDate=2026-01-01T00:00:00Z"
  done
  tmp=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  # A larger heap for the compiler: a tenth less to compile.
  (cd "$here/plane" && GOGC=400 CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -gcflags all=-dwarf=false -ldflags "-s -w$version" -o "$tmp/plane" .) >&2
  chmod 755 "$tmp"
  rm -rf "$cache/plane-$hash"
  mv -T "$tmp" "$cache/plane-$hash"
  trap - EXIT
fi
echo "$out"
