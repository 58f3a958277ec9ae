// Command plane is a whole Kubernetes control plane, with what tests need around it, in one multi-call binary.
//
//	plane up        run a control plane on loopback; see up.go
//	plane ctl       stop, kill, start or restart one of its components; see control.go
//	plane user      sign a client certificate and write a kubeconfig for it; see user.go
//	plane serving   make a certificate authority and a server's certificate; see serving.go
//	plane backfill  write Prometheus blocks; see backfill/main.go
//	plane kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kubectl|kwok|metrics-server FLAGS
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // CronJobs with a time zone work on machines without zoneinfo
)

const usage = `usage: plane COMMAND [flags]
  up        run a control plane on loopback
  ctl       stop, kill, start or restart one of its components
  user      write a kubeconfig for a new user
  serving   make a certificate authority of its own, and a certificate for a server on loopback
  backfill  write Prometheus blocks
  kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl, kwok, metrics-server
            the component of that name, with its own flags`

// commands are those of the plane itself and of tools; extras.go adds to them.
var commands = map[string]func(args []string) error{"up": up, "ctl": ctl, "user": user, "serving": serving}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = append(os.Args[:1], os.Args[2:]...) // components read os.Args themselves
	var err error
	if command, ok := commands[name]; ok {
		err = command(os.Args[1:])
	} else {
		if code, ok := runComponent(name); ok {
			os.Exit(code)
		}
		err = fmt.Errorf("no command %q\n%s", name, usage)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "plane %s: %v\n", name, err)
		os.Exit(1)
	}
}
