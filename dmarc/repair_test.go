package dmarc

import (
	"strings"
	"testing"
)

// TestRepaired: what a record with slips of the hand was meant to be. A placeholder
// says that nobody can tell; " + " comes before what means nothing at all.
func TestRepaired(t *testing.T) {
	const full = "v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"
	const mailbox = "rua=mailto:<mailbox for reports>"
	for _, test := range []struct{ record, want string }{
		{full, full},
		// The policy.
		{"v=DMARC1;p:reject;rua:mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=rejct; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=Reject ; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p = reject; rua = mailto:postmaster@acme.example", full},
		{"v=DMARC1; reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject.; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p==reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; preject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=re ject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=rej;ect; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=\"reject\"; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; pp=reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; policy=reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; o=reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=quarantine.", "v=DMARC1; p=quarantine"},
		{"v=DMARC1; p=quarantined", "v=DMARC1; p=quarantine"},
		{"v=DMARC1; p=monitor", "v=DMARC1; p=<none, quarantine or reject>"},
		{"v=DMARC1; p=; rua=mailto:postmaster@acme.example", "v=DMARC1; p=<none, quarantine or reject>; rua=mailto:postmaster@acme.example"},
		{"v=DMARC1; rua=mailto:postmaster@acme.example", "v=DMARC1; p=none; rua=mailto:postmaster@acme.example"},
		{"v=DMARC1", "v=DMARC1; p=none"},
		{"v=DMARC1; sp=reject", "v=DMARC1; p=<none, quarantine or reject>; sp=reject"},
		{"v=DMARC1; p=reject; sp=; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; np=; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; sp=rejct; rua=mailto:postmaster@acme.example", "v=DMARC1; p=reject; sp=reject; rua=mailto:postmaster@acme.example"},
		{"v=DMARC1; p=reject; sp=no; rua=mailto:postmaster@acme.example", "v=DMARC1; p=reject; sp=<none, quarantine or reject>; rua=mailto:postmaster@acme.example"},
		{"v=DMARC1; p=reject; sp:quarantine", "v=DMARC1; p=reject; sp=quarantine"},
		{"v=DMARC1; p=reject; p=none; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=none; p=reject", "v=DMARC1; p=<none or reject>"},
		// The version and the separators.
		{"v=DMARC1 p=reject", "v=DMARC1; p=reject"},
		{"v=DMARC1 p=reject rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1, p=reject, rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1. p=reject. rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1: p=reject: rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1p=reject;rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1;p=rejectrua=mailto:postmaster@acme.example", full},
		{"v=DMARC; p=reject", "v=DMARC1; p=reject"},
		{"DMARC1; p=reject", "v=DMARC1; p=reject"},
		{"v=dmarc1; p=reject", "v=DMARC1; p=reject"},
		{"v:DMARC1; p:reject", "v=DMARC1; p=reject"},
		{"v=DMARC 1; p=reject", "v=DMARC1; p=reject"},
		{"v=DMRAC1; p=reject", "v=DMARC1; p=reject"},
		{"v-DMARC1; p=reject", "v=DMARC1; p=reject"},
		{"vDMARC1; p=reject", "v=DMARC1; p=reject"},
		{"DMARC1 p=reject", "v=DMARC1; p=reject"},
		{"v=DMARC1 reject", "v=DMARC1; p=reject"},
		{"p=reject; v=DMARC1", "v=DMARC1; p=reject"},
		{"p=reject", "v=DMARC1; p=reject"},
		{`v=DMARC1\; p=reject\; rua=mailto:postmaster@acme.example`, full},
		{`v=DMARC1\059 p=reject\059 rua=mailto:postmaster@acme.example`, full},
		{`"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"`, full},
		{`"v=DMARC1; p=rej" "ect; rua=mailto:postmaster@acme.example"`, full},
		{`\"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example\"`, full},
		{"“v=DMARC1; p=reject; rua=mailto:postmaster@acme.example”", full},
		{"v=DMARC1;\u00a0p=reject;\u00a0rua=mailto:postmaster@acme.example", full},
		{"\ufeffv=DMARC1; p=reject; rua=mailto:postmaster@acme.example", full},
		{"v=DMARC1;; p=reject;;; rua=mailto:postmaster@acme.example;", full},
		// Report addresses.
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example.", full},
		{"v=DMARC1; p=reject; rua=postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto: postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto//postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto://postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mail:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailo:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto;postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto=postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailtopostmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:<postmaster@acme.example>", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme..example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster @acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:post master@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme,example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme;example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme. example", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.exam ple", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example!10m", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example!10mb", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example!", full},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme", "v=DMARC1; p=reject; rua=mailto:postmaster@acme"},
		{"v=DMARC1; p=reject; rua=mailto:postmaster@acme,bob", "v=DMARC1; p=reject; " + mailbox},
		{"v=DMARC1; p=reject; rua=mailto:postmaster", "v=DMARC1; p=reject; " + mailbox},
		{"v=DMARC1; p=reject; rua=mailto:a,b@acme.example", "v=DMARC1; p=reject; rua=mailto:b@acme.example," + mailbox[4:]},
		{"v=DMARC1; p=reject; rua=", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=reject; rau=mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua mailto:postmaster@acme.example", full},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example mailto:b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example;mailto:b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example,b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=a@acme.example, b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.examplemailto:b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example; rua=mailto:b@acme.test", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example,,mailto:b@acme.test,", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.test"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.example,https://acme.example/r", "v=DMARC1; p=reject; rua=mailto:a@acme.example,https://acme.example/r"},
		{"v=DMARC1; p=reject; rua=a@acme.example,https://acme.example/r", "v=DMARC1; p=reject; rua=https://acme.example/r,mailto:a@acme.example"},
		{"v=DMARC1; p=reject; rua=mailto:a@acme.exampleruf=mailto:f@acme.example", "v=DMARC1; p=reject; rua=mailto:a@acme.example; ruf=mailto:f@acme.example"},
		// The rest.
		{"v=DMARC1; p=reject; pct=100%", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=reject; pct=50%", "v=DMARC1; p=reject; pct=50"},
		{"v=DMARC1; p=reject; adkim=strict; aspf=relaxed", "v=DMARC1; p=reject; adkim=s; aspf=r"},
		{"v=DMARC1; p=reject; adkim:s; aspf s", "v=DMARC1; p=reject; adkim=s; aspf=s"},
		{"v=DMARC1; p=reject; adkim=s aspf=r pct=20", "v=DMARC1; p=reject; adkim=s; aspf=r; pct=20"},
		{"v=DMARC1; p=reject; adkim=x", "v=DMARC1; p=reject; adkim=<r or s>"},
		{"v=DMARC1; p=reject; fo=1,d; ruf=mailto:f@acme.example", "v=DMARC1; p=reject; ruf=mailto:f@acme.example; fo=1:d"},
		{"v=DMARC1; p=reject; fo=1;d;s; ruf=mailto:f@acme.example", "v=DMARC1; p=reject; ruf=mailto:f@acme.example; fo=1:d:s"},
		{"v=DMARC1; p=reject; x=y", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=reject; np", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=reject; contact=hans@acme.example", "v=DMARC1; p=reject + contact=hans@acme.example"},
		{"v=DMARC1; p=reject; foo bar", "v=DMARC1; p=reject + foo bar"},
	} {
		r := repaired(test.record, "acme.example")
		got := r.draft.String()
		if len(r.open) > 0 {
			got += " + " + strings.Join(r.open, " + ")
		}
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.record, got, test.want)
		}
	}
}
