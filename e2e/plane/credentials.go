// Which certificates and kubeconfigs a plane has.
package main

import (
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// makeCredentials fills DIR/pki and writes DIR/{admin,kcm,scheduler,kubelet-client}.kubeconfig; node is the name of the one
// real node that kubelet-client.kubeconfig is for. It returns the CA and the admin's pair.
func makeCredentials(dir, server, node string) (ca, admin *pair, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "pki"), 0o755); err != nil {
		return nil, nil, err
	}
	if ca, err = kept(dir, "ca", subject{name: "plane-ca"}); err != nil {
		return nil, nil, err
	}
	front, err := kept(dir, "front-proxy-ca", subject{name: "plane-front-proxy-ca"})
	if err != nil {
		return nil, nil, err
	}
	for file, s := range map[string]subject{
		"front-proxy-client": {ca: front, name: "front-proxy-client"},
		"sa":                 {name: "service-account"}, // only the key is used: it signs tokens
		"apiserver": {ca: ca, name: "kube-apiserver", server: true, ips: []net.IP{net.IPv4(10, 96, 0, 1)},
			names: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}},
		"apiserver-kubelet-client": {ca: ca, name: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		"kubelet":                  {ca: ca, name: "system:node:" + node, groups: []string{"system:nodes"}, server: true, names: []string{node}},
		"serving":                  {ca: ca, name: "serving", server: true}, // kwok, metrics-server, webhooks on 127.0.0.1
	} {
		if _, err := kept(dir, file, s); err != nil {
			return nil, nil, err
		}
	}
	for file, s := range map[string]subject{
		"admin":          {ca: ca, name: "admin", groups: []string{"system:masters"}},
		"kcm":            {ca: ca, name: "system:kube-controller-manager"},
		"scheduler":      {ca: ca, name: "system:kube-scheduler"},
		"kubelet-client": {ca: ca, name: "system:node:" + node, groups: []string{"system:nodes"}},
	} {
		p, err := kept(dir, file, s)
		if err != nil {
			return nil, nil, err
		}
		if err := writeKubeconfig(filepath.Join(dir, file+".kubeconfig"), server, ca, p); err != nil {
			return nil, nil, err
		}
		if file == "admin" {
			admin = p
		}
	}
	return ca, admin, nil
}

func writeKubeconfig(path, server string, ca, p *pair) error {
	b := base64.StdEncoding.EncodeToString
	return os.WriteFile(path, []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: plane
contexts: [{name: plane, context: {cluster: plane, user: plane}}]
clusters: [{name: plane, cluster: {server: "%s", certificate-authority-data: %s}}]
users: [{name: plane, user: {client-certificate-data: %s, client-key-data: %s}}]
`, server, b(ca.crtPEM), b(p.crtPEM), b(p.keyPEM))), 0o600)
}
