// plane up: a control plane on loopback, from its start to its end.
//
// Prints `READY SERVER KUBECONFIG` when the default ServiceAccount is there, runs until SIGTERM or SIGINT or until a
// component dies, and stops everything in reverse order. DIR afterwards: pki/, *.kubeconfig, etcd/, log/, server.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed audit.yaml
var defaultAuditPolicy []byte

type upOptions struct {
	dir, host             string
	node, children        string
	port                  int
	audit                 bool
	auditPolicy           string
	apiArgs, kcmArgs, sch list
}

func parseUp(args []string) (o upOptions, err error) {
	fs := flag.NewFlagSet("up", flag.ExitOnError)
	fs.StringVar(&o.dir, "dir", "run", "state: pki, kubeconfigs, logs, etcd data; kept from run to run")
	fs.StringVar(&o.host, "host", "127.0.0.1", "loopback address on which the API server listens; ::1 makes a cluster of IPv6 alone")
	fs.IntVar(&o.port, "port", 0, "API server port; 0: that of the last run on DIR, else a free one")
	fs.StringVar(&o.node, "node", "real-0", "name of the real node that kubelet-client.kubeconfig is for")
	fs.StringVar(&o.children, "children", "none", "components that run as child processes and can be restarted: all, none, or names with commas")
	fs.BoolVar(&o.audit, "audit", false, "write DIR/log/audit.log: all answered requests, without bodies")
	fs.StringVar(&o.auditPolicy, "audit-policy", "", "write DIR/log/audit.log by this policy")
	fs.Var(&o.apiArgs, "apiserver-arg", "extra kube-apiserver flag (repeat)")
	fs.Var(&o.kcmArgs, "kcm-arg", "extra kube-controller-manager flag (repeat)")
	fs.Var(&o.sch, "scheduler-arg", "extra kube-scheduler flag (repeat)")
	if err = fs.Parse(args); err != nil {
		return o, err
	}
	o.dir, err = filepath.Abs(o.dir)
	return o, err
}

// isChild says whether the named component is to be a process of its own.
func (o upOptions) isChild(name string) bool {
	return o.children == "all" || slices.Contains(strings.Split(o.children, ","), name)
}

// lay makes the directories, picks the ports and settles the audit policy.
func (o upOptions) lay() (l layout, err error) {
	l.dir = o.dir
	if err = os.MkdirAll(filepath.Join(l.dir, "log"), 0o755); err != nil {
		return l, err
	}
	if l.apiPort, err = stickyPort(l.dir, "apiserver", o.port); err != nil {
		return l, err
	}
	for _, p := range []*int{&l.etcdPort, &l.kcmPort, &l.schedPort} {
		if *p, err = freePort(); err != nil {
			return l, err
		}
	}
	l.host, l.server = o.host, "https://"+net.JoinHostPort(o.host, strconv.Itoa(l.apiPort))
	l.auditTo, l.auditPolicy = filepath.Join(l.dir, "log", "audit.log"), o.auditPolicy
	if o.audit && o.auditPolicy == "" {
		l.auditPolicy = filepath.Join(l.dir, "audit-policy.yaml")
		if err = os.WriteFile(l.auditPolicy, defaultAuditPolicy, 0o644); err != nil {
			return l, err
		}
	}
	return l, os.WriteFile(filepath.Join(l.dir, "server"), []byte(l.server+"\n"), 0o644)
}

func up(args []string) error {
	t0 := time.Now()
	say := func(what ...any) { fmt.Printf("%.2fs %s", time.Since(t0).Seconds(), fmt.Sprintln(what...)) }
	o, err := parseUp(args)
	if err != nil {
		return err
	}
	l, err := o.lay()
	if err != nil {
		return err
	}
	ca, admin, err := makeCredentials(l.dir, l.server, o.node)
	if err != nil {
		return err
	}
	if o.children != "all" {
		// What the components in this process log goes to a file; stdout stays the plane's own.
		f, err := os.OpenFile(filepath.Join(l.dir, "log", "plane.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		if err := syscall.Dup3(int(f.Fd()), 2, 0); err != nil {
			return err
		}
	}
	peerPort, err := freePort()
	if err != nil {
		return err
	}
	etcd, err := startEtcd(filepath.Join(l.dir, "etcd"), l.etcdPort, peerPort)
	if err != nil {
		return fail(err)
	}
	defer func() { etcd.Close(); say("stopped") }()
	say("etcd up")

	died, spawn := make(chan string, 8), spawner()
	make1 := func(name string, args []string) *part {
		return &part{name: name, args: args, child: o.isChild(name), logs: filepath.Join(l.dir, "log"), died: died, spawn: spawn}
	}
	parts := []*part{
		make1("kube-apiserver", l.apiserverArgs(o.apiArgs)),
		make1("kube-controller-manager", l.controllerManagerArgs(o.kcmArgs)),
		make1("kube-scheduler", l.schedulerArgs(o.sch)),
	}
	defer func() {
		for _, p := range slices.Backward(parts) {
			if err := p.end(false); err != nil {
				say(err)
			}
		}
	}()

	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go watch(cancel, died)
	h, err := newProbe(l.server, ca, admin)
	if err != nil {
		return fail(err)
	}
	if err := bringUp(ctx, parts, h, l.kcmPort, say); err != nil {
		return fail(err)
	}
	ready := func(name string) error {
		if name != "kube-apiserver" {
			return nil
		}
		return h.ok(ctx, "/readyz", 60*time.Second)
	}
	c, err := serveControl(l.dir, func(verb, name string) error { return control(parts, ready, verb, name) })
	if err != nil {
		return fail(err)
	}
	defer c.Close()
	fmt.Println("READY", l.server, l.kubeconfig("admin"))
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, errAsked) {
		return fail(err)
	}
	return nil
}

var errAsked = errors.New("asked to stop")

// watch ends the run at a signal or at the death of a component.
func watch(cancel context.CancelCauseFunc, died <-chan string) {
	sig := make(chan os.Signal, 2)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-sig:
		cancel(errAsked)
	case what := <-died:
		cancel(fmt.Errorf("died: %s", what))
	}
}

func bringUp(ctx context.Context, parts []*part, h *probe, kcmPort int, say func(...any)) error {
	if err := parts[0].start(); err != nil {
		return err
	}
	if err := h.ok(ctx, "/readyz", 90*time.Second); err != nil {
		return err
	}
	say("API server ready")
	for _, p := range parts[1:] {
		if err := p.start(); err != nil {
			return err
		}
	}
	if err := h.ok(ctx, "/api/v1/namespaces/default/serviceaccounts/default", 60*time.Second); err != nil {
		return err
	}
	say("default ServiceAccount there")
	return h.controllersRun(ctx, kcmPort, 30*time.Second)
}

// fail says it on stdout too: stderr may have become the components' log file.
func fail(err error) error {
	fmt.Println("FAILED", err)
	return err
}
