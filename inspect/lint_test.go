package inspect

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mailworthy/finding"
	"mailworthy/report"
)

// TestLint: each type has a record that is valid and one that is not, whose finding is of
// a check that is documented; several lines are no record.
func TestLint(t *testing.T) {
	for _, tt := range []struct{ kind, valid, invalid string }{
		{"spf", "v=spf1 mx -all\n", "v=spf1 inlude:_spf.esp.example -all"},
		{"dkim", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "v=DKIM1; p=!"},
		{"dmarc", "v=DMARC1; p=reject", "v=DMARC1; p=perhaps; sp=no"},
		{"mta-sts", "v=STSv1; id=20261121", "v=STSv1"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:tls@acme.example", "v=TLSRPTv1"},
		{"mta-sts-policy", "version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 604800\n", "version: STSv1\nmode: enforce\nmax_age: 604800\n"},
		{"tlsa", "3 1 1 " + strings.Repeat("ab", 32), "3 1 1 " + strings.Repeat("ab", 31)},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg", "v=BIMI1; l=http://acme.example/logo.svg"},
	} {
		if !slices.Contains(RecordTypes, tt.kind) {
			t.Errorf("%s is no type", tt.kind)
		}
		for text, valid := range map[string]bool{tt.valid: true, tt.invalid: false, tt.valid + "\n" + tt.valid: false} {
			l := Lint(tt.kind, []byte(text))
			if l.Type != tt.kind || l.Valid != valid {
				t.Errorf("%s %q: %+v", tt.kind, text, l)
			}
			wrong := slices.IndexFunc(l.Findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Error) })
			if (wrong < 0) != l.Valid {
				t.Errorf("%s %q: valid %v, findings %+v", tt.kind, text, l.Valid, l.Findings)
			}
			if wrong >= 0 {
				if _, ok := report.FindCheck(l.Findings[wrong].Check); !ok {
					t.Errorf("%s: no check %q", tt.kind, l.Findings[wrong].Check)
				}
			}
		}
	}
	if n := recordLines([]byte("v=DKIM1;\n p=abc\n")); n != 1 {
		t.Errorf("a record over two lines is %d", n)
	}
}

// TestMaxInput: the longest record of each type may be read; a policy and a certificate in
// hexadecimal are longer than a record.
func TestMaxInput(t *testing.T) {
	for _, kind := range RecordTypes {
		if most := MaxInput(kind); most < MaxRecord {
			t.Errorf("%s: %d bytes, and a record has up to %d", kind, most, MaxRecord)
		}
	}
	if hex, record := MaxInput("tlsa"), MaxInput("spf"); hex <= 2*record {
		t.Errorf("%d characters of TLSA do not hold a record of %d bytes", hex, record)
	}
}

// TestReadInput: what a type may hold is read with a line break at its end, and no more.
func TestReadInput(t *testing.T) {
	whole := strings.Repeat("x", MaxInput("spf")) + "\r\n"
	if got, err := ReadInput("spf", strings.NewReader(whole), "RECORD"); err != nil || string(got) != whole {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for want, r := range map[string]io.Reader{"RECORD: over 65535 bytes, more than a record can hold": strings.NewReader(whole + "x"),
		"RECORD: gone": iotest.ErrReader(errors.New("gone"))} {
		if _, err := ReadInput("spf", r, "RECORD"); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
