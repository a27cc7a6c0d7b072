package spf

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/internal/ascii"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
)

func client(ip, from string) Client {
	return Client{IP: netip.MustParseAddr(ip), HELO: "mx.acme.example", MailFrom: from}
}

// TestMacros has the examples of RFC 7208, 7.4.
func TestMacros(t *testing.T) {
	e := &evaluation{local: "strong-bad", sender: "email.example.com", domain: "email.example.com", helo: "mx.example.org", plain: true,
		ip: netip.MustParseAddr("192.0.2.3"), client: Client{Now: time.Unix(1234567890, 0)}, reversed: true, names: []string{"mx.example.org"}}
	for _, c := range []struct{ in, want string }{
		{"%{s}", "strong-bad@email.example.com"},
		{"%{o}", "email.example.com"},
		{"%{d}", "email.example.com"},
		{"%{d4}", "email.example.com"},
		{"%{d3}", "email.example.com"},
		{"%{d2}", "example.com"},
		{"%{d1}", "com"},
		{"%{dr}", "com.example.email"},
		{"%{d2r}", "example.email"},
		{"%{l}", "strong-bad"},
		{"%{l-}", "strong.bad"},
		{"%{lr}", "strong-bad"},
		{"%{lr-}", "bad.strong"},
		{"%{l1r-}", "strong"},
		{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
		{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
		{"%{p}", "mx.example.org"},
		{"%{h}", "mx.example.org"},
		{"%{S}", "strong-bad%40email.example.com"},
		{"%{c} %{r} %{t}", "192.0.2.3 unknown 1234567890"},
		{"%%%_%-", "% %20"},
		{"%{d999999999999999999999}", "email.example.com"},
		{"%{d-}", "email.example.com"},
		{"%{l+-/}", "strong.bad"},
	} {
		if got, _, ok := expand(c.in, e); !ok || got != c.want {
			t.Errorf("%s gives %q, not %q", c.in, got, c.want)
		}
	}
	e.ip = netip.MustParseAddr("2001:db8::cb01")
	const six = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
	if got, _, _ := expand("%{ir}.%{v}._spf.%{d2}", e); ascii.ToLower(got) != six {
		t.Errorf("IPv6 gives %q, not %q", got, six)
	}
}

const hostZone = `
	$TTL 3600
	$ORIGIN acme.example.
	@        SOA ns admin 1 7200 900 604800 300
	@        TXT "v=spf1 include:_spf -all exp=why"
	@        TXT "v=spf1 include:_spf.acme.example a:mail.acme.example -all exp=why.acme.example"
	one      TXT "v=spf1 include:_spf.acme.example a:mail.acme.example -all exp=why.acme.example"
	_spf     TXT "v=spf1 ip4:192.0.2.0/28 -ip4:192.0.2.99 ?all"
	mail     A 192.0.2.30
	why      TXT "%{i} may not send for %{o}, says %{r} at %{t}"
	loop     TXT "v=spf1 redirect=loop.acme.example"
	lit      TXT "v=spf1 ip4:192.0.2.1 -all"
	local    TXT "v=spf1 exists:%{l}.ok.acme.example include:%{l1r+}.acme.example ip4:192.0.2.1 redirect=%{l}.acme.example"
	plain.ok A 127.0.0.2
	void     TXT "v=spf1 a:v1.acme.example a:v1.acme.example ip4:192.0.2.1 a:v1.acme.example ip4:192.0.2.2 -all"
	mxvoid   TXT "v=spf1 mx:only6.acme.example mx:only6.acme.example mx:only6.acme.example ip4:192.0.2.1 -all"
	only6    MX 10 h6
	h6       AAAA 2001:db8::6
	eleven   TXT "v=spf1 a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example a:mail.acme.example ip4:192.0.2.1 a:eleventh.acme.example -all"
	eleventh A 192.0.2.77
	xn--mller-kva TXT "v=spf1 exists:%{d}.ok.acme.example exists:%{o}.ok.acme.example -all"
	xn--mller-kva.acme.example.ok A 127.0.0.2
`

func TestCheckHost(t *testing.T) {
	r := dnstest.Zone(t, hostZone)
	for _, c := range []struct {
		name   string
		client Client
		want   string // result, lookups, voids, matched, in, path
	}{
		{"two records", client("192.0.2.1", "a@acme.example"), "permerror 0 0   []"},
		{"include passes", client("192.0.2.1", "a@one.acme.example"), "pass 1 0 ip4:192.0.2.0/28 _spf.acme.example [include:_spf.acme.example]"},
		{"fail within an include is no match", client("192.0.2.99", "a@one.acme.example"), "fail 2 0 -all one.acme.example []"},
		{"a", client("192.0.2.30", "a@one.acme.example"), "pass 2 0 a:mail.acme.example one.acme.example []"},
		{"mapped address", client("::ffff:192.0.2.1", "a@lit.acme.example"), "pass 0 0 ip4:192.0.2.1 lit.acme.example []"},
		{"loop ends at the limit", client("192.0.2.1", "a@loop.acme.example"), "permerror 10 0   []"},
		{"ten terms are allowed", client("192.0.2.1", "a@eleven.acme.example"), "pass 10 0 ip4:192.0.2.1 eleven.acme.example []"},
		{"the eleventh is not", client("192.0.2.2", "a@eleven.acme.example"), "permerror 10 0   []"},
		{"two voids are allowed", client("192.0.2.1", "a@void.acme.example"), "pass 2 2 ip4:192.0.2.1 void.acme.example []"},
		{"the third is not, before what follows", client("192.0.2.2", "a@void.acme.example"), "permerror 3 3   []"},
		{"addresses of MX hosts are no void lookups", client("192.0.2.1", "a@mxvoid.acme.example"), "pass 3 0 ip4:192.0.2.1 mxvoid.acme.example []"},
		{"local part", client("192.0.2.9", "plain@local.acme.example"), "pass 1 0 exists:%{l}.ok.acme.example local.acme.example []"},
		// RFC 8616, 4: neither exists nor include nor redirect match.
		{"non-ASCII local part", client("192.0.2.9", "m\u00fcller@local.acme.example"), "neutral 3 0   []"},
		{"non-ASCII local part, other term", client("192.0.2.1", "m\u00fcller@local.acme.example"), "pass 2 0 ip4:192.0.2.1 local.acme.example []"},
		{"U-labels", client("192.0.2.9", "a@M\u00fcller.acme.example"), "pass 1 0 exists:%{d}.ok.acme.example xn--mller-kva.acme.example []"},
		{"no address", client("192.0.2.9", "lit.acme.example"), "fail 0 0 -all lit.acme.example []"},
		{"angle brackets", client("192.0.2.1", "<a@lit.acme.example>"), "pass 0 0 ip4:192.0.2.1 lit.acme.example []"},
		{"domain given", Client{IP: netip.MustParseAddr("192.0.2.1"), Domain: "lit.acme.example."}, "pass 0 0 ip4:192.0.2.1 lit.acme.example []"},
		{"null sender", Client{IP: netip.MustParseAddr("192.0.2.1"), HELO: "lit.acme.example"}, "pass 0 0 ip4:192.0.2.1 lit.acme.example []"},
		{"null sender of an address literal", Client{IP: netip.MustParseAddr("192.0.2.1"), HELO: "[IPv6:2001:db8::192.0.2.1]"}, "none 0 0   []"},
		{"sender at an address literal", client("192.0.2.1", "<@[IPv6:2001:db8::lit.acme.example]>"), "none 0 0   []"},
		{"source route", client("192.0.2.1", "<@one.example,@two.example:a@lit.acme.example>"), "pass 0 0 ip4:192.0.2.1 lit.acme.example []"},
		{"absent", client("192.0.2.1", "a@absent.acme.example"), "none 0 0   []"},
		{"no client", Client{Domain: "lit.acme.example"}, "none 0 0   []"},
		{"elsewhere", client("192.0.2.1", "a@other.example"), "temperror 0 0   []"},
	} {
		e := CheckHost(context.Background(), r, c.client)
		if got := fmt.Sprintf("%s %d %d %s %s %v", e.Result, e.Lookups, e.VoidLookups, e.Matched, e.MatchedIn, e.Path); got != c.want {
			t.Errorf("%s: %s, not %s (%s)", c.name, got, c.want, e.Error)
		}
		if isError := e.Result == PermError || e.Result == TempError || e.Result == None; isError != (e.Error != "") {
			t.Errorf("%s: %s with error %q", c.name, e.Result, e.Error)
		}
	}
}

func TestExplanation(t *testing.T) {
	c := client("192.0.2.200", "a@one.acme.example")
	c.Receiver, c.Now = "mx.receiver.example", time.Unix(1767225600, 0)
	e := CheckHost(context.Background(), dnstest.Zone(t, hostZone), c)
	if want := "192.0.2.200 may not send for one.acme.example, says mx.receiver.example at 1767225600"; e.Explanation != want {
		t.Errorf("%q, not %q", e.Explanation, want)
	}
}

func TestIdentity(t *testing.T) {
	r := dnstest.Zone(t, hostZone)
	for _, c := range []struct {
		c    Client
		want string
	}{
		{Client{HELO: "lit.acme.example"}, "helo"},
		{Client{HELO: "lit.acme.example", MailFrom: "a@lit.acme.example"}, "mailfrom"},
		{Client{Domain: "lit.acme.example"}, "mailfrom"},
	} {
		c.c.IP = netip.MustParseAddr("192.0.2.1")
		if e := CheckHost(context.Background(), r, c.c); e.Identity != c.want || e.Domain != "lit.acme.example" {
			t.Errorf("%+v: %s of %s", c.c, e.Identity, e.Domain)
		}
	}
}

// TestKeys holds the JSON of an evaluation to its contract.
func TestKeys(t *testing.T) {
	e := CheckHost(context.Background(), dnstest.Zone(t, hostZone), client("192.0.2.1", "a@lit.acme.example"))
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"result", "explanation", "domain", "identity", "matched", "lookups", "void_lookups", "error"} {
		if _, ok := m[k]; !ok {
			t.Errorf("no %q in %s", k, data)
		}
	}
}

// wide is a zone in which every name has every record: what an attacker would
// serve.
type wide struct {
	mu     sync.Mutex
	asked  int
	record string
}

func (w *wide) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	a := &resolver.Answer{Name: name, Type: t, Status: resolver.Found}
	switch t {
	case resolver.TypeTXT:
		a.Records = []resolver.Record{{TXT: []string{w.record}}}
	case resolver.TypeMX, resolver.TypePTR:
		for i := range 10 {
			a.Records = append(a.Records, resolver.Record{Host: fmt.Sprintf("h%d.%d.%s", i, w.asked, name)})
		}
	case resolver.TypeA:
		a.Records = []resolver.Record{{Addr: netip.MustParseAddr("203.0.113.1")}}
	}
	return a, nil
}

