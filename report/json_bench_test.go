package report

import "testing"

// BenchmarkMarshalJSON is what a report costs in a run over many domains.
func BenchmarkMarshalJSON(b *testing.B) {
	r := reports()[0]
	text, err := MarshalJSON(r, "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := MarshalJSON(r, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCSVRow(b *testing.B) {
	r := reports()[0]
	b.ReportAllocs()
	for b.Loop() {
		CSVRow(r)
	}
}
