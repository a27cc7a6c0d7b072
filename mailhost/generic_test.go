package mailhost

import (
	"net/netip"
	"strings"
	"testing"

	"mailworthy/finding"
)

func TestGeneric(t *testing.T) {
	tests := []struct {
		name, addr string
		want       string
	}{
		{"mail-192-0-2-10.pool.example", "192.0.2.10", "192-0-2-10"},
		{"10.2.0.192.isp.example", "192.0.2.10", "10-2-0-192"},
		{"host192x0x2x10.isp.example", "192.0.2.10", "192-0-2-10"},
		{"ip-192-000-002-010.isp.example", "192.0.2.10", "192-0-2-10"},
		{"192000002010.isp.example", "192.0.2.10", "192000002010"},
		{"c000020a.isp.example", "192.0.2.10", "c000020a"},
		{"x0a0200c0.isp.example", "192.0.2.10", "0a0200c0"},
		{"3221225994.isp.example", "192.0.2.10", "3221225994"},
		{"host-100-51-198.isp.example", "198.51.100.7", ""},
		{"cpe-51-100-7.isp.example", "198.51.100.7", "51-100-7"},
		{"7-100-51.customer.isp.example", "198.51.100.7", "7-100-51"},
		{"ec2-198-51-100-7.compute.isp.example", "198.51.100.7", "198-51-100-7"},
		{"198511007.isp.example", "198.51.100.7", "198511007"},
		{"2001-db8--a10.isp.example", "2001:db8::a10", "2001-db8--a10"},
		{"node-20010db8000000000000000000000a10.isp.example", "2001:db8::a10", "20010db8000000000000000000000a10"},
		{"0.1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.isp.example", "2001:db8::a10", "01a0000"},
		{"h021a2bfffe3c4d5e.isp.example", "2001:db8::21a:2bff:fe3c:4d5e", "021a2bfffe3c4d5e"},
		{"host12.dynamic.isp.example", "192.0.2.10", `"dynamic"`},
		{"p5b0c.dip0.t-dialin.example", "192.0.2.10", ""}, // the word is in the registrable domain
		{"ABC.dsl.isp.example", "192.0.2.10", `"dsl"`},
		{"dsl-pool7.isp.example", "192.0.2.10", `"dsl"`},
		{"adsl12.isp.example", "192.0.2.10", `"adsl"`},
		{"host9.pool.isp.example", "192.0.2.10", `"pool"`},
		{"c7.cable.isp.example", "192.0.2.10", `"cable"`},

		{"mx10.liverpool.example", "192.0.2.10", ""},
		{"mail.cable.example", "192.0.2.10", ""},
		{"mail.dynamic.example", "192.0.2.10", ""},
		{"mta-pool-12.esp.example", "192.0.2.12", ""},
		{"smtp2.customer.esp.example", "192.0.2.2", ""},
		{"mx2.acme.example", "192.0.2.2", ""},
		{"mail10.acme.example", "192.0.2.10", ""},
		{"mta-2-10.esp.example", "192.0.2.10", ""},
		{"o1.ptr2213.mail.acme.example", "192.0.2.10", ""},
		{"acme.example", "192.0.2.10", ""},
		{"mx1-10.acme.example", "2001:db8::10", ""},
		{"mx-1.acme.example", "2001:db8::1", ""},
		{"pppoint.acme.example", "192.0.2.10", ""},
		{"dialogue.acme.example", "192.0.2.10", ""},
		{"dynamics.acme.example", "192.0.2.10", ""},
		{"carpool.acme.example", "192.0.2.10", ""},
		{"", "192.0.2.10", ""},
		{".", "192.0.2.10", ""},
	}
	for _, tt := range tests {
		got := generic(strings.ToLower(tt.name), netip.MustParseAddr(tt.addr))
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s of %s: %q, want %q", tt.name, tt.addr, got, tt.want)
		}
	}
}

func FuzzGeneric(f *testing.F) {
	f.Add("mail-192-0-2-10.pool.example", []byte{192, 0, 2, 10})
	f.Add("2001-db8--10.isp.example", []byte("\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		addr, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		generic(name, addr)
		if addr.Is4() {
			// The plain form is always found, whatever stands around it.
			dashed := strings.ReplaceAll(addr.String(), ".", "-")
			if got := generic("host-"+dashed+".isp.example", addr); got == "" {
				t.Errorf("%s is not found", dashed)
			}
		}
	})
}

// TestMistypedPTR: a PTR name that is nearly that of the host with the address is mistyped, and no
// host is published for it; an address is no name, and so no generic one.
func TestMistypedPTR(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.10")
	domain := &Domain{Name: "acme.example", Exists: Present, MX: MXPresent, Authority: Authority{Domain: "acme.example", Organizational: "acme.example", SOA: Present},
		Exchanges: []Exchange{{Preference: 10, Host: Host{Name: "mx1.acme.example", Resolves: Present, Addresses: []netip.Addr{addr}}}}}
	for name, want := range map[string]string{
		"mxl.acme.example": "PTR mx1.acme.example", "mx1.acem.example": "PTR mx1.acme.example", "mx1.acme.example.acme.example": "PTR mx1.acme.example",
		"out7.acme.example": "A 192.0.2.10", "192.0.2.10": "PTR mx1.acme.example",
	} {
		a := Address{Addr: addr, PTR: Present, Names: []ReverseName{{Name: name, Confirmed: Absent, Generic: generic(name, addr)}}}
		var got []string
		for _, f := range Check(&Facts{Domain: domain, Addresses: []Address{a}}, Context{Profile: finding.Sender}).Findings() {
			switch {
			case f.Check == "ptr-unconfirmed":
				got = append(got, f.Fix.Type+" "+f.Fix.Value)
			case f.Check == "ptr-generic" && (name == "192.0.2.10" || f.Severity != finding.Pass):
				t.Errorf("%s: %s %s", name, f.Severity, f.Detail)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
}
