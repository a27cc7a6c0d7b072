package audit

import (
	"testing"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/rsatest"
	"mailworthy/mailhost"
	"mailworthy/receiver"
)

// key is a published RSA key of a selector.
func key(bits, records int) dkim.PublishedKey {
	k, err := dkim.ParseKey("v=DKIM1; k=rsa; p=" + rsatest.Public(bits, 0))
	if err != nil {
		panic(err)
	}
	return dkim.PublishedKey{Selector: "s1", Domain: "x.example", RecordCount: records, Key: *k}
}

// TestDKIMFacts: of several records at a selector nobody knows which one counts,
// but each can be measured.
func TestDKIMFacts(t *testing.T) {
	revoked := key(2048, 1)
	revoked.Revoked = true
	several := finding.Finding{Check: "dkim-multiple-records", Severity: finding.Error, Section: finding.DKIM}
	short := finding.Finding{Check: "dkim-key-too-short", Severity: finding.Critical, Section: finding.DKIM}
	missing := finding.Finding{Check: "dkim-selector-missing", Severity: finding.Error, Section: finding.DKIM}
	tests := []struct {
		name     string
		keys     []dkim.PublishedKey
		findings []finding.Finding
		dkim     receiver.State
		check    string // that decides it
		measured receiver.State
	}{
		{"a key", []dkim.PublishedKey{key(2048, 1)}, nil, receiver.Yes, "", receiver.Yes},
		{"two records", []dkim.PublishedKey{key(2048, 2)}, []finding.Finding{several}, receiver.Unknown, "dkim-multiple-records", receiver.Yes},
		{"two records, and a sound key", []dkim.PublishedKey{key(2048, 2), key(2048, 1)}, []finding.Finding{several}, receiver.Yes, "", receiver.Yes},
		{"two records, and a selector missing", []dkim.PublishedKey{key(2048, 2)}, []finding.Finding{missing, several}, receiver.Unknown, "dkim-multiple-records", receiver.Yes},
		{"revoked", []dkim.PublishedKey{revoked}, nil, receiver.Unknown, "", receiver.Yes},
		{"too short", []dkim.PublishedKey{key(1024, 1)}, []finding.Finding{short}, receiver.Yes, "", receiver.No},
		{"nothing", nil, nil, receiver.Unknown, "", receiver.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &run{result: &Result{DKIM: &dkim.Discovery{Keys: tt.keys}, Findings: tt.findings}}
			if f := a.dkimFact(); f.State != tt.dkim || f.Finding != tt.check {
				t.Errorf("%+v", f)
			}
			if f := a.dkimKeysFact(); f.State != tt.measured {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestPTRFactLeavesPrivateAddressesOut: they have no name in the public DNS.
func TestPTRFactLeavesPrivateAddressesOut(t *testing.T) {
	private := mailhost.Address{NotPublic: "private", PTR: mailhost.Absent}
	named := mailhost.Address{PTR: mailhost.Present, Names: []mailhost.ReverseName{{Confirmed: mailhost.Present}}}
	for want, addrs := range map[receiver.State][]mailhost.Address{
		receiver.Yes:     {private, named},
		receiver.Unknown: {private},
	} {
		a := &run{result: &Result{Hosts: &mailhost.Facts{Addresses: addrs}}}
		if f := a.ptrFact(); f.State != want {
			t.Errorf("%d addresses: %+v", len(addrs), f)
		}
	}
}
