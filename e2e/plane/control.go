// The control channel of a running plane: lines on the unix socket DIR/control.sock.
//
// Requests are `VERB COMPONENT`, answers `ok` or `error: TEXT`, one line each.
//
//	stop kube-apiserver     SIGTERM, after 3 s SIGKILL; answered when it is gone
//	kill kube-apiserver     SIGKILL, answered when it is gone
//	start kube-apiserver    answered when it serves (kube-apiserver) or runs (others)
//	restart kube-apiserver  stop and start
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// socketPath goes through /proc/self/fd when the path is too long for a socket's address (108 bytes). The directory
// stays open for the life of the process.
func socketPath(dir string) (string, error) {
	path := filepath.Join(dir, "control.sock")
	if len(path) < 108 {
		return path, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", err
	}
	openDirs = append(openDirs, d)
	return fmt.Sprintf("/proc/self/fd/%d/control.sock", d.Fd()), nil
}

var openDirs []*os.File // so that the collector does not close them

// serveControl answers requests until the listener is closed.
func serveControl(dir string, handle func(verb, name string) error) (net.Listener, error) {
	path, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(path) // of an earlier run that was killed
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, handle)
		}
	}()
	return l, nil
}

func answer(c net.Conn, handle func(verb, name string) error) {
	defer c.Close()
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		verb, name, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		reply := "ok"
		if err := handle(verb, name); err != nil {
			reply = "error: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if _, err := fmt.Fprintln(c, reply); err != nil {
			return
		}
	}
}

// control carries out one request.
func control(parts []*part, ready func(name string) error, verb, name string) error {
	var p *part
	for _, q := range parts {
		if q.name == name {
			p = q
		}
	}
	switch {
	case p == nil:
		return fmt.Errorf("no component %q", name)
	case !p.child:
		return errInProcess
	}
	switch verb {
	case "stop":
		return p.end(false)
	case "kill":
		return p.end(true)
	case "start", "restart":
		if verb == "restart" {
			if err := p.end(false); err != nil {
				return err
			}
		}
		if err := p.start(); err != nil {
			return err
		}
		return ready(name)
	}
	return fmt.Errorf("no verb %q: stop, kill, start, restart", verb)
}

func ctl(args []string) error {
	fs := flag.NewFlagSet("ctl", flag.ExitOnError)
	dir := fs.String("dir", "run", "directory of the plane")
	_ = fs.Parse(args)
	if fs.NArg() != 2 {
		return errors.New("usage: plane ctl --dir DIR stop|kill|start|restart COMPONENT")
	}
	path, err := socketPath(*dir)
	if err != nil {
		return err
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintln(c, fs.Arg(0), fs.Arg(1))
	lines := bufio.NewScanner(c)
	if !lines.Scan() {
		return errors.New("the plane ended without an answer")
	}
	if reply := lines.Text(); reply != "ok" {
		return errors.New(strings.TrimPrefix(reply, "error: "))
	}
	return nil
}
