// Keys and certificates. Those that a directory already has are kept, so that kubeconfigs and ServiceAccount tokens
// outlive a restart on the same directory.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pair is a certificate and its key, parsed and as PEM.
type pair struct {
	cert           *x509.Certificate
	key            *ecdsa.PrivateKey
	crtPEM, keyPEM []byte
}

// subject says what a certificate is for. Without a CA it is a self-signed CA itself.
type subject struct {
	ca     *pair
	name   string
	groups []string
	server bool // may also serve, on 127.0.0.1, ::1, localhost and names
	names  []string
	ips    []net.IP
}

func issue(s subject) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: s.name, Organization: s.groups},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if s.server {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		t.DNSNames = append([]string{"localhost"}, s.names...)
		t.IPAddresses = append([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, s.ips...)
	}
	parent, signer := t, key
	if s.ca == nil {
		t.IsCA, t.ExtKeyUsage = true, nil
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	} else {
		parent, signer = s.ca.cert, s.ca.key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return parsePair(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

func parsePair(crtPEM, keyPEM []byte) (*pair, error) {
	both, err := tls.X509KeyPair(crtPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	key, ok := both.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("not an ECDSA key: %T", both.PrivateKey)
	}
	return &pair{cert: both.Leaf, key: key, crtPEM: crtPEM, keyPEM: keyPEM}, nil
}

// readPair reads DIR/pki/NAME.crt and .key.
func readPair(dir, file string) (*pair, error) {
	base := filepath.Join(dir, "pki", file)
	crt, err := os.ReadFile(base + ".crt")
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(base + ".key")
	if err != nil {
		return nil, err
	}
	return parsePair(crt, key)
}

// kept reads a pair of an earlier run, or issues it and writes it.
func kept(dir, file string, s subject) (*pair, error) {
	if p, err := readPair(dir, file); err == nil {
		return p, nil
	} else if !os.IsNotExist(err) {
		return nil, fmt.Errorf("pki/%s: %w", file, err)
	}
	p, err := issue(s)
	if err != nil {
		return nil, fmt.Errorf("pki/%s: %w", file, err)
	}
	base := filepath.Join(dir, "pki", file)
	if err := os.WriteFile(base+".crt", p.crtPEM, 0o644); err != nil {
		return nil, err
	}
	return p, os.WriteFile(base+".key", p.keyPEM, 0o600)
}
