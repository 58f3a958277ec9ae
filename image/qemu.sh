#!/usr/bin/env bash
# Prints the command that runs programs of an architecture here: nothing for the machine's own, else QEMU's user mode, of
# PATH or of the distribution's package, unpacked into the user's cache. That needs no root.
#
#   image/qemu.sh amd64|arm64
#
# Where there is none, it ends with 3 and says why in its last line on stderr.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
case $1 in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) echo "usage: $0 amd64|arm64" >&2; exit 2 ;;
esac
[ "$(uname -m)" = "$machine" ] && exit 0

cannot() { echo "$*" >&2; exit 3; }
for program in "qemu-$machine" "qemu-$machine-static"; do
  if command -v "$program"; then exit 0; fi
done
unpacked=$cache/qemu/usr/bin/qemu-$machine-static
if [ ! -x "$unpacked" ]; then
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    cannot "programs for $1 need qemu-$machine (qemu-user), which is not on PATH"
  tmp=$(mktemp -d "$cache/qemu.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  (cd "$tmp" && { apt-get download qemu-user-static || { apt-get update && apt-get download qemu-user-static; }; }) >&2 ||
    cannot "programs for $1 need qemu-$machine: apt-get install qemu-user-static"
  dpkg-deb -x "$tmp"/*.deb "$tmp/root"
  rm -rf "$cache/qemu"
  mv -T "$tmp/root" "$cache/qemu"
fi
"$unpacked" --version >/dev/null 2>&1 || cannot "$unpacked does not run here"
echo "$unpacked"
