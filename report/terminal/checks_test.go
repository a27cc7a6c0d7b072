package terminal

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/report"
	"mailworthy/report/view"
)

func TestWriteCheck(t *testing.T) {
	c, ok := report.FindCheck("spf-multiple-records")
	if !ok {
		t.Fatal("no such check")
	}
	var b bytes.Buffer
	if err := WriteDoc(&b, view.CheckDoc(c), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"spf-multiple-records", "critical", "\nWhen\n", "\nWhy\n", "\nWhat to do\n", "7208"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}
