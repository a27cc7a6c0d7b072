package proof

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
)

// zones are what the proofs ask: a sender that is right, and kinds of wrong.
const good = `
	$ORIGIN good.example.
	$TTL 3600
	@ SOA ns1 hostmaster 1 7200 3600 1209600 300
	@ NS ns1
	ns1 A 192.0.2.53
	@ MX 10 mx1
	mx1 A 192.0.2.10
	@ TXT "v=spf1 ip4:192.0.2.10 -all"
	bounce MX 10 mx1
	bounce TXT "v=spf1 ip4:192.0.2.10 -all"
	_dmarc TXT "v=DMARC1; p=reject"
	s1._domainkey TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtQ7q9TxHFTajXvf5yHfmFIUbbHBn9czd94b5ULQnsoD/lPcSSm5i+/0gGq+Kw6Tk6TODsrZY/68LkV5hrs7OBzew0N7Vq+acZX4LZ8mvE7qH//bfl+9wwjDx1gr8ZkX3zR6EF4ra5dLYfYuzebqQ2O6ArRs47jN5wXdF3a7QTQ78t2Y9+JzHMLSuY8+9" "jddZBqbUb43lERJx/HkHnezhQl9py+Fwn5soPafupSsDdSJppFAbbRHyTtdmitjujxSM93i4lwJLlM3CSg4W9V8En7hcJUl5upsM4Q6QlEDLv4TVmd9c1jVo+8PdW8EzmlOh1nkxwFo76RwxPlA1tNasMQIDAQAB"
	revoked._domainkey TXT "v=DKIM1; p="
	nopolicy TXT "v=spf1 ip4:192.0.2.10 -all"
	nomail A 192.0.2.80
`

const rest = `
	$ORIGIN esp.example.
	$TTL 300
	@ SOA ns1 hostmaster 1 7200 3600 1209600 300
	@ MX 10 mx1
	mx1 A 192.0.2.20
	@ TXT "v=spf1 ip4:192.0.2.0/24 -all"
	s1._domainkey TXT "v=DKIM1; p="
`

const others = `
	$ORIGIN example.
	@ SOA ns hostmaster 1 7200 3600 1209600 300
	@ NS ns
	null MX 0 .
	nohost MX 10 mx.gone.example.
	alone A 192.0.2.90
	tls MX 10 mx.tls
	mx.tls A 192.0.2.91
	_mta-sts.tls TXT "v=STSv1; id=1"
	plain MX 10 mx.plain
	mx.plain A 192.0.2.92
	unresolved MX 10 mx1.good.example.
	policyless SOA ns hostmaster 1 7200 3600 1209600 300
	policyless MX 10 mx1.good.example.
	policyless TXT "v=spf1 ip4:192.0.2.10 -all"
`

const reverse = `
	$ORIGIN 2.0.192.in-addr.arpa.
	@ SOA ns1.good.example. hostmaster.good.example. 1 7200 3600 1209600 300
	10 PTR mx1.good.example.
	12 PTR elsewhere.good.example.
`

// list is a block list with the test entries of RFC 5782, and one entry.
const list = `
	$ORIGIN bl.example.
	@ SOA ns hostmaster 1 7200 3600 1209600 300
	2.0.0.127 A 127.0.0.2
	66.2.0.192 A 127.0.0.2
	66.2.0.192 TXT "spam from 192.0.2.66"
`

var allZones = []string{good, rest, others, reverse, list}

