#!/usr/bin/env bash
# Runs the short suite (harness/tests/versions) on several Kubernetes versions, and makes a table of what it says.
#
#   e2e/versions.sh                  all versions that are supported; the table goes to docs/support.md, too
#   e2e/versions.sh 1.34.4 emulated  only these: real control planes, and the oldest version as the test bed shows it
#   e2e/versions.sh --build 1.34.4   builds that control plane, unless it is there, and prints its path
#
# Control planes go to ${XDG_CACHE_HOME:-~/.cache}/trimtab/plane-VERSION-HASH/plane, HASH over the sources and the Go version. They
# are plane/ without kubelet, kubectl, kwok and metrics-server, which the test bed has already, with the dependencies that
# Kubernetes itself has in that version. Each takes some 5 minutes on two cores, and 3 GB of Go's caches in all.
#
# TRIMTAB_BIN names the program under test; else the newest in target/ is taken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
page=$here/../docs/support.md
supported=(emulated 1.33.4 1.34.4 1.35.4 1.36.4 1.37.1)
stages=(install recommend rollout upgrade uninstall)
# The version of the test bed.
own=$(sed -n 's/^kubernetes=v\([0-9.]*\).*/\1/p' "$here/build.sh")
export GOTOOLCHAIN=auto # a newer Kubernetes may ask for a newer Go

fail() {
  echo "e2e/versions.sh: $*" >&2
  exit 1
}

# The sources of a control plane alone: see plane/extras.go and plane/inprocess.go.
sources() {
  (cd "$here/plane" && ls -- *.go audit.yaml) | grep -vE '_test\.go$|^(extras|inprocess)\.go$'
}

# Writes DIR/go.mod, that of Kubernetes VERSION: its modules have a version of their own, in place of folders beside it.
modules() { # DIR VERSION
  local module released arguments=()
  released=$(cd "$1" && go list -m -f '{{.GoMod}}' "k8s.io/kubernetes@v$2")
  cp "$released" "$1/go.mod"
  chmod u+w "$1/go.mod"
  while read -r module; do
    arguments+=("-replace=$module=$module@v0.${2#1.}")
  done < <(sed -n 's|^[[:space:]]*\(k8s\.io/[a-z-]*\) => \./staging/.*|\1|p' "$1/go.mod")
  [ ${#arguments[@]} -gt 20 ] || fail "the go.mod of Kubernetes $2 is not as expected: $released"
  (cd "$1" && go mod edit -module=trimtab.dev/e2e/plane "-require=k8s.io/kubernetes@v$2" "${arguments[@]}")
}

# Builds the control plane of a version, unless it is there, and prints its path.
build() { # VERSION
  local version=$1 hash out flags= p
  [[ $version =~ ^1\.([0-9]+)\.[0-9]+$ ]] || fail "$version is no version of Kubernetes, as 1.34.4 is"
  local minor=${BASH_REMATCH[1]}
  if [ "$version" = "$own" ]; then
    "$here/build.sh"
    return
  fi
  command -v go >/dev/null || fail "Go is needed to build a control plane, and 'go' is not on PATH: https://go.dev/doc/install"
  hash=$(cd "$here/plane" && { sources | xargs sha256sum; sha256sum <"$here/versions.sh"; go version; } | sha256sum | cut -c1-16)
  out=$cache/plane-$version-$hash
  mkdir -p "$cache"
  exec 9>"$cache/plane.lock"
  flock 9 # one build at a time: a second one waits, and then finds the binary
  if [ ! -x "$out/plane" ]; then
    echo "building the control plane of Kubernetes $version into $out; the first time takes some minutes" >&2
    tmp=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
    mkdir "$tmp/source" "$tmp/out"
    (cd "$here/plane" && sources | xargs cp -t "$tmp/source")
    modules "$tmp/source" "$version" >&2
    for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
      flags="$flags -X $p.gitVersion=v$version -X $p.gitMajor=1 -X $p.gitMinor=$minor -X $p.gitCommit=trimtab -X $p.gitTreeState=clean -X $p.buildDate=2026-01-01T00:00:00Z"
    done
    (cd "$tmp/source" && CGO_ENABLED=0 GOFLAGS=-mod=mod go build -trimpath -tags grpcnotrace -gcflags all=-dwarf=false \
      -ldflags "-s -w$flags" -o "$tmp/out/plane" .) >&2
    rm -rf "$out"
    mv -T "$tmp/out" "$out"
    rm -rf "$tmp"
    trap - EXIT
  fi
  exec 9>&-
  echo "$out/plane"
}

# Runs the suite on one version, and appends its line of the table to ROWS.
suite() { # VERSION ROWS
  local version=$1 plane kind=real cells= stage seconds status=0 log
  log=$(mktemp)
  if [ "$version" = emulated ]; then
    unset TRIMTAB_PLANE TRIMTAB_PLANE_VERSION
  elif plane=$("$here/versions.sh" --build "$version"); then
    export TRIMTAB_PLANE=$plane TRIMTAB_PLANE_VERSION=$version
  else
    echo "| $version | could not be built |$(printf ' |%.0s' "${stages[@]}")" >>"$2"
    return 1
  fi
  (cd "$here/.." && cargo test --locked --workspace --test e2e versions:: -- --nocapture) </dev/null >"$log" 2>&1 || status=$?
  if [ "$version" = emulated ]; then
    version=$(awk '/^VERSIONS / { print $2; exit }' "$log")
    kind="$own with \`--emulated-version\`"
  fi
  # A stage without a line has not passed, and those after it did not begin.
  for stage in "${stages[@]}"; do
    seconds=$(awk -v stage="$stage" '/^VERSIONS / && $4 == stage { printf "%.0f s", $5 }' "$log")
    case $cells in
      *failed*) cells="$cells |" ;;
      *) cells="$cells ${seconds:-failed} |" ;;
    esac
  done
  echo "| ${version:-emulated} | $kind |$cells" >>"$2"
  [ "$status" = 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# Puts ROWS between the marks of the page.
write() { # ROWS
  grep -q '^<!-- versions -->$' "$page" && grep -q '^<!-- /versions -->$' "$page" ||
    fail "$page has no lines <!-- versions --> and <!-- /versions -->"
  awk -v rows="$1" '
    /^<!-- \/versions -->$/ { inside = 0 }
    !inside { print }
    /^<!-- versions -->$/ { inside = 1; while ((getline line < rows) > 0) print line }
  ' "$page" >"$page.new"
  mv "$page.new" "$page"
}

if [ "${1-}" = --build ]; then
  [ $# = 2 ] || fail "usage: e2e/versions.sh --build VERSION"
  build "$2"
  exit
fi
rows=$(mktemp)
failed=()
versions=("$@")
[ $# -gt 0 ] || versions=("${supported[@]}")
{
  echo "| Kubernetes | control plane |$(printf ' %s |' "${stages[@]}")"
  echo "|---|---|$(printf -- '---|%.0s' "${stages[@]}")"
} >"$rows"
for version in "${versions[@]}"; do
  echo "the short suite on Kubernetes $version" >&2
  # In a shell of its own: what it sets is for this version alone.
  (suite "$version" "$rows") || failed+=("$version")
  tail -n 1 "$rows" >&2
done
cat "$rows"
[ $# -gt 0 ] || write "$rows"
rm -f "$rows"
[ ${#failed[@]} = 0 ] || fail "the suite failed on ${failed[*]}"
