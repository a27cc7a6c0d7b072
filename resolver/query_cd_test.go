package resolver

import (
	"testing"

	"github.com/miekg/dns"
)

// A client that disables checking says so in its questions, and no other does.
func TestCheckingDisabled(t *testing.T) {
	for _, unchecked := range []bool{false, true} {
		q := newQuery("acme.example", TypeTLSA, true)
		if unchecked {
			q.disableChecking()
		}
		var m dns.Msg
		if err := m.Unpack(q.withID(7)); err != nil {
			t.Fatal(err)
		}
		if m.CheckingDisabled != unchecked || !m.AuthenticatedData || !m.RecursionDesired || m.Id != 7 || len(m.Question) != 1 {
			t.Errorf("%t: %v", unchecked, m.String())
		}
	}
}
