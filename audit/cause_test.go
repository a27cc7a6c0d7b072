package audit

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// TestFollow: of a domain that does not exist there is one finding, and what
// follows from it names it; what rests on a record that was found stands.
func TestFollow(t *testing.T) {
	found := []finding.Evidence{{Name: "_dmarc.example", Type: "TXT", Status: "found"}}
	absent := []finding.Evidence{{Name: "gone.example", Type: "TXT", Status: "nxdomain"}}
	of := func(subject string, list []finding.Finding) []finding.Finding {
		for i := range list {
			list[i].Subject = cmp.Or(list[i].Subject, subject)
		}
		return list
	}
	got, _ := follow(of("gone.example", []finding.Finding{
		{Check: "spf-record-missing", Section: finding.SPF, Severity: finding.Error, Evidence: absent, Fix: &finding.Fix{Value: "v=spf1 -all", Complete: true}},
		{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Pass},
		{Check: "dkim-none-observed", Section: finding.DKIM, Severity: finding.Notice, CouldBe: finding.Error, VerdictAs: finding.Warning, Undecides: true},
		{Check: "dmarc-policy-none", Section: finding.DMARC, Severity: finding.Warning, Evidence: found},
		{Check: "dmarc-syntax", Section: finding.DMARC, Severity: finding.Pass},
		{Check: "rbl-unresolved", Section: finding.Reputation, Severity: finding.Unknown, CouldBe: finding.Error},
		{Check: "domain-missing", Section: finding.Hosts, Severity: finding.Critical, Evidence: absent},
		{Check: "mx-single", Section: finding.Hosts, Severity: finding.Pass},
	}), nil, "gone.example")
	var said []string
	for _, f := range got {
		said = append(said, string(f.Severity)+" "+f.Check)
		for _, c := range f.Follows {
			said = append(said, "from it "+c.Check)
		}
	}
	want := []string{"warning dmarc-policy-none", "pass dmarc-syntax", "unknown rbl-unresolved",
		"critical domain-missing", "from it spf-record-missing", "from it dkim-none-observed", "pass mx-single"}
	if !slices.Equal(said, want) {
		t.Errorf("%q\nnot %q", said, want)
	}
	// Without the cause, or if it is not certain, nothing follows.
	for _, severity := range []finding.Severity{finding.Unknown, finding.NotChecked, finding.Pass} {
		list := []finding.Finding{{Check: "domain-missing", Severity: severity}, {Check: "spf-record-missing", Severity: finding.Error}}
		if got, _ := follow(of("gone.example", list), nil, "gone.example"); len(got) != 2 || got[1].Severity != finding.Error || len(got[0].Follows) > 0 {
			t.Errorf("domain-missing %s: %+v", severity, got)
		}
	}
}

