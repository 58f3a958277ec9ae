package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// roots is the file of certificate authorities that Mozilla trusts for servers, as go.sum fixes it. Those that Mozilla
// trusts under a condition, such as for certificates made before a day, are left out: a file of certificates cannot
// say the condition.
func roots() ([]byte, error) {
	var out bytes.Buffer
	count := 0
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "# %s\n", certificate.Subject)
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
		count++
	}
	if count < 100 {
		return nil, fmt.Errorf("only %d certificate authorities", count)
	}
	return out.Bytes(), nil
}
