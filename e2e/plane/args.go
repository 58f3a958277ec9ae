// The command lines of the components.
package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// layout is where a plane keeps its things and where it listens.
type layout struct {
	dir                  string // absolute
	host                 string // where the API server listens: 127.0.0.1 or ::1
	server               string // https://HOST:PORT
	apiPort, etcdPort    int
	kcmPort, schedPort   int
	auditPolicy, auditTo string // files; no audit log if the policy is empty
}

func (l layout) pki(file string) string        { return filepath.Join(l.dir, "pki", file) }
func (l layout) kubeconfig(name string) string { return filepath.Join(l.dir, name+".kubeconfig") }

// serviceRange is of the family of the API server: a cluster has one.
func (l layout) serviceRange() string {
	if strings.Contains(l.host, ":") {
		return "fd00:10:96::/112"
	}
	return "10.96.0.0/16"
}

func (l layout) apiserverArgs(extra []string) []string {
	args := []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", l.etcdPort),
		"--bind-address=" + l.host, "--advertise-address=" + l.host,
		fmt.Sprintf("--secure-port=%d", l.apiPort), "--endpoint-reconciler-type=none",
		"--tls-cert-file=" + l.pki("apiserver.crt"), "--tls-private-key-file=" + l.pki("apiserver.key"),
		"--client-ca-file=" + l.pki("ca.crt"), "--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + l.pki("sa.key"), "--service-account-signing-key-file=" + l.pki("sa.key"),
		"--service-cluster-ip-range=" + l.serviceRange(),
		"--kubelet-client-certificate=" + l.pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + l.pki("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--requestheader-client-ca-file=" + l.pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + l.pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + l.pki("front-proxy-client.key"),
		"--profiling=false",
	}
	if l.auditPolicy != "" {
		// Blocking: when a client has its answer, the event is in the file.
		args = append(args, "--audit-policy-file="+l.auditPolicy, "--audit-log-path="+l.auditTo,
			"--audit-log-mode=blocking", "--audit-log-maxsize=4000")
	}
	return append(args, extra...)
}

func (l layout) clientArgs(name string, port int) []string {
	k := l.kubeconfig(name)
	return []string{
		"--kubeconfig=" + k, "--authentication-kubeconfig=" + k, "--authorization-kubeconfig=" + k,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--leader-elect=false", "--profiling=false",
		// With the default of 20 requests a second a fresh cluster waits 5 s for its default ServiceAccount.
		"--kube-api-qps=500", "--kube-api-burst=1000",
	}
}

func (l layout) controllerManagerArgs(extra []string) []string {
	return append(append(l.clientArgs("kcm", l.kcmPort),
		"--use-service-account-credentials=true",
		"--root-ca-file="+l.pki("ca.crt"), "--service-account-private-key-file="+l.pki("sa.key"),
		"--cluster-signing-cert-file="+l.pki("ca.crt"), "--cluster-signing-key-file="+l.pki("ca.key"),
		"--allocate-node-cidrs=false"), extra...)
}

func (l layout) schedulerArgs(extra []string) []string {
	return append(l.clientArgs("scheduler", l.schedPort), extra...)
}
