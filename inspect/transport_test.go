package inspect

import (
	"errors"
	"path/filepath"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/field"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// TestParts: each part has its own facts and findings, and what no zone answers and no
// network is asked for is neither missing nor passed.
func TestParts(t *testing.T) {
	zone := dnstest.Zone(t, "$ORIGIN acme.example.\n@ SOA a b 1 1 1 1 1\n@ MX 10 mx1\nmx1 A 192.0.2.1\nmta-sts A 192.0.2.2\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@acme.example\"\n_mta-sts TXT \"v=STSv1; id=1\"\n")
	for _, p := range []Part{MTASTS, TLSRPT, DNSSEC, DANE, BIMI} {
		got := p.Examine(t.Context(), resolver.NewSession(zone, 100), "acme.example", transport.Tools{})
		facts := 0
		for _, is := range []bool{got.MTASTS != nil, got.TLSRPT != nil, got.DNSSEC != nil, got.BIMI != nil} {
			if is {
				facts++
			}
		}
		if got.Schema != "mailworthy/"+p.Name+"/1" || got.Domain != "acme.example" || facts != 1 || len(got.Findings) == 0 || got.Queries == 0 {
			t.Errorf("%s: %+v", p.Name, got)
		}
		for _, f := range got.Findings {
			if f.Severity.AtLeast(finding.Error) {
				t.Errorf("%s: %s %s: %s", p.Name, f.Severity, f.Check, f.Detail)
			}
		}
	}
}

// TestLogo: what is wrong with what is stated of a logo is an error of its field.
func TestLogo(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	for _, tt := range []struct {
		stated Logo
		field  string
	}{
		{Logo{Selector: "default"}, ""},
		{Logo{Selector: "no selector"}, "selector"},
		{Logo{Selector: "v1", MarkRoots: none}, "mark_roots"},
	} {
		with, err := tt.stated.Tools()
		got := ""
		if wrong := (*field.Error)(nil); errors.As(err, &wrong) {
			got = wrong.Field
		} else if with.Selector != tt.stated.Selector {
			t.Errorf("%+v: %+v, %v", tt.stated, with, err)
		}
		if got != tt.field {
			t.Errorf("%+v: an error of %q, want %q: %v", tt.stated, got, tt.field, err)
		}
	}
}
