// Command burn is what runs in the containers of the real node.
//
//	burn                         uses CPU (in cores) and MEM (in MiB) of the environment, serves on ADDR (default :8080)
//	burn pause                   only waits: the container that holds a pod's namespaces
//	burn image OUT NAME ARGS...  writes an image of itself; see image.go
//
// GET /set?cpu=0.5&mem=100 changes what it uses, until it is started anew; GET / says how many MiB it holds.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	milliCores atomic.Int64
	holding    sync.Mutex
	held       [][]byte
	heldMiB    atomic.Int64
)

// hold keeps mib MiB, each page of it touched. A MiB every 2 ms: slow enough for its cgroup to be read on the way.
func hold(mib int) {
	holding.Lock()
	defer holding.Unlock()
	for len(held) < mib {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		held = append(held, block)
		heldMiB.Store(int64(len(held)))
		time.Sleep(2 * time.Millisecond)
	}
	if len(held) > mib {
		held = append([][]byte(nil), held[:mib]...)
		debug.FreeOSMemory()
	}
	heldMiB.Store(int64(len(held)))
}

// spin uses the core'th core as far as milliCores says, a tenth of a second at a time.
func spin(core int64) {
	for {
		share := min(max(milliCores.Load()-core*1000, 0), 1000)
		for end := time.Now().Add(time.Duration(share) * 100 * time.Microsecond); time.Now().Before(end); {
		}
		time.Sleep(time.Duration(1000-share) * 100 * time.Microsecond)
	}
}

func set(cpu, mem string) {
	if cores, err := strconv.ParseFloat(cpu, 64); err == nil {
		milliCores.Store(int64(cores * 1000))
	}
	if mib, err := strconv.Atoi(mem); err == nil {
		go hold(mib)
	}
}

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	if len(os.Args) > 1 {
		switch {
		case os.Args[1] == "pause":
			<-end
			return
		case os.Args[1] == "image" && len(os.Args) > 3:
			if err := image(os.Args[2], os.Args[3], os.Args[4:]); err != nil {
				fmt.Fprintln(os.Stderr, "burn image:", err)
				os.Exit(1)
			}
			return
		}
		fmt.Fprintln(os.Stderr, "usage: burn | burn pause | burn image OUT NAME ARGS...")
		os.Exit(2)
	}
	for core := range int64(4) {
		go spin(core)
	}
	set(os.Getenv("CPU"), os.Getenv("MEM"))
	http.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
		set(r.FormValue("cpu"), r.FormValue("mem"))
		fmt.Fprintln(w, "ok")
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, heldMiB.Load()) })
	address := os.Getenv("ADDR")
	if address == "" {
		address = ":8080"
	}
	go func() { fmt.Println(http.ListenAndServe(address, nil)) }()
	<-end
}