func testResolver(t testing.TB) resolver.Resolver {
	t.Helper()
	var sets []*resolver.ZoneSet
	for _, z := range allZones {
		sets = append(sets, dnstest.Parse(t, z))
	}
	st, err := resolver.Build(resolver.Options{Zones: sets, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

// request is what a text and stated identities come to.
func request(text string, id Identities) Request {
	e := reply.Default().Explain(text, reply.Context{Recipient: "x@" + id.Recipient})
	d := e.Identities
	id.Author, id.Envelope = cmp.Or(id.Author, d.AuthorDomain), cmp.Or(id.Envelope, d.EnvelopeDomain)
	if id.Envelope == "" && id.Author != "" {
		id.Envelope, id.EnvelopeAssumed = id.Author, true
	}
	if !id.ClientIP.IsValid() && d.ClientIP != "" {
		id.ClientIP = netip.MustParseAddr(d.ClientIP)
	}
	id.Recipient = cmp.Or(id.Recipient, d.RecipientDomain)
	id.Zone, id.ZoneSubject, id.RemoteHost = d.Zone, d.ZoneSubject, e.RemoteHost
	return Request{Reason: e.Reason, Proofs: e.Proofs, Receiver: e.Receiver, Enhanced: e.Enhanced, Text: e.Whole, Identities: id}
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// cases are causes with what the zones say of them.
var cases = []struct {
	name, text string
	id         Identities
	outcome    Outcome
	// checks are those of the findings.
	checks []string
	// why is in the sentence, command in the command.
	why, command string
}{
	{"spf passes and is aligned", "550-5.7.26 This mail is unauthenticated", Identities{Author: "good.example", Envelope: "bounce.good.example", ClientIP: ip("192.0.2.10")},
		RuledOut, nil, "may send for bounce.good.example by ip4:192.0.2.10. It is aligned", "audit bounce.good.example --ip 192.0.2.10"},
	{"no zone holds the PTR record", "550 5.7.25 no PTR record", Identities{Author: "good.example", ClientIP: ip("45.79.100.11")}, NotRun, nil, "It was not asked (--offline): No zone holds", "--only hosts"},
	{"spf fails", "550-5.7.26 This mail is unauthenticated", Identities{Author: "good.example", ClientIP: ip("198.51.100.1")},
		Proved, []string{"spf-ip-not-authorized"}, "SPF answers fail for 198.51.100.1", "--only spf,dkim,dmarc"},
	{"spf passes for another domain", "550 5.7.26 Unauthenticated email from good.example is not accepted due to domain's DMARC policy", Identities{Envelope: "esp.example", ClientIP: ip("192.0.2.20")},
		Proved, []string{"dmarc-spf-unaligned"}, "", "audit good.example --mail-from esp.example"},
	{"either of both, and SPF passes", "550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.", Identities{Author: "good.example", Envelope: "esp.example", ClientIP: ip("192.0.2.20")},
		RuledOut, nil, "may send for esp.example", ""},
	{"dkim key is there", "550 5.7.20 No passing DKIM signature found", Identities{Author: "good.example", DKIM: []Signature{{"good.example", "s1"}}},
		RuledOut, nil, "The key at s1._domainkey.good.example is right now", "--selector s1"},
	{"dkim key of another domain is revoked", "550 5.7.20 No passing DKIM signature found", Identities{Author: "good.example", DKIM: []Signature{{"esp.example", "s1"}}},
		Proved, []string{"dkim-revoked"}, "", "--dkim-domain esp.example"},
	{"dkim key is revoked", "550 5.7.20 No passing DKIM signature found", Identities{Author: "good.example", DKIM: []Signature{{"good.example", "revoked"}}},
		Proved, []string{"dkim-revoked"}, "", ""},
	{"dkim key is missing", "550 5.7.20 No passing DKIM signature found", Identities{Author: "good.example", DKIM: []Signature{{"good.example", "s9"}}},
		Proved, []string{"dkim-selector-missing"}, "s9._domainkey.good.example", ""},
	{"dkim selector is not known", "550 5.7.20 No passing DKIM signature found", Identities{Author: "good.example"},
		Unknown, nil, "--selector", ""},
	{"no dmarc record", "550 5.7.40 The sending domain doesn't have a DMARC record - gsmtp", Identities{Author: "policyless.example", ClientIP: ip("192.0.2.10")},
		Proved, []string{"dmarc-record-missing"}, "", "--only dmarc"},
	{"a dmarc record is there now", "550 5.7.40 The sending domain doesn't have a DMARC record - gsmtp", Identities{Author: "good.example"},
		RuledOut, nil, "p=reject", ""},
	{"ptr missing", "550 5.7.25 The IP address sending this message [192.0.2.11] does not have a PTR record", Identities{},
		Proved, []string{"ptr-missing"}, "192.0.2.11 has no PTR record", "explain --text 5.7.25 --ip 192.0.2.11"},
	{"ptr leads elsewhere", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.12]", Identities{Author: "good.example"},
		Proved, []string{"ptr-unconfirmed"}, "", "--only hosts"},
	{"ptr is right now", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.10]", Identities{},
		RuledOut, nil, "mx1.good.example", ""},
	{"ptr missing, of a sender that does not exist", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.11]", Identities{Author: "absent.example"},
		Proved, []string{"ptr-missing"}, "192.0.2.11 has no PTR record", "audit absent.example --ip 192.0.2.11"},
	{"ptr is right, of a sender that does not exist", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.10]", Identities{Author: "absent.example"},
		RuledOut, nil, "names mx1.good.example, which", ""},
	{"helo does not resolve, of a sender that does not exist", "450 4.7.1 <nowhere.example>: Helo command rejected: Host not found", Identities{Author: "absent.example", HELO: "nowhere.example", ClientIP: ip("192.0.2.10")},
		Proved, []string{"helo-unresolvable"}, "", ""},
	{"relaying is a matter of the login", "554 5.7.1 <x@good.example>: Relay access denied", Identities{Recipient: "good.example"}, RuledOut, nil, "login", ""},
	{"a sender that the login does not own", "553 5.7.1 <x@absent.example>: Sender address rejected: not owned by user y", Identities{}, NotRun, nil, "settings of the sending service", ""},
	{"a greeting", "220 mx1.good.example ESMTP", Identities{Author: "good.example"}, NotRun, nil, "Nothing failed", ""},
	{"ptr of nobody", "550 5.7.25 reverse DNS required", Identities{}, Unknown, nil, "--ip", ""},
	{"helo does not resolve", "450 4.7.1 <nowhere.example>: Helo command rejected: Host not found", Identities{HELO: "nowhere.example", ClientIP: ip("192.0.2.10")},
		Proved, []string{"helo-unresolvable"}, "", ""},
	{"listed", "554 5.7.1 Service unavailable; Client host [192.0.2.66] blocked using bl.example", Identities{},
		Proved, []string{"rbl-listed"}, "192.0.2.66 is on bl.example now", "blocked using bl.example' --ip 192.0.2.66"},
	{"not listed", "554 5.7.1 Service unavailable; Client host [192.0.2.67] blocked using bl.example", Identities{},
		RuledOut, nil, "not on bl.example", ""},
	{"list that does not answer", "554 5.7.1 Service unavailable; Client host [192.0.2.67] blocked using zen.spamhaus.org", Identities{},
		NotRun, nil, "zen.spamhaus.org", "rbl check 192.0.2.67 --list zen.spamhaus.org"},
	{"envelope domain is gone", "450 4.1.8 <x@absent.example>: Sender address rejected: Domain not found", Identities{},
		Proved, []string{"domain-missing"}, "", "audit absent.example"},
	{"envelope domain is there", "450 4.1.8 <x@bounce.good.example>: Sender address rejected: Domain not found", Identities{},
		RuledOut, nil, "mx1.good.example", ""},
	{"recipient's domain is gone", "Host or domain name not found. Name service error for name=absent.example type=A: Host not found", Identities{},
		Proved, []string{"domain-missing"}, "The recipient's domain absent.example does not exist", "audit absent.example --profile receiver"},
	{"recipient has a null MX", "556 5.1.10 Recipient address has null MX", Identities{Recipient: "null.example"},
		Proved, []string{"mx-null"}, "takes no mail", ""},
	{"recipient's MX has no address", "5.4.4 Unable to route: no mail hosts for domain", Identities{Recipient: "nohost.example"},
		Proved, []string{"mx-unresolvable"}, "", ""},
	{"recipient's MX is right", "connect to mx1.good.example[192.0.2.10]:25: Connection timed out", Identities{Recipient: "good.example"},
		RuledOut, nil, "port 25", ""},
	{"TLS is demanded", "Cannot start TLS: handshake failure", Identities{Recipient: "tls.example"}, Unknown, nil, "MTA-STS", ""},
	{"TLS is not demanded", "TLS is required, but was not offered by host mx.plain.example[192.0.2.92]", Identities{Recipient: "plain.example"}, RuledOut, nil, "neither by MTA-STS nor by TLSA", ""},
	{"Microsoft's level", "550 5.7.515 Access denied, sending domain policyless.example does not meet the required authentication level. [x.prod.protection.outlook.com]", Identities{ClientIP: ip("192.0.2.10")},
		Proved, []string{"dkim-proved-absent", "dmarc-record-missing"}, "Microsoft requires", "audit policyless.example --ip 192.0.2.10"},
	{"a cause that is not in the DNS", "552 5.2.2 mailbox full", Identities{Recipient: "good.example"}, NotRun, nil, "cannot show", ""},
	{"a vague text", "550 5.7.1 Message rejected", Identities{Author: "good.example", ClientIP: ip("192.0.2.11")},
		Unknown, []string{"spf-ip-not-authorized", "ptr-missing"}, "does not name the cause", ""},
	{"nothing in hand", "550-5.7.26 unauthenticated", Identities{}, Unknown, nil, "--ip, --domain", ""},
}

