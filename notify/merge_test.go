package notify

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/report"
)

// night is what a run has to say of 250 domains whose provider lost a record, of one
// whose record was altered, and of the logs.
func night() []*Notice {
	was, is := 98, 41
	before, after := report.Outcome{Verdict: report.Ready, Score: &was, Grade: "A"}, report.Outcome{Verdict: report.NotReady, Score: &is, Grade: "F"}
	broken := finding.Finding{Check: "spf-include-missing", Severity: finding.Error, Subject: "_spf.host.example", Title: "SPF include has no record", Fix: &finding.Fix{Summary: "Ask them."}}
	var list []*Notice
	for i := range 250 {
		list = append(list, OfChange(&report.Comparison{Domain: fmt.Sprintf("d%03d.example", i), Before: before, After: after, New: []finding.Finding{broken}}, "Ada", noon))
	}
	worse := OfChange(&report.Comparison{Domain: "z.example", Before: before, After: before,
		Gone:    []finding.Finding{{Check: "dmarc-policy-none", Severity: finding.Warning, Subject: "z.example", Title: "DMARC policy is p=none"}},
		Removed: []finding.Record{{Name: "z.example", Type: "TXT", Value: "v=spf1 -all"}}, Added: []finding.Record{{Name: "z.example", Type: "TXT", Value: hostile}}}, "Bob", noon)
	alone := OfChange(&report.Comparison{Domain: "y.example", Before: before, After: before}, "", noon)
	logs := OfThreshold(Logs, report.Outcome{Verdict: report.ReadyWithWarnings}, []finding.Finding{{Check: "logs-deferred", Severity: finding.Warning, Subject: Logs, Title: "40 % were deferred"}}, "", noon)
	return append(list, worse, alone, logs)
}

// TestDigest: a target gets one message of a run, in which a cause is one line with its
// number of domains.
func TestDigest(t *testing.T) {
	r := receive(t, httptest.NewServer)
	targets := []Target{{Name: "hook", Kind: Webhook, URL: Secret(r.URL)}}
	o := open(t, filepath.Join(t.TempDir(), "outbox.json"))
	o.Add(&targets[0], night()...)
	if problems := deliver(t, o, targets, noon); problems != nil || r.got() != 1 {
		t.Fatalf("%v, %d posts", problems, r.got())
	}
	var n Notice
	if err := json.Unmarshal(r.bodies[0], &n); err != nil {
		t.Fatal(err)
	}
	first := n.Findings[0]
	if n.Domain != "" || n.Owner != "" || n.Before != nil || n.After.Verdict != report.NotReady || n.DomainCount != 253 || len(n.Domains) != maxDomains || n.ID == "" || n.OutcomeOnly != 1 ||
		first.DomainCount != 250 || len(first.Domains) != maxDomains || first.Fix != "Ask them." || len(n.Findings) != 3 || len(r.bodies[0]) > 32<<10 {
		t.Errorf("%d bytes: %.3000s", len(r.bodies[0]), r.bodies[0])
	}
	text := mailText(merge(night()[248:]))
	for _, want := range []string{
		"4 domains and mail logs: error spf-include-missing _spf.host.example: 2 domains, new; and 2 more\n",
		"\n  error spf-include-missing _spf.host.example: 2 domains, new: SPF include has no record (d248.example, d249.example)\n",
		"\n  warning logs-deferred: mail logs: 40 % were deferred\n",
		"\n  warning dmarc-policy-none: z.example, gone: DMARC policy is p=none\n",
		"\n  - z.example TXT v=spf1 -all\n",
		"\n  1 domain: the verdict or the score differs; no finding and no record does\n",
		"\nOwners: Ada, Bob\n", "\n  spf-include-missing: Ask them.\n", "mailworthy audit DOMAIN",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, kind := range []Kind{Slack, Teams} {
		posted, err := body(kind, merge(night()))
		if err != nil || !strings.Contains(string(posted), "250 domains, new: SPF include has no record (d000.example, d001.example, d002.example and 247 more)") || len(posted) > 8<<10 {
			t.Errorf("%s: %v %d bytes: %s", kind, err, len(posted), posted)
		}
	}
}

// TestDigestOnce: what of a run is there already is not sent again, and what comes to it
// is; a try that failed is repeated under the same ID.
func TestDigestOnce(t *testing.T) {
	r := receive(t, httptest.NewServer, 404)
	targets := []Target{{Name: "hook", Kind: Webhook, URL: Secret(r.URL)}}
	file := filepath.Join(t.TempDir(), "outbox.json")
	o := open(t, file)
	o.Add(&targets[0], night()[:3]...)
	if problems := deliver(t, o, targets, noon); len(problems) != 1 || !strings.Contains(problems[0].Error(), `"hook" about 3 domains waits`) {
		t.Fatal(problems)
	}
	o = open(t, file)
	o.Add(&targets[0], night()[:5]...)
	if problems := deliver(t, o, targets, noon); problems != nil || r.got() != 3 {
		t.Fatal(problems, r.got())
	}
	var got []string
	for _, text := range r.bodies {
		var n Notice
		if err := json.Unmarshal(text, &n); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(n.Findings[0].Domains))
	}
	want := []string{"[d000.example d001.example d002.example]", "[d000.example d001.example d002.example]", "[d003.example d004.example]"}
	if !slices.Equal(got, want) || r.heads[0].Get(IDHeader) != r.heads[1].Get(IDHeader) || r.heads[1].Get(IDHeader) == r.heads[2].Get(IDHeader) {
		t.Errorf("%q %q", got, r.heads)
	}
}
