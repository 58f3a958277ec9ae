#!/usr/bin/env bash
# Builds Helm and its plugin for unit tests of charts into the user's cache, unless they are there, and prints the directory with
# both programs: helm and helm-unittest.
#
#   e2e/helm.sh           the path goes to stdout, all else to stderr
#   e2e/helm.sh --path    only prints where they are or would be
#   e2e/helm.sh 4         Helm 4 instead, without the plugin, in a directory of its own; also with --path
#
# Helm is linked as its own Makefile does it. Otherwise `helm version` says v3.22, and `helm template` and `helm lint` take it that the
# cluster is Kubernetes 1.20, where the released program says the version of its client-go.
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/helm-HASH, HASH over the versions, how they are linked, and the Go version. The
# first build takes some 7 minutes on two cores.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
helm=v3.22.0
unittest=v1.1.2
last=helm-unittest # what is built last: with it, all is there
[ "${1-}" != 4 ] || { helm=v4.3.2 unittest='' last=helm; shift; }
module=helm.sh/helm/${helm%%.*}
# MINOR is that of the client-go in Helm's go.mod: v0.37.0 is Kubernetes 1.37.
linked="-s -w -X $module/internal/version.version=$helm"
for package in lint/rules chartutil; do
  linked+=" -X $module/pkg/$package.k8sVersionMajor=1 -X $module/pkg/$package.k8sVersionMinor=MINOR"
done
export GOGC=400 # a larger heap for the compiler: a tenth less to compile

if ! command -v go >/dev/null; then
  echo "e2e/helm.sh: Go is needed to build Helm, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

out=$cache/helm-$({ echo "$helm $unittest $linked"; go version; } | sha256sum | cut -c1-16)
if [ "${1-}" = --path ] || [ -x "$out/$last" ]; then
  echo "$out"
  exit 0
fi

mkdir -p "$cache"
tmp=$(mktemp -d "$cache/build.XXXXXX")
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
mkdir "$tmp/empty"
directory() { # MODULE@VERSION
  (cd "$tmp/empty" && go mod download -json "$1") | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' ||
    { echo "e2e/helm.sh: the module $1 could not be downloaded" >&2; return 1; }
}
# Its go.mod has replacements, which `go install` refuses: it is built in a copy of its module.
copy_unittest() {
  local source
  source=$(directory "github.com/helm-unittest/helm-unittest@$unittest")
  cp -R "$source" "$tmp/unittest"
  chmod -R u+w "$tmp/unittest"
}

exec 9>"$cache/helm.lock"
flock 9 # one build at a time: a second one waits, and then finds the programs
if [ ! -x "$out/$last" ]; then
  echo "building Helm $helm${unittest:+ and helm-unittest $unittest} into $out; the first time takes some minutes" >&2
  mkdir "$tmp/out"
  export CGO_ENABLED=0 GOFLAGS=-trimpath
  source=$(directory "$module@$helm")
  minor=$(sed -n 's|^[[:space:]]*k8s\.io/client-go v0\.\([0-9][0-9]*\)\..*|\1|p' "$source/go.mod")
  [ -n "$minor" ] || { echo "e2e/helm.sh: no version of k8s.io/client-go in $source/go.mod, by which Helm is linked" >&2; exit 1; }
  GOBIN=$tmp/out go install -gcflags all=-dwarf=false -ldflags "${linked//MINOR/$minor}" "$module/cmd/helm@$helm" >&2
  if [ -n "$unittest" ]; then
    copy_unittest
    (cd "$tmp/unittest" && go build -gcflags all=-dwarf=false -ldflags '-s -w' -o "$tmp/out/helm-unittest" ./cmd/helm-unittest) >&2
  fi
  rm -rf "$out"
  mv -T "$tmp/out" "$out"
fi
echo "$out"