// TestFollowSubjects: what is about another domain than the one that does not exist does
// not follow from it, whatever section it belongs to.
func TestFollowSubjects(t *testing.T) {
	asked := func(name string) []finding.Evidence {
		return []finding.Evidence{{Name: name, Type: "TXT", Status: "nxdomain"}}
	}
	tests := []struct {
		name string
		f    finding.Finding
		want bool // it follows from bounce.acme.example
	}{
		{"its SPF record", finding.Finding{Check: "spf-record-missing", Subject: "bounce.acme.example", Evidence: asked("bounce.acme.example")}, true},
		{"a name below it", finding.Finding{Check: "dkim-selector-missing", Subject: "s1._domainkey.bounce.acme.example", Evidence: asked("s1._domainkey.bounce.acme.example")}, true},
		{"an address that SPF was asked for there", finding.Finding{Check: "spf-ip-not-authorized", Subject: "192.0.2.10", Evidence: asked("bounce.acme.example")}, true},
		{"MTA-STS of the domain", finding.Finding{Check: "mta-sts-missing", Subject: "acme.example", Evidence: asked("_mta-sts.acme.example")}, false},
		{"TLS-RPT of the domain", finding.Finding{Check: "tls-rpt-missing", Subject: "acme.example", Evidence: asked("_smtp._tls.acme.example")}, false},
		{"the policy of the domain", finding.Finding{Check: "dmarc-record-missing", Subject: "acme.example", Evidence: asked("_dmarc.acme.example")}, false},
		{"a key of the domain", finding.Finding{Check: "dkim-selector-missing", Subject: "s1._domainkey.acme.example", Evidence: asked("s1._domainkey.acme.example")}, false},
		{"another envelope domain", finding.Finding{Check: "spf-record-missing", Subject: "mail.acme.example", Evidence: asked("mail.acme.example")}, false},
		{"the PTR of an address", finding.Finding{Check: "ptr-missing", Subject: "192.0.2.10", Evidence: asked("10.2.0.192.in-addr.arpa")}, false},
		{"a name that ends alike", finding.Finding{Check: "spf-record-missing", Subject: "xbounce.acme.example", Evidence: asked("xbounce.acme.example")}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.f.Severity = finding.Warning
			missing := finding.Finding{Check: "domain-missing", Severity: finding.Critical, Subject: "bounce.acme.example", Evidence: asked("bounce.acme.example")}
			pass := finding.Finding{Check: "spf-syntax", Severity: finding.Pass, Subject: "acme.example"}
			got, _ := follow([]finding.Finding{tt.f, missing, pass}, nil, "acme.example")
			at := slices.IndexFunc(got, func(f finding.Finding) bool { return f.Check == "domain-missing" })
			if follows := len(got[at].Follows) == 1; follows != tt.want || follows != (len(got) == 2) || got[len(got)-1].Check != "spf-syntax" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestWildcards: what a wildcard answers at the names of DMARC, DKIM and BIMI is listed below
// the finding that names it; what stands there besides is a finding of its own.
func TestWildcards(t *testing.T) {
	answer := func(texts ...string) []finding.Evidence {
		return []finding.Evidence{{Type: "TXT", Status: "found", Answer: texts}}
	}
	const spf = "v=spf1 -all"
	wildcard := finding.Finding{Check: "dmarc-wildcard", Severity: finding.Notice, Evidence: answer(spf)}
	for _, test := range []struct {
		name string
		in   []finding.Finding
		want string
	}{
		{"both", []finding.Finding{wildcard, {Check: "dmarc-spf-at-dmarc-name", Severity: finding.Notice, Evidence: answer(spf)},
			{Check: "bimi-foreign-record", Severity: finding.Warning, Evidence: answer(spf)}}, "dmarc-wildcard < dmarc-spf-at-dmarc-name bimi-foreign-record"},
		{"before it", []finding.Finding{{Check: "bimi-foreign-record", Severity: finding.Warning, Evidence: answer(spf)}, wildcard}, "dmarc-wildcard < bimi-foreign-record"},
		{"another text", []finding.Finding{wildcard, {Check: "bimi-foreign-record", Severity: finding.Warning, Evidence: answer(spf, "x")}}, "dmarc-wildcard bimi-foreign-record"},
		{"one to remove", []finding.Finding{wildcard, {Check: "dmarc-spf-at-dmarc-name", Severity: finding.Notice, Evidence: answer(spf), Fix: &finding.Fix{}}}, "dmarc-wildcard dmarc-spf-at-dmarc-name"},
		{"of every selector", []finding.Finding{wildcard, {Check: "dkim-wildcard", Severity: finding.Warning, Evidence: answer(spf), Fix: &finding.Fix{}}}, "dmarc-wildcard < dkim-wildcard"},
		{"a key of every selector", []finding.Finding{wildcard, {Check: "dkim-wildcard", Severity: finding.Critical, Evidence: answer("v=DKIM1; p=abc"), Fix: &finding.Fix{}}}, "dmarc-wildcard dkim-wildcard"},
		{"another check", []finding.Finding{wildcard, {Check: "spf-syntax", Severity: finding.Critical, Evidence: answer(spf)}}, "dmarc-wildcard spf-syntax"},
		{"passed", []finding.Finding{{Check: "dmarc-wildcard", Severity: finding.Pass}, {Check: "bimi-foreign-record", Severity: finding.Warning, Evidence: answer(spf)}}, "dmarc-wildcard bimi-foreign-record"},
	} {
		var said []string
		for _, f := range wildcards(test.in) {
			said = append(said, f.Check)
			for i, c := range f.Follows {
				if i == 0 {
					said = append(said, "<")
				}
				said = append(said, c.Check)
			}
		}
		if got := strings.Join(said, " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestMisplacedDMARC: a DMARC record at a selector, or glued to the SPF record, is one finding.
func TestMisplacedDMARC(t *testing.T) {
	const at = "s1._domainkey.acme.example"
	key := finding.Finding{Check: "dkim-key-syntax", Severity: finding.Error, Section: finding.DKIM, Subject: at}
	other := finding.Finding{Check: "dkim-key-syntax", Severity: finding.Error, Section: finding.DKIM, Subject: "s2._domainkey.acme.example"}
	moved := finding.Finding{Check: "dmarc-wrong-name", Severity: finding.Error, Section: finding.DMARC, Subject: at}
	got := misplacedDMARC([]finding.Finding{key, other, moved}, true)
	if len(got) != 2 || got[0].Subject != other.Subject || len(got[1].Follows) != 1 || got[1].Follows[0].Check != "dkim-key-syntax" {
		t.Errorf("%+v", got)
	}
	if got := misplacedDMARC([]finding.Finding{key, moved}, false); len(got) != 2 {
		t.Errorf("no key is left: %+v", got)
	}
	beside := key
	beside.Evidence = []finding.Evidence{{Answer: []string{"v=DMARC1; p=reject", "v=DKIM1; k=rsa; p=" + rsatest.Public(2048, 0)}}}
	if got := misplacedDMARC([]finding.Finding{beside, moved}, false); len(got) != 1 {
		t.Errorf("a key is left: %+v", got)
	}
	glued := finding.Finding{Check: "dmarc-wrong-name", Severity: finding.Error, Subject: "acme.example", Fix: &finding.Fix{More: []finding.Record{{}}}}
	modifier := finding.Finding{Check: "spf-unknown-modifier", Severity: finding.Notice, Subject: "acme.example"}
	if got := misplacedDMARC([]finding.Finding{modifier, glued}, true); len(got) != 1 || len(got[0].Follows) != 1 {
		t.Errorf("%+v", got)
	}
	glued.Fix = nil
	if got := misplacedDMARC([]finding.Finding{modifier, glued}, true); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	// What breaks a key is not said below a record that is only untidy, and a pass follows from nothing.
	moved.Severity = finding.Notice
	for _, list := range [][]finding.Finding{{key, moved}, {moved, key}} {
		if got := misplacedDMARC(list, true); len(got) != 1 || got[0].Check != "dkim-key-syntax" || len(got[0].Follows) != 1 || got[0].Follows[0].Check != "dmarc-wrong-name" {
			t.Errorf("%+v", got)
		}
	}
	sound := key
	sound.Severity = finding.Pass
	if got := misplacedDMARC([]finding.Finding{sound, moved}, true); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	moved.Severity = finding.Pass
	if got := misplacedDMARC([]finding.Finding{key, moved}, true); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

// TestAwaitSPF: an SPF record that is published beside another is in order, or the fix waits.
func TestAwaitSPF(t *testing.T) {
	for text, when := range map[string]string{
		"v=spf1 a include:_spf.acme.example ~all":        "",
		"v=spf1 a in1lude:_spf.acme.example ~all":        `"in1lude:_spf.acme.example" in the SPF record is put right`,
		"google-site-verification=v=spf1 in1lude:a.test": "",
	} {
		fix := &finding.Fix{Name: "_dmarc.acme.example", Type: "TXT", Value: "v=DMARC1; p=reject", Complete: true,
			More: []finding.Record{{Name: "acme.example", Type: "TXT", Value: text}}}
		findings := []finding.Finding{{Check: "dmarc-wrong-name", Fix: fix}, {Check: "dmarc-syntax"}}
		awaitSPF(findings)
		if got := findings[0].Fix; got.When != when || got.Complete != (when == "") || fix.When != "" {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestNotChecked: only what is open because nobody was to be asked is not checked.
func TestNotChecked(t *testing.T) {
	evidence := func(status ...string) (out []finding.Evidence) {
		for _, s := range status {
			out = append(out, finding.Evidence{Name: "x.example", Type: "TXT", Status: s})
		}
		return out
	}
	trace := func(status ...string) (out []resolver.Trace) {
		for _, s := range status {
			out = append(out, resolver.Trace{Status: s})
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		trace    []resolver.Trace
		evidence []finding.Evidence
		want     finding.Severity
		answered bool
	}{
		{"offline", trace("found", "offline"), evidence("offline"), finding.NotChecked, false},
		{"offline beside an answer", trace("found", "offline"), evidence("found", "offline", "nxdomain"), finding.NotChecked, false},
		{"without evidence", trace("found", "offline"), nil, finding.NotChecked, false},
		{"evidence of answers alone", trace("found", "offline"), evidence("found"), finding.NotChecked, false},
		{"a loop of aliases in a zone", trace("alias-loop", "offline"), evidence("alias-loop"), finding.Unknown, false},
		{"a loop beside offline", trace("alias-loop", "offline"), evidence("offline", "alias-loop"), finding.Unknown, false},
		{"without evidence, and a loop elsewhere", trace("alias-loop", "offline"), nil, finding.Unknown, false},
		{"the bound on questions", trace("budget-spent", "offline"), evidence("budget-spent"), finding.Unknown, false},
		{"a live run", trace("found", "timeout"), evidence("timeout"), finding.Unknown, false},
		{"a live run without evidence", trace("found", "servfail"), nil, finding.Unknown, false},
		{"list: its test fails in a zone that is loaded", trace("found", "offline"), evidence("found", "nxdomain"), finding.Unknown, true},
		{"a question of an SPF evaluation that its record stands for", trace("found", "offline"), evidence("found"), finding.NotChecked, false},
		{"list: no zone holds it", trace("found", "offline"), evidence("offline"), finding.NotChecked, false},
		{"list: without evidence", trace("found", "offline"), nil, finding.NotChecked, false},
	} {
		section, check := finding.SPF, "spf-unresolved"
		if strings.HasPrefix(tt.name, "list: ") {
			section, check = finding.Reputation, "rbl-unresolved"
		}
		if tt.answered {
			check = "rbl-list-unhealthy"
		}
		list := []finding.Finding{{Check: check, Section: section, Severity: finding.Unknown, CouldBe: finding.Critical, Undecides: true, Evidence: tt.evidence}, {Severity: finding.Error, Evidence: tt.evidence}}
		NotChecked(list, tt.trace)
		if list[0].Severity != tt.want || (list[0].CouldBe == "") != (tt.want == finding.NotChecked) || list[1].Severity != finding.Error {
			t.Errorf("%s: %+v", tt.name, list)
		}
		if said := list[0].Title + list[0].Detail; strings.HasPrefix(said, "Not checked") != (tt.want == finding.NotChecked) {
			t.Errorf("%s: says %q", tt.name, said)
		}
	}
}
