#!/usr/bin/env bash
# Builds Helm and its plugin for unit tests of charts into the user's cache, unless they are there, and prints the directory with
# both programs: helm and helm-unittest.
#
#   e2e/helm.sh           the path goes to stdout, all else to stderr
#   e2e/helm.sh --path    only prints where they are or would be
#   e2e/helm.sh --fetch   only fetches the modules that they need, unless they are there
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/helm-HASH, HASH over the versions and the Go version. The first build takes some
# 7 minutes on two cores.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
helm=v3.22.0
unittest=v1.1.2

if ! command -v go >/dev/null; then
  echo "e2e/helm.sh: Go is needed to build Helm, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

out=$cache/helm-$({ echo "$helm $unittest"; go version; } | sha256sum | cut -c1-16)
if [ "${1-}" = --path ] || [ -x "$out/helm-unittest" ]; then
  echo "$out"
  exit 0
fi

mkdir -p "$cache"
tmp=$(mktemp -d "$cache/build.XXXXXX")
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
# Its go.mod has replacements, which `go install` refuses: it is built in a copy of its module.
copy_unittest() {
  local source
  mkdir "$tmp/empty"
  source=$(cd "$tmp/empty" && go mod download -json "github.com/helm-unittest/helm-unittest@$unittest" |
    sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
  cp -R "$source" "$tmp/unittest"
  chmod -R u+w "$tmp/unittest"
}

if [ "${1-}" = --fetch ]; then
  mkdir "$tmp/helm"
  (cd "$tmp/helm" && go mod init helm && go get "helm.sh/helm/v3/cmd/helm@$helm" && go list -deps helm.sh/helm/v3/cmd/helm) >/dev/null 2>&1
  copy_unittest
  (cd "$tmp/unittest" && go list -deps ./cmd/helm-unittest) >/dev/null
  exit 0
fi

exec 9>"$cache/helm.lock"
flock 9 # one build at a time: a second one waits, and then finds the programs
if [ ! -x "$out/helm-unittest" ]; then
  echo "building Helm $helm and helm-unittest $unittest into $out; the first time takes some minutes" >&2
  mkdir "$tmp/out"
  export CGO_ENABLED=0 GOFLAGS=-trimpath
  build=(-gcflags all=-dwarf=false -ldflags '-s -w')
  GOBIN=$tmp/out go install "${build[@]}" "helm.sh/helm/v3/cmd/helm@$helm" >&2
  copy_unittest
  (cd "$tmp/unittest" && go build "${build[@]}" -o "$tmp/out/helm-unittest" ./cmd/helm-unittest) >&2
  rm -rf "$out"
  mv -T "$tmp/out" "$out"
fi
echo "$out"
