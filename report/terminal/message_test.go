package terminal

import (
	"bytes"
	"testing"

	"mailworthy/internal/golden"
	"mailworthy/internal/show"
	"mailworthy/report/reporttest"
	"mailworthy/report/view"
)

func TestWriteMessage(t *testing.T) {
	for name, m := range reporttest.Messages(t) {
		for suffix, o := range map[string]Options{"": {Width: 80}, "-ascii": {Width: 60, ASCII: true, Verbose: true}} {
			t.Run(name+suffix, func(t *testing.T) {
				var b bytes.Buffer
				if err := WriteDoc(&b, view.MessageDoc(m), o); err != nil {
					t.Fatal(err)
				}
				for _, c := range b.String() {
					if c != '\n' && show.Invisible(c) || o.ASCII && c > 0x7e {
						t.Errorf("%q reaches the terminal", c)
					}
				}
				golden.Compare(t, "testdata/message/"+name+suffix+".txt", b.Bytes())
			})
		}
	}
}
