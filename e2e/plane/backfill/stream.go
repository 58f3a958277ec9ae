package backfill

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
)

// header is one record of a stream: a line of JSON. Sample i is at start_ms + i × step_ms. The samples are one of
//
//	values    in the line: numbers, null (no sample), or the strings "NaN", "+Inf", "-Inf"
//	constant  the same value count times
//	(neither) count float64, little endian, in the 8 × count bytes after the line's end
//
// Records with the same labels are one series; a gap is made by two records. Any order, but they must not overlap.
type header struct {
	Labels   map[string]string `json:"labels"`
	StartMs  int64             `json:"start_ms"`
	StepMs   int64             `json:"step_ms"`
	Values   []value           `json:"values"`
	Constant *value            `json:"constant"`
	Count    int               `json:"count"`
}

// absent stands for null: a bit pattern that no computation gives.
var absent = math.Float64frombits(0x7ff8_dead_beef_0001)

type value float64

func (v *value) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = value(absent)
		return nil
	}
	if len(b) > 1 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*v = value(f)
	return err
}

// run is the samples of one record.
type run struct {
	start, step int64
	count       int
	constant    bool
	values      []float64 // one if constant
}

func (r run) end() int64 { return r.start + int64(r.count-1)*r.step }

func readStream(r *bufio.Reader) ([]series, error) {
	runs := map[string][]run{}
	names := map[string]labels.Labels{}
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		var h header
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, fmt.Errorf("record %d: %w", n, err)
		}
		one, err := readRun(r, h)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", n, err)
		}
		if one.count == 0 {
			continue
		}
		l := labels.FromMap(h.Labels)
		key := l.String()
		names[key] = l
		runs[key] = append(runs[key], one)
	}
	all := make([]series, 0, len(runs))
	for key, rs := range runs {
		s, err := join(names[key], rs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func readRun(r *bufio.Reader, h header) (run, error) {
	switch {
	case len(h.Labels) == 0 || h.Labels["__name__"] == "":
		return run{}, fmt.Errorf("labels without __name__")
	case h.StepMs <= 0 || h.Count < 0:
		return run{}, fmt.Errorf("step_ms must be above 0 and count not below")
	case h.Constant != nil:
		return run{h.StartMs, h.StepMs, h.Count, true, []float64{float64(*h.Constant)}}, nil
	case h.Values != nil:
		values := make([]float64, len(h.Values))
		for i, v := range h.Values {
			values[i] = float64(v)
		}
		return run{h.StartMs, h.StepMs, len(values), false, values}, nil
	}
	raw := make([]byte, 8*h.Count)
	if _, err := io.ReadFull(r, raw); err != nil {
		return run{}, fmt.Errorf("%d values announced: %w", h.Count, err)
	}
	values := make([]float64, h.Count)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return run{h.StartMs, h.StepMs, h.Count, false, values}, nil
}

// join makes one series of its runs.
func join(l labels.Labels, runs []run) (series, error) {
	slices.SortFunc(runs, func(a, b run) int { return int(min(max(a.start-b.start, -1), 1)) })
	for i := 1; i < len(runs); i++ {
		if runs[i].start <= runs[i-1].end() {
			return series{}, fmt.Errorf("records overlap at %d ms", runs[i].start)
		}
	}
	each := func(yield func(int64, float64)) {
		for _, r := range runs {
			for i := range r.count {
				v := r.values[0]
				if !r.constant {
					v = r.values[i]
				}
				if math.Float64bits(v) != math.Float64bits(absent) {
					yield(r.start+int64(i)*r.step, v)
				}
			}
		}
	}
	return series{l, span{runs[0].start, runs[len(runs)-1].end() + 1}, each}, nil
}
