package backfill

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
)

// readBack gives all samples of a data directory by label set.
func readBack(t *testing.T, dir string) map[string]map[int64]float64 {
	t.Helper()
	out := map[string]map[int64]float64{}
	dirs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		ix, err := index.NewFileReader(filepath.Join(d, "index"), index.DecodePostingsRaw)
		if err != nil {
			t.Fatal(err)
		}
		cr, err := chunks.NewDirReader(filepath.Join(d, "chunks"), nil)
		if err != nil {
			t.Fatal(err)
		}
		name, value := index.AllPostingsKey()
		p, err := ix.Postings(t.Context(), name, value)
		if err != nil {
			t.Fatal(err)
		}
		for p.Next() {
			var b labels.ScratchBuilder
			var cs []chunks.Meta
			if err := ix.Series(p.At(), &b, &cs); err != nil {
				t.Fatal(err)
			}
			key := b.Labels().String()
			if out[key] == nil {
				out[key] = map[int64]float64{}
			}
			for _, c := range cs {
				chunk, _, err := cr.ChunkOrIterable(c)
				if err != nil {
					t.Fatal(err)
				}
				for it := chunk.Iterator(nil); it.Next() != chunkenc.ValNone; {
					at, v := it.At()
					out[key][at] = v
				}
			}
		}
	}
	return out
}

func TestStreamComesBack(t *testing.T) {
	const hour = 3_600_000
	in := `{"labels":{"__name__":"b","x":"1"},"start_ms":1000,"step_ms":1000,"values":[1,null,"NaN",2.5]}
{"labels":{"__name__":"a"},"start_ms":0,"step_ms":3600000,"constant":7,"count":50}
{"labels":{"__name__":"b","x":"1"},"start_ms":90000,"step_ms":1000,"count":2}
` + "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"
	all, err := readStream(bufio.NewReader(strings.NewReader(in)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n, err := writeBlocks(dir, all, 24*hour)
	if err != nil {
		t.Fatal(err)
	}
	if n.blocks != 3 || n.series != 2 || n.samples != 55 {
		t.Errorf("counts: %+v", n)
	}
	back := readBack(t, dir)
	if got := back[`{__name__="a"}`]; len(got) != 50 || got[49*hour] != 7 {
		t.Errorf("a: %v", got)
	}
	b := back[`{__name__="b", x="1"}`]
	if _, there := b[2000]; there || len(b) != 5 || b[1000] != 1 || !math.IsNaN(b[3000]) || b[90000] != 1 || b[91000] != 2 {
		t.Errorf("b: %v", b)
	}
}

func TestStreamRefuses(t *testing.T) {
	for what, in := range map[string]string{
		"no name":   `{"labels":{"x":"1"},"start_ms":0,"step_ms":1,"values":[1]}`,
		"no step":   `{"labels":{"__name__":"x"},"start_ms":0,"values":[1]}`,
		"truncated": `{"labels":{"__name__":"x"},"start_ms":0,"step_ms":1,"count":3}` + "\n12345678",
		"no JSON":   `hello`,
		"overlap":   `{"labels":{"__name__":"x"},"start_ms":0,"step_ms":1,"values":[1,2]}` + "\n" + `{"labels":{"__name__":"x"},"start_ms":1,"step_ms":1,"values":[1]}`,
	} {
		if _, err := readStream(bufio.NewReader(strings.NewReader(in))); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestGeneratedCounterRisesAcrossBlocks(t *testing.T) {
	const day = dayMs
	pods := filepath.Join(t.TempDir(), "pods.tsv")
	if err := os.WriteFile(pods, []byte("n\td\td-1\td-1-a\t3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := generate(pods, span{day / 2, 3 * day}, 60_000, 300_000)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := writeBlocks(dir, all, day); err != nil {
		t.Fatal(err)
	}
	for key, samples := range readBack(t, dir) {
		if !strings.Contains(key, "cpu") {
			continue
		}
		if len(samples) != 5*12*60 {
			t.Errorf("%d samples", len(samples))
		}
		for at, v := range samples {
			if before, ok := samples[at-60_000]; ok && before > v {
				t.Errorf("falls at %d: %v after %v", at, v, before)
			}
		}
	}
}

func TestIDsAreULIDs(t *testing.T) {
	a, b := newID(), newID()
	if len(a) != 26 || a == b || a[0] > '7' {
		t.Error(a, b)
	}
}
