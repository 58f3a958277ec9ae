#!/usr/bin/env bash
# Prints a directory that holds `prometheus` and `promtool`: that of PATH, else the distribution's package, unpacked
# into the user's cache. Needs no root.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab

say() { echo "e2e/prometheus.sh: $*" >&2; }
runs() { "$1/prometheus" --version >/dev/null 2>&1 && "$1/promtool" --version >/dev/null 2>&1; }

if p=$(command -v prometheus) && runs "$(dirname "$p")"; then
  dirname "$p"
  exit 0
fi
dir=$cache/prometheus/usr/bin
if runs "$dir"; then
  echo "$dir"
  exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "no prometheus on PATH, and no apt-get and dpkg-deb to fetch the distribution's package with."
  say "Install Prometheus (with promtool) and put it on PATH: https://prometheus.io/download/"
  exit 1
fi

mkdir -p "$cache"
exec 9>"$cache/prometheus.lock"
flock 9
if ! runs "$dir"; then
  tmp=$(mktemp -d "$cache/prometheus.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  chmod 755 "$tmp"
  fetch() { (cd "$tmp" && apt-get download prometheus) >&2; }
  if ! fetch; then
    say "the package was not found; refreshing apt's lists once"
    # Without root apt keeps its lists in the cache directory.
    if [ "$(id -u)" = 0 ]; then apt-get update >&2; fetch
    else
      own=(-o "Dir::State=$tmp/state" -o "Dir::Cache=$tmp/apt" -o Debug::NoLocking=1)
      mkdir -p "$tmp/state/lists/partial" "$tmp/apt/archives/partial"
      apt-get "${own[@]}" update >&2
      (cd "$tmp" && apt-get "${own[@]}" download prometheus) >&2
    fi
  fi
  dpkg-deb -x "$tmp"/prometheus_*.deb "$tmp/root"
  if ! runs "$tmp/root/usr/bin"; then
    say "the package's binaries do not run here:"
    { ldd "$tmp/root/usr/bin/prometheus" 2>&1 | grep -i 'not found' || "$tmp/root/usr/bin/prometheus" --version; } >&2 || true
    exit 1
  fi
  rm -rf "$cache/prometheus"
  mv -T "$tmp/root" "$cache/prometheus"
fi
echo "$dir"
