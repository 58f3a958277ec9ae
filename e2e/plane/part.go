// A component that can be started and stopped: as a goroutine of this process or as a child process.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// part is one component. Its methods may be called from any goroutine, but a child is started from the thread that
// lives as long as the process (see spawner): a child's parent-death signal follows the thread that made it.
type part struct {
	name  string
	args  []string
	child bool
	logs  string        // directory
	died  chan<- string // told the name when the component ends without having been asked to
	spawn func(func() error) error

	mu  sync.Mutex
	run *running
}

type running struct {
	stop, kill func()
	done       chan struct{}
	asked      bool // to stop
}

// inProcess runs a component until ctx ends; the arguments are its command line. A plane of another Kubernetes version has
// none: see inprocess.go and extras.go.
var inProcess = map[string]func(ctx context.Context, args []string) error{}

var errInProcess = errors.New("this component runs in the plane's own process: start the plane with --children")

func (p *part) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		return fmt.Errorf("%s runs already", p.name)
	}
	r := &running{done: make(chan struct{})}
	wait, err := p.launch(r)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.run = r
	go func() {
		err := wait()
		p.mu.Lock()
		p.run = nil
		asked := r.asked
		p.mu.Unlock()
		close(r.done)
		if !asked {
			p.died <- fmt.Sprintf("%s: %v", p.name, err)
		}
	}()
	return nil
}

func (p *part) launch(r *running) (wait func() error, err error) {
	if !p.child {
		run, ok := inProcess[p.name]
		if !ok {
			return nil, errors.New("this plane runs its components only as children: start it with --children all")
		}
		ctx, cancel := context.WithCancel(context.Background())
		r.stop, r.kill = cancel, cancel
		return func() error { return run(ctx, p.args) }, nil
	}
	log, err := os.OpenFile(filepath.Join(p.logs, p.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command("/proc/self/exe", append([]string{p.name}, p.args...)...)
	c.Stdout, c.Stderr = log, log
	// A process group of its own: a terminal's ^C reaches only the parent, which stops its children in order.
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := p.spawn(c.Start); err != nil {
		return nil, err
	}
	r.stop = func() { _ = c.Process.Signal(syscall.SIGTERM) }
	r.kill = func() { _ = c.Process.Kill() }
	return c.Wait, nil
}

// grace is how long a component may take to stop in order. The API server would wait a minute for its open watches.
const grace = 3 * time.Second

// end stops the component, in order or at once, and waits until it is gone. One that does not stop in order is killed;
// a goroutine cannot be, which is an error.
func (p *part) end(kill bool) error {
	p.mu.Lock()
	r := p.run
	if r == nil {
		p.mu.Unlock()
		return nil
	}
	r.asked = true
	p.mu.Unlock()
	if !kill {
		r.stop()
		select {
		case <-r.done:
			return nil
		case <-time.After(grace):
		}
	}
	r.kill()
	select {
	case <-r.done:
		return nil
	case <-time.After(grace):
		return fmt.Errorf("%s did not stop", p.name)
	}
}

// spawner runs functions on one locked thread for as long as the process lives.
func spawner() func(func() error) error {
	type job struct {
		f    func() error
		done chan error
	}
	jobs := make(chan job)
	go func() {
		runtime.LockOSThread()
		for j := range jobs {
			j.done <- j.f()
		}
	}()
	return func(f func() error) error {
		j := job{f, make(chan error)}
		jobs <- j
		return <-j.done
	}
}
