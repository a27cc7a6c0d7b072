package view_test

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/report/view"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// What no resolver was asked, on purpose, is not checked; what one did not answer is not known.
func TestSignedOffline(t *testing.T) {
	signed := func(reason resolver.Reason) *transport.DNSSECFacts {
		q := transport.Signed{State: transport.Present, Security: transport.Undetermined}
		f := &transport.DNSSECFacts{Domain: "acme.example", Why: "whether the resolver validates is not known: " + string(reason),
			Root: transport.Signed{Security: transport.Undetermined, Reason: string(reason)}, SOA: q, MX: q, DS: q,
			Hosts: []transport.SignedHost{{Name: "mx.acme.example", A: q, TLSA: transport.Signed{State: transport.Absent, Security: transport.Undetermined}}}}
		return f
	}
	for _, tt := range []struct {
		reason    resolver.Reason
		want, not string
	}{
		{resolver.Offline, "not checked", "not known"},
		{resolver.Timeout, "not known", "not checked (offline)"},
		{resolver.ServFail, "not known", "not checked (offline)"},
	} {
		f := signed(tt.reason)
		for name, d := range map[string]*view.Doc{"dnssec": view.DNSSECDoc(f, nil), "dane": view.DANEDoc(f, nil)} {
			if text := fmt.Sprintf("%+v", d.Blocks); !strings.Contains(text, tt.want) || strings.Contains(text, tt.not) {
				t.Errorf("%s, %s: %s", name, tt.reason, text)
			}
		}
	}
}
