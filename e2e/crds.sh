#!/usr/bin/env bash
# Writes the CRDs of other projects into the user's cache, unless they are there, and prints the directory: a file GROUP_PLURAL.yaml
# for each, to be applied with --server-side.
#
#   e2e/crds.sh           the path goes to stdout, all else to stderr
#   e2e/crds.sh --path    only prints where they are or would be
#
# controller-gen makes them from the API packages of the versions in crds/go.mod. Two are taken as their projects made them: that of
# Argo CD, which asks for a newer Go to be built, and that of Argo Rollouts, which was made from an older Kubernetes: from this one,
# its containers would be merged by name. Those in crds/stand-ins are written by hand, and say why.
#
# The place is ${XDG_CACHE_HOME:-~/.cache}/trimtab/crds-HASH, HASH over the sources, Argo CD's version and the Go version. The first
# time takes 137 s of processor time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
argo_cd=github.com/argoproj/argo-cd/v3 # in the version of gitops/go.mod
rollouts=github.com/argoproj/argo-rollouts
# All versions of a kind, as its project has them: one that is no longer served is among them.
packages='
  github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1
  github.com/fluxcd/helm-controller/api/...
  github.com/fluxcd/kustomize-controller/api/...
  github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/...
  sigs.k8s.io/cluster-api/api/core/...'
# The kinds that remediation actions touch, of all that these packages have.
kept='
  cert-manager.io_certificaterequests
  cert-manager.io_certificates
  cert-manager.io_clusterissuers
  cert-manager.io_issuers
  cluster.x-k8s.io_machinehealthchecks
  cluster.x-k8s.io_machines
  helm.toolkit.fluxcd.io_helmreleases
  kustomize.toolkit.fluxcd.io_kustomizations
  snapshot.storage.k8s.io_volumesnapshotclasses
  snapshot.storage.k8s.io_volumesnapshotcontents
  snapshot.storage.k8s.io_volumesnapshots'

if ! command -v go >/dev/null; then
  echo "e2e/crds.sh: Go is needed to make the CRDs of other projects, and 'go' is not on PATH: https://go.dev/doc/install" >&2
  exit 1
fi

hash=$(cd "$here/crds" && { find . -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  sha256sum <"$here/crds.sh"; grep "$argo_cd " "$here/gitops/go.mod"; go version; } | sha256sum | cut -c1-16)
out=$cache/crds-$hash
if [ "${1-}" = --path ] || [ -d "$out" ]; then
  echo "$out"
  exit 0
fi

directory() { # DIRECTORY MODULE: where the version of the module that DIRECTORY/go.mod names is unpacked
  (cd "$here/$1" && go mod download -json "$2") | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' ||
    { echo "e2e/crds.sh: the module $2 could not be downloaded" >&2; return 1; }
}
argo_cd_directory() { GOTOOLCHAIN=go1.27.0+auto directory gitops "$argo_cd"; } # as gitops.sh

mkdir -p "$cache"
exec 9>"$cache/crds.lock"
flock 9 # one at a time: a second one waits, and then finds the files
if [ ! -d "$out" ]; then
  echo "writing the CRDs of other projects into $out; the first time takes some minutes" >&2
  tmp=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  mkdir "$tmp/out"
  cp "$here"/crds/stand-ins/*.yaml "$tmp/out"
  finished=$(argo_cd_directory)
  cp "$finished/manifests/crds/application-crd.yaml" "$tmp/out/argoproj.io_applications.yaml"
  finished=$(directory crds "$rollouts")
  cp "$finished/manifests/crds/rollout-crd.yaml" "$tmp/out/argoproj.io_rollouts.yaml"
  paths=()
  for package in $packages; do paths+=("paths=$package"); done
  # Without descriptions, which an API server would only keep.
  (cd "$here/crds" && CGO_ENABLED=0 go tool controller-gen crd:maxDescLen=0 "${paths[@]}" "output:crd:dir=$tmp/all") >&2
  for crd in $kept; do mv "$tmp/all/$crd.yaml" "$tmp/out"; done
  # An API server asks for it in a group below k8s.io. This project adds it by hand, too.
  approved='api-approved.kubernetes.io: https://github.com/kubernetes-csi/external-snapshotter/pull/814'
  sed -i "s|^  annotations:\$|&\n    $approved|" "$tmp"/out/snapshot.storage.k8s.io_*.yaml
  chmod 644 "$tmp"/out/*
  mv -T "$tmp/out" "$out"
fi
echo "$out"
