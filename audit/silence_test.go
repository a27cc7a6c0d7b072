package audit

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// silent answers some questions only.
type silent struct {
	resolver.Resolver
	answers func(name string, t resolver.Type) bool
}

func (s silent) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if !s.answers(strings.ToLower(name), t) {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Timeout}
	}
	return s.Resolver.Lookup(ctx, name, t)
}

// silences are ways in which a resolver answers only a part of the questions of an
// audit: not one of them, not that one, only that one, not those of a type, only
// those of a type, and by chance.
func silences(trace []resolver.Trace, seed int) map[string]func(string, resolver.Type) bool {
	out := map[string]func(string, resolver.Type) bool{"all": func(string, resolver.Type) bool { return false }}
	types := map[resolver.Type]bool{}
	for _, q := range trace {
		is := func(name string, t resolver.Type) bool { return name == strings.ToLower(q.Name) && t == q.Type }
		out["all but "+questionOf(q)] = is
		out[questionOf(q)] = func(name string, t resolver.Type) bool { return !is(name, t) }
		types[q.Type] = true
	}
	for typ := range types {
		out["all but every "+typ.String()] = func(_ string, t resolver.Type) bool { return t == typ }
		out["every "+typ.String()] = func(_ string, t resolver.Type) bool { return t != typ }
	}
	for i := range 4 {
		out[fmt.Sprint("by chance ", i)] = func(name string, t resolver.Type) bool {
			return crc32.ChecksumIEEE(fmt.Append(nil, seed, i, name, t))%4 != 0
		}
	}
	return out
}

// inFull reports whether what a run by hand samples is to be tried in full: SILENCES is "all".
func inFull() bool { return os.Getenv("SILENCES") == "all" }

// silencesTried is how many of the silences of one domain TestSilence tries, unless
// SILENCES is "all".
const silencesTried = 6

// TestSilence: a resolver that answers only a part of the questions about a domain
// makes nothing pass that does not pass when all is answered. The domains have
// between them a finding of nearly every check.
func TestSilence(t *testing.T) {
	rows, world := spoiltDomains(t)
	if testing.Short() {
		rows = rows[:10]
	}
	audits, tried := 0, silencesTried
	if bombtest.Raced {
		tried = 1 // ten times as slow; what races, one shows
	}
	for i, row := range rows {
		dns, _ := world(row)
		full := Run(context.Background(), dns, row.target, Options{Selectors: "inferred"})
		fails, passes := map[string]string{}, map[[2]string]bool{}
		for _, f := range full.Findings {
			if f.Severity.AtLeast(finding.Notice) {
				fails[f.Check] = f.Detail
			} else if f.Severity == finding.Pass {
				passes[[2]string{f.Check, f.Subject}] = true
			}
		}
		all := silences(full.Trace, i)
		ways := slices.Sorted(maps.Keys(all))
		if !inFull() && len(ways) > tried {
			// Others for each domain.
			r := rand.New(rand.NewPCG(12, uint64(i)))
			r.Shuffle(len(ways), func(i, j int) { ways[i], ways[j] = ways[j], ways[i] })
			ways = ways[:tried]
		}
		for _, what := range ways {
			answers := all[what]
			audits++
			for _, f := range Run(context.Background(), silent{dns, answers}, row.target, Options{Selectors: "inferred"}).Findings {
				if f.Severity == finding.Pass && fails[f.Check] != "" && !passes[[2]string{f.Check, f.Subject}] {
					t.Errorf("%s, silence of %s: %s of %s passes: %s\nwhen answered: %s", row.check, what, f.Check, f.Subject, f.Detail, fails[f.Check])
				}
			}
		}
	}
	t.Logf("%d audits of %d domains", audits, len(rows))
}

// TestSilenceOfAll: of a domain whose questions are not answered, nothing passes but
// what was stated.
func TestSilenceOfAll(t *testing.T) {
	rows, world := spoiltDomains(t)
	passes := map[string]string{}
	for _, row := range rows {
		dns, _ := world(row)
		res := Run(context.Background(), silent{dns, func(string, resolver.Type) bool { return false }}, row.target, Options{Selectors: "inferred"})
		for _, f := range res.Findings {
			if f.Severity == finding.Pass {
				passes[f.Check] = row.check + ": " + f.Subject + ": " + f.Detail
			}
		}
	}
	for check, why := range passes {
		if provedBySilence[check] == "" {
			t.Errorf("%s passes: %s", check, why)
		}
	}
	for check := range provedBySilence {
		if passes[check] == "" {
			t.Errorf("%s passes nowhere any more; take it out", check)
		}
	}
}

// provedBySilence are the checks that what was stated decides alone, and how.
var provedBySilence = map[string]string{
	"rbl-no-addresses":     "the addresses are stated",
	"dmarc-spf-unaligned":  "the stated envelope domain is the author domain itself",
	"dmarc-dkim-unaligned": "the stated signing domain is the author domain itself",
}

// failsIn answers nothing about a zone, for a reason.
type failsIn struct {
	resolver.Resolver
	zone string
	why  resolver.Error
}

func (f failsIn) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if resolver.Within(name, f.zone) {
		e := f.why
		e.Name, e.Type, e.Server = name, t, "udp://192.0.2.53"
		return nil, &e
	}
	return f.Resolver.Lookup(ctx, name, t)
}

// TestZoneUnanswered: whose fault it is that nothing about a domain is answered: of its servers,
// or of a resolver that refuses by itself.
func TestZoneUnanswered(t *testing.T) {
	const servers, refuses = "Name servers of the domain do not answer", "DNS resolver refuses to answer about the domain"
	client := dnstest.Start(t, bundled(t)...).Client(resolver.Config{})
	defer client.Close()
	for _, tt := range []struct {
		why   resolver.Error
		title string
		words string
	}{
		{resolver.Error{Reason: resolver.ServFail}, servers, ""},
		{resolver.Error{Reason: resolver.ServFail, Detail: "DNSSEC Bogus"}, servers, "servfail, in its words: DNSSEC Bogus"},
		{resolver.Error{Reason: resolver.Timeout, Detail: "no answer in time"}, servers, ""},
		{resolver.Error{Reason: resolver.Refused}, refuses, ""},
		{resolver.Error{Reason: resolver.Refused, Detail: "Blocked: by rule 7"}, refuses, "refused, in its words: Blocked: by rule 7"},
	} {
		f := Run(t.Context(), failsIn{client, "tidy.example", tt.why}, Target{Domain: "tidy.example"}, Options{Selectors: "inferred"}).Findings[0]
		if f.Check != "zone-silent" || f.Title != tt.title || !strings.Contains(f.Detail, tt.words) || strings.Contains(f.Detail, "in its words") != (tt.words != "") {
			t.Errorf("%v: %s %s: %s", tt.why, f.Check, f.Title, f.Detail)
		}
		if to := strings.Contains(f.Fix.Summary, "Ask another resolver"); to != (tt.title == refuses) {
			t.Errorf("%v: %s", tt.why, f.Fix.Summary)
		}
	}
}
