// plane serving: a certificate authority of its own, and a certificate of it for a server on loopback. Servers beside a plane
// use it, such as a Prometheus behind a private authority.
package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
)

func serving(args []string) error {
	fs := flag.NewFlagSet("serving", flag.ExitOnError)
	dir := fs.String("dir", "", "directory that gets pki/ca.crt, pki/serving.crt and pki/serving.key, with the keys of both")
	name := fs.String("name", "private-ca", "name of the authority")
	_ = fs.Parse(args)
	if *dir == "" {
		return errors.New("--dir is needed")
	}
	if err := os.MkdirAll(filepath.Join(*dir, "pki"), 0o755); err != nil {
		return err
	}
	ca, err := kept(*dir, "ca", subject{name: *name})
	if err != nil {
		return err
	}
	_, err = kept(*dir, "serving", subject{ca: ca, name: "serving", server: true})
	return err
}
