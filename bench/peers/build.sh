#!/usr/bin/env bash
# Builds the recommender of the Vertical Pod Autoscaler into the user's cache, unless it is there, and prints the directory.
# It holds `vpa-recommender` and `crds.yaml`, as the module proxy serves them at the version that vpa/go.mod asks for.
#
#   bench/peers/build.sh      the path goes to stdout, all else to stderr
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
module=k8s.io/autoscaler/vertical-pod-autoscaler

if ! command -v go >/dev/null; then
  echo "bench/peers/build.sh: Go is needed to build the peer, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

hash=$({ cat "$here/vpa/go.mod" "$here/vpa/go.sum" "$here/build.sh"; go version; } | sha256sum | cut -c1-16)
out=$cache/vpa-$hash
if [ ! -x "$out/vpa-recommender" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/vpa.lock"
  flock 9 # one build at a time: a second one waits, and then finds the binary
  if [ ! -x "$out/vpa-recommender" ]; then
    tmp=$(mktemp -d "$cache/vpa-build.XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
    chmod 755 "$tmp"
    (
      cd "$here/vpa"
      CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w" -o "$tmp/vpa-recommender" "$module/pkg/recommender"
      install -m 644 "$(go list -m -f '{{.Dir}}' "$module")/deploy/vpa-v1-crd-gen.yaml" "$tmp/crds.yaml"
    ) >&2
    rm -rf "$out"
    mv -T "$tmp" "$out"
    trap - EXIT
  fi
fi
echo "$out"
