package backfill

import (
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// samplesPerChunk is Prometheus' own.
const samplesPerChunk = 120

// batch is how many series are encoded before they are written: it bounds memory.
const batch = 128

type counts struct{ series, samples, blocks uint64 }

// writeBlocks writes all series into blocks of the given length in milliseconds. All blocks are open at once, so each
// series is computed once and held only while it is written; series are encoded on all processors.
func writeBlocks(dir string, all []series, length int64) (n counts, err error) {
	if len(all) == 0 || length <= 0 {
		return n, fmt.Errorf("no series, or a block length of %d ms", length)
	}
	slices.SortFunc(all, func(a, b series) int { return labels.Compare(a.labels, b.labels) })
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return n, err
	}
	blocks, err := openBlocks(dir, all, length)
	if err != nil {
		return n, err
	}
	base := blocks[0].within.from
	for group := range slices.Chunk(all, batch) {
		for i, byBlock := range encodeAll(group, base, length, len(blocks)) {
			for b, cs := range byBlock {
				if len(cs) == 0 {
					continue
				}
				if err := blocks[b].add(group[i].labels, cs); err != nil {
					return n, err
				}
			}
		}
	}
	n.series = uint64(len(all))
	for _, b := range blocks {
		if err := b.close(); err != nil {
			return n, err
		}
		n.samples += b.stats.NumSamples
		if b.stats.NumSeries > 0 {
			n.blocks++
		}
	}
	return n, nil
}

func openBlocks(dir string, all []series, length int64) ([]*block, error) {
	within := all[0].within
	strings := map[string]bool{}
	for _, s := range all {
		within = span{min(within.from, s.within.from), max(within.to, s.within.to)}
		s.labels.Range(func(l labels.Label) { strings[l.Name], strings[l.Value] = true, true })
	}
	symbols := make([]string, 0, len(strings))
	for s := range strings {
		symbols = append(symbols, s)
	}
	slices.Sort(symbols)
	from := within.from - within.from%length
	if count := (within.to - from + length - 1) / length; count > 1000 {
		return nil, fmt.Errorf("%d blocks: choose longer ones", count)
	}
	var blocks []*block
	for ; from < within.to; from += length {
		b, err := openBlock(dir, span{from, from + length}, symbols)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// encodeAll gives per series and per block its chunks.
func encodeAll(group []series, base, length int64, blocks int) [][][]chunks.Meta {
	out := make([][][]chunks.Meta, len(group))
	next := make(chan int, len(group))
	for i := range group {
		next <- i
	}
	close(next)
	done := make(chan struct{})
	workers := runtime.GOMAXPROCS(0)
	for range workers {
		go func() {
			for i := range next {
				out[i] = encode(group[i], base, length, blocks)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
	return out
}

func encode(s series, base, length int64, blocks int) [][]chunks.Meta {
	out := make([][]chunks.Meta, blocks)
	var chunk *chunkenc.XORChunk
	var to chunkenc.Appender
	current, n := -1, 0
	s.each(func(t int64, v float64) {
		b := int((t - base) / length)
		if b != current || n == samplesPerChunk {
			chunk = chunkenc.NewXORChunk()
			to, _ = chunk.Appender() // fails only on a chunk with damaged content
			out[b] = append(out[b], chunks.Meta{Chunk: chunk, MinTime: t})
			current, n = b, 0
		}
		to.Append(0, t, v)
		out[b][len(out[b])-1].MaxTime = t
		n++
	})
	return out
}
