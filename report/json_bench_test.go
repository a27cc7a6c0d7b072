package report

import (
	"context"
	"encoding/json"
	"testing"

	"mailworthy/audit"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// benchmarked is the result of an audit of a domain with much to say of it.
func benchmarked(b *testing.B) *audit.Result {
	return audit.Run(context.Background(), resolver.NewOverlay(nil, reporttest.BundledZones(b)...), reporttest.BundledTargets["acme"], audit.Options{Now: reporttest.Started})
}

// BenchmarkRow is what a report costs in a run over many domains once its audit
// is done.
func BenchmarkRow(b *testing.B) {
	result := benchmarked(b)
	r := New(result, DefaultScale(), "1.0.0")
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			NewWithPolicy(result, nil, "1.0.0")
		}
	})
	b.Run("ndjson", func(b *testing.B) {
		var row []byte
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if row, err = AppendJSON(row[:0], r); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(row)))
	})
	b.Run("lean", func(b *testing.B) {
		var row []byte
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if row, err = AppendJSON(row[:0], Lean(r)); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(row)))
	})
	b.Run("tally", func(b *testing.B) {
		var total Tally
		b.ReportAllocs()
		for b.Loop() {
			total.Add(r.Count())
		}
	})
	// What encoding/json takes, before it would have to be told of bytes and lists.
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
