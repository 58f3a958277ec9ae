#!/usr/bin/env bash
# Records what a server makes of everything that is shipped, for the drift test:
#
#   e2e/gitops/record.sh DIR      with KUBECONFIG of an empty, disposable cluster as an administrator (Kubernetes 1.36 or newer)
#
# client/ and server/ hold each object as it is after a client-side and after a server-side apply, predicted/ the answer to a
# second server-side apply as a dry run, openapi.json.gz the server's schema. What it applied, it deletes. KUBECTL names kubectl,
# such as "plane kubectl".
set -euo pipefail
out=${1:?e2e/gitops/record.sh DIR}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/../.."
read -ra kubectl <<<"${KUBECTL:-kubectl}"
k() { "${kubectl[@]}" "$@"; }

# The namespace of deploy/ and the CRDs come first. deploy/monitoring also holds objects for the Prometheus operator, whose kinds
# the server need not have.
files=(crds/*.yaml deploy/namespace.yaml)
for file in policies/*.yaml deploy/*.yaml deploy/monitoring/metrics-auth.yaml examples/*.yaml examples/gitops/teams/*/*/*.yaml; do
  [ "$file" = deploy/namespace.yaml ] || files+=("$file")
done

rm -rf "$out/client" "$out/server" "$out/predicted"
mkdir -p "$out/client" "$out/server" "$out/predicted"
get() { k get -f "$1" -o yaml --show-managed-fields >"$out/$2/${1//\//-}"; }
established() { [ "${1%%/*}" != crds ] || k wait --for=condition=Established -f "$1" --timeout=30s >&2; }
k get namespace shop >/dev/null 2>&1 || k create namespace shop >&2

for file in "${files[@]}"; do
  k apply -f "$file" >&2
  established "$file"
done
for file in "${files[@]}"; do get "$file" client; done
for ((i = ${#files[@]} - 1; i >= 0; i--)); do k delete -f "${files[i]}" --wait --timeout=60s >&2; done

apply=(apply --server-side --field-manager=argocd-controller)
for file in "${files[@]}"; do
  k "${apply[@]}" -f "$file" >&2
  established "$file"
done
for file in "${files[@]}"; do
  get "$file" server
  k "${apply[@]}" --dry-run=server -f "$file" -o yaml --show-managed-fields >"$out/predicted/${file//\//-}"
done
for ((i = 0; i < 60; i++)); do
  k get --raw /openapi/v2 >"$out/openapi.json"
  ! grep -q OptimizationPolicy "$out/openapi.json" || break
  sleep 1
done
gzip -9nf "$out/openapi.json"
for ((i = ${#files[@]} - 1; i >= 0; i--)); do k delete -f "${files[i]}" --wait --timeout=60s >&2; done
