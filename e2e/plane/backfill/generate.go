package backfill

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

const dayMs = 86_400_000

// generate makes the usage of the pods listed in file: per pod a CPU counter and a working set with a daily wave and
// noise, as cAdvisor names them, and its owner and phase as kube-state-metrics does. The same list gives the same
// samples each time. All replicas of a deployment (same index) are alike but for noise.
func generate(file string, within span, step, ownerStep int64) ([]series, error) {
	if step <= 0 || ownerStep <= 0 {
		return nil, fmt.Errorf("steps must be above 0")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []series
	owned := map[string]bool{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		p := strings.Split(lines.Text(), "\t")
		if len(p) != 5 {
			return nil, fmt.Errorf("%s:%d: want namespace, deployment, replicaset, pod, index", file, n)
		}
		ns, deployment, rs, pod := p[0], p[1], p[2], p[3]
		index, err := strconv.Atoi(p[4])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		cadvisor := func(name string) labels.Labels {
			return labels.FromStrings("__name__", name, "namespace", ns, "pod", pod, "container", "app", "image", "fake/web:1",
				"id", "/kubepods/"+pod, "name", pod, "node", fmt.Sprintf("kwok-%d", n%100), "job", "kubelet",
				"instance", "127.0.0.1:10250", "metrics_path", "/metrics/cadvisor")
		}
		state := func(kv ...string) series {
			return constant(labels.FromStrings(append(kv, "namespace", ns, "job", "kube-state-metrics", "instance", "127.0.0.1:8080")...), within, ownerStep)
		}
		u := usage{seed: int64(n), cores: float64(20+(index*37)%400) / 1000, bytes: float64(64+(index*61)%640) * (1 << 20)}
		all = append(all,
			series{cadvisor("container_cpu_usage_seconds_total"), within, u.cpu(within, step)},
			series{cadvisor("container_memory_working_set_bytes"), within, u.memory(within, step)},
			state("__name__", "kube_pod_owner", "pod", pod, "owner_kind", "ReplicaSet", "owner_name", rs, "owner_is_controller", "true"),
			state("__name__", "kube_pod_status_phase", "pod", pod, "phase", "Running"))
		if !owned[ns+"/"+rs] {
			owned[ns+"/"+rs] = true
			all = append(all, state("__name__", "kube_replicaset_owner", "replicaset", rs, "owner_kind", "Deployment",
				"owner_name", deployment, "owner_is_controller", "true"))
		}
	}
	return all, lines.Err()
}

// usage is what one pod uses on average at the top of its day.
type usage struct {
	seed         int64
	cores, bytes float64
}

func (u usage) cpu(within span, step int64) func(func(int64, float64)) {
	return func(yield func(int64, float64)) {
		total := 0.0
		for t := first(within.from, step); t < within.to; t += step {
			total += u.cores * (0.3 + 0.7*wave(t)) * (0.5 + noise(u.seed, t/1000)) * float64(step) / 1000
			yield(t, math.Round(total*1e6)/1e6)
		}
	}
}

func (u usage) memory(within span, step int64) func(func(int64, float64)) {
	return func(yield func(int64, float64)) {
		for t := first(within.from, step); t < within.to; t += step {
			v := u.bytes * (0.8 + 0.2*wave(t)) * (0.97 + 0.03*noise(u.seed, t/60_000))
			yield(t, math.Round(v/4096)*4096)
		}
	}
}

func constant(l labels.Labels, within span, step int64) series {
	return series{l, within, func(yield func(int64, float64)) {
		for t := first(within.from, step); t < within.to; t += step {
			yield(t, 1)
		}
	}}
}

// first is the first multiple of step that is not before from.
func first(from, step int64) int64 { return (from + step - 1) / step * step }

// wave is the day's: 0 at its lowest, 1 at its highest.
func wave(t int64) float64 { return 0.5 + 0.5*math.Sin(2*math.Pi*float64(t%dayMs)/dayMs) }

// noise is a hash of its arguments, in 0..1.
func noise(a, b int64) float64 {
	x := uint64(a)*0x9E3779B97F4A7C15 ^ uint64(b)*0xC2B2AE3D27D4EB4F
	x ^= x >> 31
	x *= 0xD6E8FEB86659FD93
	x ^= x >> 32
	return float64(x>>11) / (1 << 53)
}
