package backfill

import (
	"github.com/prometheus/prometheus/model/labels"
)

// span is a range of time in Unix milliseconds: from inclusive, to exclusive.
type span struct{ from, to int64 }

// series is one time series: what it is called, when it has samples, and how to get them.
type series struct {
	labels labels.Labels
	within span // of all its samples
	// each calls yield for every sample, in ascending order of time. It may run beside those of other series.
	each func(yield func(t int64, v float64))
}
