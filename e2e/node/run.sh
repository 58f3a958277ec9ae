#!/usr/bin/env bash
# run.sh DIR RUNTIME PLANE KUBECONFIG NODE: containerd and the kubelet of a real node, until it is killed.
#
# The harness starts it as the first process of PID and mount namespaces of its own: when it ends, however that comes,
# the kernel ends all that it started, containers too, and all mounts and network interfaces of pods go with them.
# Machine-wide places are covered here, so that nothing reaches the machine itself but cgroups.
set -euo pipefail
dir=$1 runtime=$2 plane=$3 kubeconfig=$4 node=$5

mount --make-rshared / # the kubelet wants shared mounts; the namespace was made private, so none gets out
mount -t tmpfs tmpfs /run
mkdir /run/node /run/netns

# The kubelet's /var/lib/kubelet/device-plugins and /var/log/containers and the network plugins' /var/lib/cni cannot be
# moved elsewhere: what is written below these directories stays in memory.
for place in /var/lib /var/log; do
  over=/run/node/over$place
  mkdir -p "$over/upper" "$over/work"
  mount -t overlay overlay -o "lowerdir=$place,upperdir=$over/upper,workdir=$over/work" "$place"
done

# Settings of the kernel that the kubelet and the network plugin would write. They write only what differs.
pretend() {
  [ -e "/proc/sys/$1" ] || return 0
  echo "$2" >"/run/node/${1//\//.}"
  mount --bind "/run/node/${1//\//.}" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000
pretend net/ipv4/ip_forward 1

export PATH=$runtime/bin:$PATH
containerd --config "$dir/containerd.toml" >"$dir/containerd.log" 2>&1 &
for _ in $(seq 200); do
  ctr -a /run/node/containerd.sock version >/dev/null 2>&1 && break
  sleep 0.05
done
shopt -s nullglob
for image in "$runtime"/images/*.tar "$dir"/images/*.tar; do
  ctr -a /run/node/containerd.sock -n k8s.io images import --snapshotter native "$image"
done

# The Node is there already, with an address on loopback. With an external cloud provider the kubelet keeps the
# addresses that it finds; it would refuse 127.0.0.1 as --node-ip.
"$plane" kubelet --config "$dir/kubelet.yaml" --kubeconfig "$kubeconfig" --root-dir "$dir/kubelet" \
  --cert-dir "$dir/certificates" --hostname-override "$node" --cloud-provider=external \
  --containerd=/run/node/containerd.sock >"$dir/kubelet.log" 2>&1 &

wait -n # either ends: so does the node
echo "containerd or the kubelet ended with $?: see containerd.log and kubelet.log" >&2
exit 1
