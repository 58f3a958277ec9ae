#!/usr/bin/env bash
# Everything that is made from the chart: its copies of crds/, policies/ and deploy/monitoring, its README, deploy/, the
# kustomize base and components, dist/install.yaml. `--check` changes nothing, names each file that would change, and exits 1.
#
# Needs helm: HELM names it, by default the one on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

check=
case ${1:-} in
  '') ;;
  --check) check=1 ;;
  *) echo "usage: $0 [--check]" >&2; exit 2 ;;
esac
HELM=${HELM:-helm}
command -v "$HELM" >/dev/null || { echo "$0: $HELM is needed and not on PATH; HELM=FILE names it" >&2; exit 2; }
command -v awk >/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/out
mkdir -p "$out"

# What follows is written below $out, under the path that it has here.
write() { # PATH, text from standard input
  mkdir -p "$out/$(dirname "$1")"
  cat >"$out/$1"
}

# 1. The chart's own files. Symbolic links are not packaged, so it has copies.
version=$(awk -F '"' '/^\[workspace.package\]/ { inside = 1 } inside && /^version = / { print $2; exit }' Cargo.toml)
sed -e "s/^version: .*/version: $version/" -e "s/^appVersion: .*/appVersion: \"$version\"/" charts/trimtab/Chart.yaml |
  write charts/trimtab/Chart.yaml
for file in crds/*.yaml; do write "charts/trimtab/files/$file" <"$file"; done
# Only those that differ: the chart is stored in a Secret of limited size.
for file in deploy/crds-before-1.34/*.yaml; do
  cmp -s "$file" "crds/${file##*/}" || write "charts/trimtab/files/crds-before-1.34/${file##*/}" <"$file"
done
for file in policies/*.yaml; do write "charts/trimtab/files/$file" <"$file"; done
for file in deploy/monitoring/rules.yaml deploy/monitoring/*.json; do
  write "charts/trimtab/files/monitoring/${file##*/}" <"$file"
done
{
  sed '/^<!-- values -->$/q' charts/trimtab/README.md
  awk -f charts/values.awk charts/trimtab/values.yaml
  sed -n '/^<!-- \/values -->$/,$p' charts/trimtab/README.md
} | write charts/trimtab/README.md

# 2. What the chart renders, with those files in it.
chart=$work/trimtab
cp -R charts/trimtab "$chart"
rm -rf "$chart/files"
cp -R "$out/charts/trimtab/." "$chart/"
render() { # ARGUMENTS of helm template
  # Of the cluster nothing is known here, so it is said: one that has everything.
  "$HELM" template trimtab "$chart" --namespace trimtab-system --kube-version v1.36.0 \
    --api-versions admissionregistration.k8s.io/v1/MutatingAdmissionPolicy "$@" |
    awk '/^# Source: / { next } /^---$/ { if (begun) held = 1; next }
      { if (held) print "---"; held = 0; begun = 1; sub(/[ \t]+$/, ""); print }'
}
only() { # OUTPUT, TEMPLATES separated by commas, ARGUMENTS
  local path=$1 templates=$2 shown=() template
  shift 2
  for template in ${templates//,/ }; do shown+=(--show-only "templates/$template.yaml"); done
  { echo "# Rendered from charts/trimtab by \`make manifests\`: do not edit."; render "${shown[@]}" "$@"; } | write "$path"
}

only deploy/namespace.yaml namespace --set namespace.create=true
only deploy/rbac.yaml rbac,sum-of-roles
only deploy/trimtab.yaml controller,service
only deploy/monitoring/metrics-auth.yaml metrics-auth --set metrics.auth=TokenReview
only deploy/monitoring/servicemonitor.yaml servicemonitor --set monitoring.serviceMonitor.enabled=true
only deploy/monitoring/prometheusrule.yaml prometheusrule --set monitoring.rules.enabled=true

base=deploy/kustomize/base
only $base/namespace.yaml namespace --set namespace.create=true
only $base/crds.yaml crds
only $base/rbac.yaml rbac,sum-of-roles
only $base/controller.yaml controller,service
only $base/policies.yaml policies

# Parts of components, with the component's own values. Their patches are written by hand; a test compares each overlay with what
# the chart renders with those values.
of=deploy/kustomize/components
only $of/before-1.34/crds.yaml crds --kube-version v1.33.0
only $of/ha/pdb.yaml pdb --values $of/ha/values.yaml
only $of/recommend-only/sum-of-roles.yaml sum-of-roles --values $of/recommend-only/values.yaml
only $of/air-gapped/networkpolicy.yaml networkpolicy --values $of/air-gapped/values.yaml

{ echo "# Trimtab $version and all that it needs, rendered from charts/trimtab by \`make manifests\`. Needs Kubernetes 1.36:"
  echo "#   kubectl apply --server-side -f install.yaml"
  echo "# Before 1.36, leave out what deploy/kustomize/components/before-1.36 leaves out."
  render --set namespace.create=true; } | write dist/install.yaml

# 3. Compared, or put in place.
wrong=0
cd "$out"
mapfile -t made < <(find . -type f | sed 's|^\./||' | sort)
cd - >/dev/null
for path in "${made[@]}"; do
  cmp -s "$out/$path" "$path" && continue
  wrong=1
  if [ -n "$check" ]; then
    echo "$path is not what the chart and its sources give: run make manifests" >&2
  else
    mkdir -p "$(dirname "$path")"
    cp "$out/$path" "$path"
    echo "$path"
  fi
done
# A copy whose source is gone.
for path in charts/trimtab/files/*/*; do
  [ -e "$path" ] || continue
  [ -e "$out/$path" ] && continue
  wrong=1
  if [ -n "$check" ]; then echo "$path has no source: run make manifests" >&2; else rm "$path"; echo "removed $path"; fi
done
[ -z "$check" ] || exit $wrong
