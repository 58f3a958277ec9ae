// etcd, embedded: one member on loopback.
package main

import (
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd starts etcd on dir and waits until it serves. The data is a test's: it is not fsynced.
func startEtcd(dir string, clientPort, peerPort int) (*embed.Etcd, error) {
	at := func(port int) []url.URL { return []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}} }
	c := embed.NewConfig()
	c.Dir = dir
	c.ListenClientUrls, c.AdvertiseClientUrls = at(clientPort), at(clientPort)
	c.ListenPeerUrls, c.AdvertisePeerUrls = at(peerPort), at(peerPort)
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.UnsafeNoFsync = true
	c.LogLevel = "fatal"             // at "error" a normal stop logs four stack traces
	c.TickMs, c.ElectionMs = 10, 100 // one member has no election to lose: ready in 0.05 s, not 0.8 s
	c.AutoCompactionMode, c.AutoCompactionRetention = "periodic", "5m"
	e, err := embed.StartEtcd(c)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case <-time.After(30 * time.Second):
		e.Close()
		return nil, fmt.Errorf("etcd: not ready after 30 s")
	}
}