func checksOf(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Check)
	}
	return out
}

// TestProofs proves causes from zones.
func TestProofs(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			p := New(testResolver(t), audit.Options{Now: at})
			got := p.Run(context.Background(), request(tt.text, tt.id))
			if got.Outcome != tt.outcome || !slices.Equal(checksOf(got.Findings), tt.checks) {
				t.Errorf("%s %v, want %s %v\n%s\n%s", got.Outcome, checksOf(got.Findings), tt.outcome, tt.checks, got.Why, got.Command)
			}
			if !strings.Contains(got.Why, tt.why) {
				t.Errorf("why: %s; want %q", got.Why, tt.why)
			}
			if !strings.Contains(got.Command, tt.command) {
				t.Errorf("command: %s; want %q", got.Command, tt.command)
			}
			if got.Outcome == RuledOut && (len(got.Seen) == 0 || !got.At.Equal(at)) {
				t.Errorf("ruled out by %v at %s", got.Seen, got.At)
			}
		})
	}
}

// TestUnansweredProofs: whatever question of a proof is not answered, what was proved is
// not ruled out for it, and what was ruled out is not proved.
func TestUnansweredProofs(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred proofs over loopback")
	}
	for _, tt := range cases {
		if tt.outcome != Proved && tt.outcome != RuledOut {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			srv := dnstest.Start(t, allZones...)
			srv.Add(".", resolver.TypeNS, "ns.example.")
			run := func() Proof {
				client := srv.Client(resolver.Config{Timeout: 10 * time.Second, Retries: -1})
				defer client.Close()
				return New(client, audit.Options{Selectors: "inferred"}).Run(context.Background(), request(tt.text, tt.id))
			}
			if got := run(); got.Outcome != tt.outcome {
				t.Fatalf("%s over the network, %s from the zones: %s", got.Outcome, tt.outcome, got.Why)
			}
			type question struct {
				name string
				t    resolver.Type
			}
			asked := map[question]bool{}
			for _, q := range srv.Log() {
				asked[question{q.Name, q.Type}] = true
			}
			for q := range asked {
				srv.Reset()
				srv.Fault(q.name, q.t, dnstest.Fault{Kind: dnstest.ServFail})
				got := run()
				if got.Outcome != tt.outcome && got.Outcome != Unknown {
					t.Errorf("%s %s is not answered: %s, was %s: %s", q.name, q.t, got.Outcome, tt.outcome, got.Why)
				}
			}
		})
	}
}

