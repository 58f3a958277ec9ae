#!/usr/bin/env bash
# Writes a release into dist/: programs, the image, the chart, manifests, what is in them, and their digests.
#
#   image/release.sh VERSION      VERSION is that of Cargo.toml, which the program says; anything else is refused
#
# RELEASE_URL says below which address the files will be found, which the krew manifest names. Nothing is uploaded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"
cannot() { echo "image/release.sh: $*" >&2; exit 1; }
version=${1:?usage: image/release.sh VERSION}
own=$(awk -F '"' '/^\[workspace.package\]/ { inside = 1 } inside && /^version = / { print $2; exit }' Cargo.toml)
[ "$version" = "$own" ] || cannot "Cargo.toml says version $own, and not $version: change it there, and commit"
[ -z "$(git status --porcelain --untracked-files=no)" ] || cannot "there are changes that are not committed: the image would name no commit"
url=${RELEASE_URL:-https://trimtab.dev/releases/v$version}
image=$(realpath -m "${CARGO_TARGET_DIR:-target}/image")
HELM=$(e2e/helm.sh)/helm charts/render.sh --check >&2 || cannot "the manifests are not those of the chart: make manifests, and commit"

"$here/build.sh" "$image" >&2
"$here/check.sh" "$image" >&2
tools=$("$here/tools.sh" release)
export PATH=$tools/bin:$PATH
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT

# What an earlier release left goes; what is in Git stays.
mkdir -p dist
git ls-files -z --others --directory dist | xargs -0 -r rm -rf
mkdir -p dist/crds dist/krew dist/sbom

licences=()
for file in "$image"/licences/*; do licences+=("${file##*/}=$file"); done
for architecture in amd64 arm64; do
  "$image/pack" archive -out "dist/trimtab_${version}_linux_$architecture.tar.gz" \
    "x:trimtab=$image/$architecture/trimtab" "${licences[@]}"
done
cp "$image/image.tar" "dist/trimtab_${version}_image.tar"
cat "$image/digest" >"dist/trimtab_${version}_image.digest"
cp crds/*.yaml dist/crds/
cp -R deploy/crds-before-1.34 dist/
[ -e dist/install.yaml ] || echo "no dist/install.yaml: make manifests writes it" >&2

# The chart. `helm package` writes the time of day into the archive, so it is packed again without.
if [ -x e2e/helm.sh ] && [ -d charts/trimtab ]; then
  helm=$(e2e/helm.sh)/helm
  mkdir "$work/chart" "$work/files"
  "$helm" package charts/trimtab --app-version "$version" --destination "$work/chart" >&2
  packed=("$work"/chart/trimtab-*.tgz)
  tar -xzf "${packed[0]}" -C "$work/files"
  members=()
  while IFS= read -r -d '' file; do members+=("$file=$work/files/$file"); done \
    < <(cd "$work/files" && find . -type f -printf '%P\0')
  "$image/pack" archive -out "dist/$(basename "${packed[0]}")" "${members[@]}"
else
  echo "no chart: there is no charts/trimtab, or no e2e/helm.sh to package it with" >&2
fi

# What the programs are made of. It is written beside each crate, so it is made in a copy.
mkdir "$work/src"
git archive HEAD | tar -x -C "$work/src"
for pair in amd64=x86_64-unknown-linux-musl arm64=aarch64-unknown-linux-musl; do
  bom=trimtab_${version}_linux_${pair%%=*}.cdx
  cargo cyclonedx --quiet --manifest-path "$work/src/operators/manager/Cargo.toml" --format json --spec-version 1.5 \
    --target "${pair#*=}" --no-build-deps --override-filename "$bom" >&2
  sed "s|path+file://$work/src/|path+file:///src/|g" "$work/src/operators/manager/$bom.json" >"dist/sbom/$bom.json"
  ! grep -q "$work" "dist/sbom/$bom.json" || cannot "dist/sbom/$bom.json names a folder of this machine"
done

# kubectl's plugin manager: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest
sum() { sha256sum "$1" | cut -d ' ' -f 1; }
{
  cat <<MANIFEST
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: trimtab
spec:
  version: v$version
  homepage: https://trimtab.dev
  shortDescription: Right-size workloads by their real usage
  description: |
    Shows what workloads really use and should request, explains each recommendation, approves and undoes
    changes, and follows them. \`kubectl trimtab scan\` needs nothing in the cluster; everything else reads and
    writes the objects of Trimtab, with the permissions of whoever runs it.
  caveats: |
    For completion of \`kubectl trimtab\` by Tab, see \`kubectl trimtab completion --help\`.
  platforms:
MANIFEST
  for architecture in amd64 arm64; do
    archive=trimtab_${version}_linux_$architecture.tar.gz
    cat <<PLATFORM
    - selector:
        matchLabels:
          os: linux
          arch: $architecture
      uri: $url/$archive
      sha256: $(sum "dist/$archive")
      bin: trimtab
PLATFORM
  done
} >dist/krew/trimtab.yaml

(cd dist && find . -type f ! -name SHA256SUMS -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
cat dist/SHA256SUMS
echo "image $(cat "$image/digest")"
