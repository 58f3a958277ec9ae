#!/usr/bin/env bash
# Installs the plugin of a release with krew itself, from the manifest and the archives in dist/, and asks it for its version.
#
#   image/krew.sh [DIST]
#
# Through kubectl, where there is one: KUBECTL names it, else that of the test bed where it was built, else that of PATH.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
dist=$(realpath "${1:-$root/dist}")
manifest=$dist/krew/trimtab.yaml
[ -e "$manifest" ] || { echo "image/krew.sh: no $manifest: make release" >&2; exit 1; }
version=$(sed -n 's/^  version: v//p' "$manifest")
krew=$("$here/tools.sh" release)/bin/krew
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export KREW_NO_UPGRADE_CHECK=1

install() { # ARCHITECTURE
  KREW_ROOT=$work/$1 KREW_OS=linux KREW_ARCH=$1 "$krew" install --manifest="$manifest" \
    --archive="$dist/trimtab_${version}_linux_$1.tar.gz" >&2
  [ -x "$work/$1/bin/kubectl-trimtab" ] || { echo "krew installed no kubectl-trimtab for $1" >&2; exit 1; }
  echo "krew installs the plugin for linux/$1"
}
install amd64
install arm64

case $(uname -m) in
  x86_64) own=amd64 ;;
  aarch64) own=arm64 ;;
  *) echo "this machine is neither: the plugin is not run"; exit 0 ;;
esac
said=$("$work/$own/bin/kubectl-trimtab" version)
[[ $said = "kubectl-trimtab $version "* ]] || { echo "the plugin says $said, and not $version" >&2; exit 1; }
plane=$("$root/e2e/build.sh" --path 2>/dev/null || true)
if [ -n "${KUBECTL-}" ]; then
  kubectl=($KUBECTL)
elif [ -x "$plane" ]; then
  kubectl=("$plane" kubectl)
else
  kubectl=(kubectl)
fi
if command -v "${kubectl[0]}" >/dev/null; then
  said=$(PATH=$work/$own/bin:$PATH "${kubectl[@]}" trimtab version)
  [[ $said = "kubectl-trimtab $version "* ]] || { echo "kubectl trimtab says $said, and not $version" >&2; exit 1; }
  echo "kubectl trimtab version: $said"
else
  echo "kubectl-trimtab version: $said (there is no kubectl here)"
fi