// TestForgedProofs: of a message that the domain never sent nothing is proved, and an
// address that only the text states is never to be published as it stands.
func TestForgedProofs(t *testing.T) {
	p := New(testResolver(t), audit.Options{})
	r := request("550-5.7.26 This mail is unauthenticated [198.51.100.1]", Identities{Author: "good.example"})
	if got := p.Run(context.Background(), r); got.Outcome != Proved || got.Findings[0].Fix == nil || got.Findings[0].Fix.Complete || got.Findings[0].Fix.When == "" {
		t.Errorf("an address of the text: %s %+v", got.Outcome, got.Findings)
	}
	r.Identities.IPStated = true
	if got := p.Run(context.Background(), r); got.Outcome != Proved || !got.Findings[0].Fix.Complete {
		t.Errorf("a stated address: %s %+v", got.Outcome, got.Findings)
	}
	r.Forged = true
	if got := p.Run(context.Background(), r); got.Outcome != NotRun || got.Command != "" || len(got.Findings) > 0 {
		t.Errorf("a forged message: %s %+v", got.Outcome, got.Findings)
	}
}

// TestNoProof: without a resolver the command is stated, and nothing is asked.
func TestNoProof(t *testing.T) {
	got := New(nil, audit.Options{}).Run(context.Background(), request(cases[1].text, cases[1].id))
	if got.Outcome != NotRun || !strings.HasPrefix(got.Command, "mailworthy audit good.example") {
		t.Errorf("%s %s", got.Outcome, got.Command)
	}
}

// TestCommands: the commands that repeat a proof have no word that a shell would read as
// more than a word.
func TestCommands(t *testing.T) {
	p := New(nil, audit.Options{})
	for _, tt := range cases {
		got := p.Run(context.Background(), request(tt.text, tt.id))
		if strings.ContainsAny(strings.ReplaceAll(got.Command, " ; ", " "), "`$&|<>(){}*?\\\"\n!#;") {
			t.Errorf("%s: %s", tt.name, got.Command)
		}
	}
}

// blind denies everything, the root included.
type blind struct{}

func (blind) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain, Rcode: "NXDOMAIN", Server: "udp://192.0.2.53"}, nil
}

// TestDenialsOfEverything: what a resolver says that denies everything proves nothing.
func TestDenialsOfEverything(t *testing.T) {
	for _, text := range []string{"550 5.7.25 The IP address 45.33.7.10 has no PTR record", "550 5.7.1 blocked",
		"450 4.7.1 <mx1.harborline.net>: Helo command rejected: Host not found", "550 5.1.2 Host unknown (Name server: nosuch.harborline.net: no data known)"} {
		id := Identities{ClientIP: netip.MustParseAddr("45.33.7.10"), HELO: "mx1.harborline.net"}
		if got := New(blind{}, audit.Options{Selectors: "inferred"}).Run(t.Context(), request(text, id)); got.Outcome == Proved || got.Outcome == RuledOut {
			t.Errorf("%s: %s %v: %s", text, got.Outcome, checksOf(got.Findings), got.Why)
		}
	}
}
