// Free ports on loopback.
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// freePort picks below the range that the kernel gives to outgoing connections (from 32768): a port of that range
// can be taken by any connection between the pick and the component's own bind. The port is reserved until this process
// ends: a component binds seconds later, and other planes and the tests (harness/src/ports.rs) pick meanwhile.
func freePort() (int, error) {
	for range 200 {
		if p := 12000 + rand.IntN(20000); reserve(p) && canBind(p) {
			return p, nil
		}
	}
	return 0, errors.New("no free port on 127.0.0.1 between 12000 and 32000")
}

// held are the reservations of this process; a listener that nobody refers to would be closed by the collector.
var held []net.Listener

// reserve takes the name that stands for the port: a socket without a file, which the kernel removes with its process.
func reserve(port int) bool {
	l, err := net.Listen("unix", fmt.Sprintf("@trimtab-port-%d", port))
	if err != nil {
		return false
	}
	held = append(held, l)
	return true
}

func canBind(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// stickyPort is the port of an earlier run on the same directory if it is still free, so that kubeconfigs made then
// stay good; else a new one. asked, if not 0, wins.
func stickyPort(dir, name string, asked int) (int, error) {
	file := filepath.Join(dir, name+".port")
	port := asked
	if port == 0 {
		if b, err := os.ReadFile(file); err == nil {
			if p, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && reserve(p) && canBind(p) {
				port = p
			}
		}
	}
	if port == 0 {
		p, err := freePort()
		if err != nil {
			return 0, err
		}
		port = p
	}
	return port, os.WriteFile(file, []byte(strconv.Itoa(port)), 0o644)
}
