// plane user: a kubeconfig with a client certificate for a new user of a plane.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func user(args []string) error {
	fs := flag.NewFlagSet("user", flag.ExitOnError)
	dir := fs.String("dir", "", "directory of the plane")
	name := fs.String("name", "", "user name")
	out := fs.String("out", "", "kubeconfig to write")
	var groups list
	fs.Var(&groups, "group", "group of the user (repeat)")
	_ = fs.Parse(args)
	if *dir == "" || *name == "" || *out == "" {
		return errors.New("--dir, --name and --out are needed")
	}
	ca, err := readPair(*dir, "ca")
	if err != nil {
		return fmt.Errorf("not the directory of a plane: %w", err)
	}
	server, err := os.ReadFile(filepath.Join(*dir, "server"))
	if err != nil {
		return fmt.Errorf("not the directory of a plane: %w", err)
	}
	p, err := issue(subject{ca: ca, name: *name, groups: groups})
	if err != nil {
		return err
	}
	return writeKubeconfig(*out, strings.TrimSpace(string(server)), ca, p)
}