// TestBound: ten mx terms of ten hosts would be 111 questions.
func TestBound(t *testing.T) {
	for _, record := range []string{"v=spf1" + strings.Repeat(" mx", 10), "v=spf1 ptr" + strings.Repeat(" mx", 9), "v=spf1 include:a.%{d} mx ptr"} {
		w := &wide{record: record}
		e := CheckHost(context.Background(), w, client("192.0.2.1", "a@acme.example"))
		if w.asked > maxQuestions || e.Questions != w.asked {
			t.Errorf("%s: %d questions, %d counted", record, w.asked, e.Questions)
		}
		if e.Result != TempError && e.Result != PermError {
			t.Errorf("%s: %s", record, e.Result)
		}
	}
}

// TestMaxQuestions: who has asked everything before may lift the bound. It is
// named if it ended an evaluation, and the DNS is not blamed.
func TestMaxQuestions(t *testing.T) {
	for _, c := range []struct {
		max, asked int
		bounded    bool
	}{{0, 30, true}, {12, 12, true}, {EveryQuestion, 111, false}} {
		w := &wide{record: "v=spf1" + strings.Repeat(" mx", 10) + " -all"}
		k := client("192.0.2.1", "a@acme.example")
		k.MaxQuestions = c.max
		e := CheckHost(context.Background(), w, k)
		if w.asked != c.asked || e.Bounded != c.bounded || (e.Result == TempError) != c.bounded {
			t.Errorf("at most %d: %d asked, %s (%s)", c.max, w.asked, e.Result, e.Error)
		}
		if !c.bounded {
			continue
		}
		if want := fmt.Sprintf("stopped after %d questions: that is this program's own bound for one evaluation, and no failure of the DNS", c.asked); e.Error != want {
			t.Errorf("error %q", e.Error)
		}
	}
}

// slow never answers.
type slow struct{}

func (slow) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	<-ctx.Done()
	return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Canceled}
}

func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := CheckHost(context.Background(), slow{}, client("192.0.2.1", "a@acme.example"))
		if d := time.Since(start); d < 20*time.Second || d > 21*time.Second || e.Result != TempError {
			t.Errorf("%s after %s (%s)", e.Result, d, e.Error)
		}
	})
}

// TestFaults: what the DNS does not say is temperror, and for reverse names no
// match (RFC 7208, 5.5).
func TestFaults(t *testing.T) {
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, "v=spf1 ptr exists:%{p}.acme.example a:broken.acme.example -all")
	z.Fail["broken.acme.example"] = true
	z.Fail["1.2.0.192.in-addr.arpa"] = true
	if e := CheckHost(context.Background(), z, client("192.0.2.1", "a@acme.example")); e.Result != TempError || e.Lookups != 3 || e.VoidLookups != 1 {
		t.Errorf("%+v", e)
	}
	z.Fail["acme2.example"] = true
	if e := CheckHost(context.Background(), z, client("192.0.2.1", "a@acme2.example")); e.Result != TempError {
		t.Errorf("%+v", e)
	}
}
