package backfill

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
)

// block is one block that is being written. Series come in the order of their labels.
type block struct {
	dir, tmp, id string
	within       span // limits of the block; the samples may span less
	have         span // of the samples written
	chunks       *chunks.Writer
	index        *index.Writer
	stats        blockStats
}

type blockStats struct {
	NumSamples uint64 `json:"numSamples,omitempty"`
	NumSeries  uint64 `json:"numSeries,omitempty"`
	NumChunks  uint64 `json:"numChunks,omitempty"`
}

// openBlock makes the block's directory under a temporary name and writes its symbols: all strings that the labels
// of its series have, sorted.
func openBlock(dir string, within span, symbols []string) (*block, error) {
	b := &block{dir: dir, id: newID(), within: within}
	b.tmp = filepath.Join(dir, b.id+".tmp-for-creation") // a name that Prometheus removes if it finds it at start
	var err error
	// A small segment: the writer preallocates one per open block.
	if b.chunks, err = chunks.NewWriter(filepath.Join(b.tmp, "chunks"), chunks.WithSegmentSize(64<<20)); err != nil {
		return nil, err
	}
	if b.index, err = index.NewWriter(context.Background(), filepath.Join(b.tmp, "index")); err != nil {
		return nil, err
	}
	for _, s := range symbols {
		if err = b.index.AddSymbol(s); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// add writes one series; cs must not be empty.
func (b *block) add(l labels.Labels, cs []chunks.Meta) error {
	if err := b.chunks.WriteChunks(cs...); err != nil {
		return err
	}
	if err := b.index.AddSeries(storage.SeriesRef(b.stats.NumSeries), l, cs...); err != nil {
		return err
	}
	from, to := cs[0].MinTime, cs[len(cs)-1].MaxTime+1
	if b.stats.NumSeries == 0 {
		b.have = span{from, to}
	}
	b.have = span{min(b.have.from, from), max(b.have.to, to)}
	b.stats.NumSeries++
	b.stats.NumChunks += uint64(len(cs))
	for _, c := range cs {
		b.stats.NumSamples += uint64(c.Chunk.NumSamples())
	}
	return nil
}

// close finishes the block and gives it its name; one without samples is removed.
func (b *block) close() error {
	if err := b.chunks.Close(); err != nil {
		return err
	}
	if err := b.index.Close(); err != nil {
		return err
	}
	if b.stats.NumSeries == 0 {
		return os.RemoveAll(b.tmp)
	}
	meta, err := json.Marshal(map[string]any{
		"version": 1, "ulid": b.id, "minTime": b.have.from, "maxTime": b.have.to, "stats": b.stats,
		"compaction": map[string]any{"level": 1, "sources": []string{b.id}},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.tmp, "meta.json"), meta, 0o644); err != nil {
		return err
	}
	return os.Rename(b.tmp, filepath.Join(b.dir, b.id))
}

// newID is a ULID: 48 bits of milliseconds and 80 of randomness in Crockford's base 32.
func newID() string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var raw [16]byte
	ms := uint64(time.Now().UnixMilli())
	for i := range 6 {
		raw[i] = byte(ms >> (40 - 8*i))
	}
	_, _ = rand.Read(raw[6:]) // never fails: it ends the process instead
	var out [26]byte
	// 130 bits are written, of which the first two are zero.
	for i := range out {
		v := 0
		for bit := 5*i - 2; bit < 5*i+3; bit++ {
			v <<= 1
			if bit >= 0 {
				v |= int(raw[bit/8]>>(7-bit%8)) & 1
			}
		}
		out[i] = digits[v]
	}
	return string(out[:])
}
