// Package backfill writes Prometheus blocks: weeks of samples in seconds, without a server and without text.
//
// In: series, either as a stream (stream.go) or made from a list of pods (generate.go). Out: block directories that
// Prometheus from 2.x on reads; point --storage.tsdb.path at the directory and set --storage.tsdb.retention.time.
package backfill

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// Main is the subcommand; args are its flags.
func Main(args []string) error {
	fs := flag.NewFlagSet("backfill", flag.ExitOnError)
	dir := fs.String("dir", "", "data directory of Prometheus, made if absent")
	in := fs.String("series", "", "stream of series to write: a file, or - for stdin")
	pods := fs.String("pods", "", "write made-up usage of these pods: lines namespace, deployment, replicaset, pod, index with tabs between")
	days := fs.Float64("days", 14, "with --pods: length of the history")
	step := fs.Duration("step", time.Minute, "with --pods: distance of usage samples")
	constStep := fs.Duration("owner-step", 5*time.Minute, "with --pods: distance of kube-state-metrics samples")
	end := fs.Int64("end", 0, "with --pods: end of the history in Unix seconds; 0: now")
	block := fs.Duration("block", 24*time.Hour, "length of a block; blocks begin at multiples of it")
	_ = fs.Parse(args)
	if *dir == "" || (*in == "") == (*pods == "") {
		return errors.New("--dir and one of --series and --pods are needed")
	}
	t0 := time.Now()
	var all []series
	var err error
	if *in != "" {
		all, err = readFrom(*in)
	} else {
		until := time.Now()
		if *end != 0 {
			until = time.Unix(*end, 0)
		}
		all, err = generate(*pods, span{until.Add(-time.Duration(*days * 24 * float64(time.Hour))).UnixMilli(), until.UnixMilli()},
			step.Milliseconds(), constStep.Milliseconds())
	}
	if err != nil {
		return err
	}
	n, err := writeBlocks(*dir, all, block.Milliseconds())
	if err != nil {
		return err
	}
	fmt.Printf("series %d samples %d blocks %d seconds %.2f\n", n.series, n.samples, n.blocks, time.Since(t0).Seconds())
	return nil
}

func readFrom(file string) ([]series, error) {
	var r io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return readStream(bufio.NewReaderSize(r, 1<<20))
}
