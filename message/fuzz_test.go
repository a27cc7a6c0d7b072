package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"mailworthy/finding"
)

// FuzzRead: whatever is read, nothing panics, the parts add up to the whole, and
// what is said of it is bounded.
func FuzzRead(f *testing.F) {
	f.Add([]byte(clean))
	f.Add([]byte(strings.ReplaceAll(clean, "\n", "\r\n")))
	f.Add([]byte("From x\n\xef\xbb\xbfFrom: a: b <c@d>;, \"e\\\"f\"@[x] (y(z\nReceived: from [ (helo=x) (1.2.3.4 by ; Sat\nDate: ;\n\n\x00\r"))
	f.Add([]byte("\xef\xbb\xbfList-Unsubscribe: x<a>(<b>,<mailto:>\nList-Unsubscribe-Post: =\nX-SMTPAPI: {\"to\":[[[\nX-MC-Metadata: {\"_\":[]}\nSubject: =?utf-8?q?=?==?x?b?=?=\n\n"))
	for _, tt := range flawed {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Read(bytes.NewReader(in))
		if err != nil {
			if !errors.Is(err, ErrNotMessage) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if head := string(m.Prefix) + string(m.Header); !strings.HasPrefix(string(in), head) ||
			int64(len(in)) != int64(len(head))+m.Layout.BodyOctets {
			t.Fatal("prefix, header and body are not the message")
		}
		for _, field := range m.Fields {
			if !bytes.HasPrefix(in[field.Offset:], []byte(field.Name)) {
				t.Fatalf("%s is not where it is said to be", field.Name)
			}
		}
		for _, one := range Check(m.Facts(), Context{Now: now, Signatures: signed}).Findings() {
			if one.Severity != finding.Pass && one.Detail == "" || len(one.Detail) > 2000 {
				t.Fatalf("%s: a detail of %d bytes", one.Check, len(one.Detail))
			}
		}
	})
}
