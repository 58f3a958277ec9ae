#!/usr/bin/env bash
# Prints a directory with what a real node needs beside the kubelet: bin/ (containerd, ctr, its shim, runc), cni/ and
# images/. Programs are those of PATH, else the distribution's packages, unpacked into the user's cache; the images are
# made from node/burn. That needs no root.
#
# Running a node does. Where this machine cannot run one, it ends with 3 and says why in its last line on stderr.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trimtab
programs=(containerd ctr containerd-shim-runc-v2 runc)
plugins=(ptp host-local loopback)
packages=(containerd runc containernetworking-plugins)

cannot() { echo "$*" >&2; exit 3; }

# What the machine must let us do.
[ "$(uname -s)" = Linux ] || cannot "a real node needs Linux"
[ "$(id -u)" = 0 ] || cannot "a real node needs root, and this is user $(id -un)"
command -v unshare >/dev/null || cannot "a real node needs unshare (util-linux), which is not on PATH"
unshare --mount --pid --fork --kill-child --mount-proc --propagation private mount -t tmpfs tmpfs /run 2>/dev/null ||
  cannot "a real node needs mount and PID namespaces, which may not be made here (a container without CAP_SYS_ADMIN?)"
unshare --net ip link add name a type veth peer name b 2>/dev/null ||
  cannot "a real node needs network namespaces and veth interfaces (and the program ip), which are refused here"
for hierarchy in cpu memory; do
  [ -e /sys/fs/cgroup/cgroup.controllers ] && hierarchy=.
  probe=/sys/fs/cgroup/$hierarchy/trimtab-e2e-probe-$$
  mkdir "$probe" 2>/dev/null || cannot "a real node needs writable cgroups, and /sys/fs/cgroup/$hierarchy is not"
  rmdir "$probe"
done

# Where the programs are: bin is a list of directories, cni one.
on_path() { for p in "${programs[@]}"; do PATH=$PATH:/usr/sbin:/sbin command -v "$p" >/dev/null || return 1; done; }
cni_in() { for p in "${plugins[@]}"; do [ -x "$1/$p" ] || return 1; done; }
installed() {
  on_path || return 1
  for cni in /usr/lib/cni /opt/cni/bin; do cni_in "$cni" && return 0; done
  return 1
}
unpacked=$cache/node-packages
find_programs() {
  if installed; then
    bin=$PATH:/usr/sbin:/sbin
    return 0
  fi
  bin=$unpacked/usr/bin:$unpacked/usr/sbin cni=$unpacked/usr/lib/cni
  PATH=$bin containerd --version >/dev/null 2>&1 && PATH=$bin runc --version >/dev/null 2>&1 && cni_in "$cni"
}

fetch() { # DIR: the packages' files
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  (cd "$1" && { apt-get download "${packages[@]}" || { apt-get update && apt-get download "${packages[@]}"; }; }) >&2 || return 1
  for package in "$1"/*.deb; do dpkg-deb -x "$package" "$1/root"; done
}

mkdir -p "$cache"
exec 9>"$cache/node.lock"
flock 9
if ! find_programs; then
  tmp=$(mktemp -d "$cache/node-packages.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  fetch "$tmp" || cannot "a real node needs containerd, runc and CNI plugins: apt-get install ${packages[*]}"
  rm -rf "$unpacked"
  mv -T "$tmp/root" "$unpacked"
  rm -rf "$tmp"
  trap - EXIT
  find_programs || cannot "the packages ${packages[*]} do not run here: $(PATH=$bin:$PATH runc --version 2>&1 | head -1)"
fi

command -v go >/dev/null || cannot "a real node needs Go to build the program of its images, and 'go' is not on PATH"
hash=$({ cat "$here/node.sh" "$here"/node/burn/*; go version; echo "$bin $cni"; } | sha256sum | cut -c1-16)
out=$cache/node-$hash
if [ ! -d "$out" ]; then
  tmp=$(mktemp -d "$cache/node-build.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  mkdir "$tmp/bin" "$tmp/images"
  for p in "${programs[@]}"; do ln -s "$(PATH=$bin command -v "$p")" "$tmp/bin/$p"; done
  ln -s "$cni" "$tmp/cni"
  (cd "$here/node/burn" && CGO_ENABLED=0 go build -trimpath -gcflags all=-dwarf=false -ldflags "-s -w" -o "$tmp/burn" .) >&2
  "$tmp/burn" image "$tmp/images/burn.tar" localhost/burn:1
  "$tmp/burn" image "$tmp/images/pause.tar" localhost/pause:1 pause
  rm "$tmp/burn"
  chmod 755 "$tmp"
  rm -rf "$out"
  mv -T "$tmp" "$out"
  trap - EXIT
fi
echo "$out"
