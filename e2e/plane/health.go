// Waiting for the components.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// probe asks the API server as the admin.
type probe struct {
	server string
	client *http.Client
}

func newProbe(server string, ca, admin *pair) (*probe, error) {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	crt, err := tls.X509KeyPair(admin.crtPEM, admin.keyPEM)
	if err != nil {
		return nil, err
	}
	return &probe{server, &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{crt}}},
	}}, nil
}

// ok asks the API server for path until it answers 200, ctx ends or the limit has passed.
func (p *probe) ok(ctx context.Context, path string, limit time.Duration) error {
	return p.says(ctx, p.client, p.server+path, "", limit)
}

// controllersRun waits until the controller manager has made all its controllers. While it makes them it ends if the
// API server goes away; afterwards it waits for it. It serves its checks, one per controller, only from then on.
func (p *probe) controllersRun(ctx context.Context, port int, limit time.Duration) error {
	// Its certificate is signed by itself, and nothing secret is sent.
	anyone := &http.Client{Timeout: p.client.Timeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	return p.says(ctx, anyone, fmt.Sprintf("https://127.0.0.1:%d/healthz?verbose", port), "namespace-controller", limit)
}

// says asks url every 50 ms until it answers 200 with text in the body.
func (p *probe) says(ctx context.Context, client *http.Client, url, text string, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s was not ready within %s", url, limit))
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if r, err := client.Do(req); err == nil {
			body, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode == http.StatusOK && strings.Contains(string(body), text) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
