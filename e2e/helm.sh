#!/usr/bin/env bash
# Builds Helm and its plugin for unit tests of charts into the user's cache, unless they are there, and prints the directory with
# both programs: helm and helm-unittest.
#
#   e2e/helm.sh           the path goes to stdout, all else to stderr
#   e2e/helm.sh --path    only prints where they are or would be
#   e2e/helm.sh 4         Helm 4 instead, without the plugin, in a directory of its own; also with --path
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/helm-HASH, HASH over the versions and the Go version. The first build takes some
# 7 minutes on two cores.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
helm=v3.22.0
unittest=v1.1.2
last=helm-unittest # what is built last: with it, all is there
[ "${1-}" != 4 ] || { helm=v4.3.2 unittest='' last=helm; shift; }

if ! command -v go >/dev/null; then
  echo "e2e/helm.sh: Go is needed to build Helm, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

out=$cache/helm-$({ echo "$helm $unittest"; go version; } | sha256sum | cut -c1-16)
if [ "${1-}" = --path ] || [ -x "$out/$last" ]; then
  echo "$out"
  exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/helm.lock"
flock 9 # one build at a time: a second one waits, and then finds the programs
if [ ! -x "$out/$last" ]; then
  echo "building Helm $helm${unittest:+ and helm-unittest $unittest} into $out; the first time takes some minutes" >&2
  tmp=$(mktemp -d "$cache/build.XXXXXX")
  trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
  mkdir "$tmp/out" "$tmp/empty"
  export CGO_ENABLED=0 GOFLAGS=-trimpath
  GOBIN=$tmp/out go install -ldflags '-s -w' "helm.sh/helm/${helm%%.*}/cmd/helm@$helm" >&2
  if [ -n "$unittest" ]; then
    # Its go.mod has replacements, which `go install` refuses: it is built in a copy of its module.
    source=$(cd "$tmp/empty" && go mod download -json "github.com/helm-unittest/helm-unittest@$unittest" |
      sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
    cp -R "$source" "$tmp/unittest"
    chmod -R u+w "$tmp/unittest"
    (cd "$tmp/unittest" && go build -ldflags '-s -w' -o "$tmp/out/helm-unittest" ./cmd/helm-unittest) >&2
  fi
  rm -rf "$out"
  mv -T "$tmp/out" "$out"
fi
echo "$out"
