package format

import "encoding/csv"

// Text is what rows are added to. It may be emptied and used again, and is for one
// goroutine at a time.
type Text struct {
	Bytes []byte
	// csv writes into the bytes; nil until it is used.
	csv *csv.Writer
}

// Write adds to the text.
func (t *Text) Write(p []byte) (int, error) {
	t.Bytes = append(t.Bytes, p...)
	return len(p), nil
}

func (t *Text) csvRows(rows ...[]string) error {
	if t.csv == nil {
		t.csv = csv.NewWriter(t)
	}
	return t.csv.WriteAll(rows)
}
