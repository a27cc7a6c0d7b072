// Package resolvertest has the suite by which all that answers for the DNS agrees:
// resolver.Client, Cache, Session, Overlay, Amend and whatever is put on them.
package resolvertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailworthy/resolver"
)

// Origin is the zone that the suite asks about, and Zone its master file. Nothing else
// exists, and Silent gives no answer.
const (
	Origin = "suite.test"
	// Silent is a name that is answered SERVFAIL, of every type. It stands in no zone.
	Silent = "silent.test"
	Zone   = `$ORIGIN suite.test.
$TTL 300
@        SOA    ns1 host 1 7200 3600 1209600 60
@        NS     ns1
@        MX     10 mx1
@        MX     20 mx2.other.test.
@        TXT    "v=spf1 -all"
ns1      A      192.0.2.53
mx1      A      192.0.2.1
mx1      A      192.0.2.2
mx1      AAAA   2001:db8::1
null     MX     0 .
split    TXT    "one" "two " "three"
bytes    TXT    "\000\255\"\\;" ""
empty    TXT    ""
several  TXT    "first"
several  TXT    "second"
several  TXT    "third"
Mixed    TXT    "CasE"
1        PTR    mx1
tlsa     TLSA   3 1 1 0000000000000000000000000000000000000000000000000000000000000000
secured  DS     1 8 2 0000000000000000000000000000000000000000000000000000000000000000
a.b.deep TXT    "deep"
*.wild   TXT    "wild"
*.wild   MX     5 mx1
is.wild  A      192.0.2.3
alias    CNAME  mx1
alias2   CNAME  alias
alias3   CNAME  alias2
tonone   CNAME  none
tonodata CNAME  split
towild   CNAME  any.wild
loop     CNAME  pool
pool     CNAME  loop
self     CNAME  self
`
)

// long is a label of the longest length, and one that is too long.
var long = strings.Repeat("l", 63)

// questions are those of the suite, and what each is answered: the status or the reason
// why there is no answer, the aliases followed (>), and the records.
var questions = []struct {
	name string
	typ  resolver.Type
	want string
}{
	{"suite.test", resolver.TypeTXT, `found "v=spf1 -all"`},
	{"suite.test.", resolver.TypeTXT, `found "v=spf1 -all"`},
	{"SUITE.Test", resolver.TypeTXT, `found "v=spf1 -all"`},
	{"suite.test", resolver.TypeMX, `found "10 mx1.suite.test" "20 mx2.other.test"`},
	{"suite.test", resolver.TypeNS, `found "ns1.suite.test"`},
	{"suite.test", resolver.TypeSOA, `found "ns1.suite.test. host.suite.test. 1 7200 3600 1209600 60"`},
	{"suite.test", resolver.TypeA, `nodata`},
	{"suite.test", resolver.TypeCNAME, `nodata`},
	{"mx1.suite.test", resolver.TypeA, `found "192.0.2.1" "192.0.2.2"`},
	{"mx1.suite.test", resolver.TypeAAAA, `found "2001:db8::1"`},
	{"null.suite.test", resolver.TypeMX, `found "0 ."`},
	{"split.suite.test", resolver.TypeTXT, `found "onetwo three"`},
	{"bytes.suite.test", resolver.TypeTXT, `found "\x00\xff\"\\;"`},
	{"empty.suite.test", resolver.TypeTXT, `found ""`},
	{"several.suite.test", resolver.TypeTXT, `found "first" "second" "third"`},
	{"mixed.suite.test", resolver.TypeTXT, `found "CasE"`},
	{"mIXED.suite.test", resolver.TypeTXT, `found "CasE"`},
	{"1.suite.test", resolver.TypePTR, `found "mx1.suite.test"`},
	{"tlsa.suite.test", resolver.TypeTLSA, `found "3 1 1 0000000000000000000000000000000000000000000000000000000000000000"`},
	{"secured.suite.test", resolver.TypeTXT, `nodata`},
	{"none.suite.test", resolver.TypeTXT, `nxdomain`},
	{"below.mx1.suite.test", resolver.TypeA, `nxdomain`},
	// A name between two that exist exists (RFC 8020).
	{"deep.suite.test", resolver.TypeTXT, `nodata`},
	{"b.deep.suite.test", resolver.TypeMX, `nodata`},
	{"a.b.deep.suite.test", resolver.TypeTXT, `found "deep"`},
	{"c.b.deep.suite.test", resolver.TypeTXT, `nxdomain`},
	// Wildcards (RFC 4592).
	{"any.wild.suite.test", resolver.TypeTXT, `found "wild"`},
	{"one.two.wild.suite.test", resolver.TypeMX, `found "5 mx1.suite.test"`},
	{"any.wild.suite.test", resolver.TypeA, `nodata`},
	{"is.wild.suite.test", resolver.TypeTXT, `nodata`},
	{"below.is.wild.suite.test", resolver.TypeTXT, `nxdomain`},
	{"wild.suite.test", resolver.TypeTXT, `nodata`},
	// Aliases.
	{"alias.suite.test", resolver.TypeA, `found >mx1.suite.test "192.0.2.1" "192.0.2.2"`},
	{"alias.suite.test", resolver.TypeCNAME, `found "mx1.suite.test"`},
	{"alias3.suite.test", resolver.TypeAAAA, `found >alias2.suite.test >alias.suite.test >mx1.suite.test "2001:db8::1"`},
	{"alias.suite.test", resolver.TypeTXT, `nodata >mx1.suite.test`},
	{"tonone.suite.test", resolver.TypeA, `nxdomain >none.suite.test`},
	{"tonodata.suite.test", resolver.TypeA, `nodata >split.suite.test`},
	{"towild.suite.test", resolver.TypeTXT, `found >any.wild.suite.test "wild"`},
	{"loop.suite.test", resolver.TypeA, `alias-loop`},
	{"self.suite.test", resolver.TypeA, `alias-loop`},
	// Names that cannot be asked, and those that just can.
	{"a..suite.test", resolver.TypeA, `bad-name`},
	{".suite.test", resolver.TypeA, `bad-name`},
	{long + ".suite.test", resolver.TypeA, `nxdomain`},
	{long + "l.suite.test", resolver.TypeA, `bad-name`},
	{strings.Repeat(long+".", 3) + strings.Repeat("m", 50) + ".suite.test", resolver.TypeA, `nxdomain`},
	{strings.Repeat(long+".", 4) + "suite.test", resolver.TypeA, `bad-name`},
	{"sp ace.suite.test", resolver.TypeA, `nxdomain`},
	{"_under.suite.test", resolver.TypeA, `nxdomain`},
}

// Say is an outcome in one line, as in the table of the suite.
func Say(a *resolver.Answer, err error) string {
	if err != nil {
		return string(resolver.AsError(err).Reason)
	}
	out := string(a.Status)
	for _, c := range a.CNAMEs {
		out += " >" + c
	}
	var records []string
	for i := range a.Records {
		records = append(records, fmt.Sprintf("%q", a.Records[i].String()))
	}
	// A server may turn the records of a set round.
	slices.Sort(records)
	for _, r := range records {
		out += " " + r
	}
	return out
}

// Run asks a resolver that has the Zone and nothing else: each question alone, again,
// all at once, and as a batch. If silent, the resolver asks a server that answers
// SERVFAIL for the name Silent.
func Run(t *testing.T, r resolver.Resolver, silent bool) {
	table := questions
	if silent {
		table = append(slices.Clone(table), struct {
			name string
			typ  resolver.Type
			want string
		}{Silent, resolver.TypeTXT, "servfail"})
	}
	check := func(t *testing.T, how string, i int, a *resolver.Answer, err error) {
		t.Helper()
		q := table[i]
		if got := Say(a, err); got != q.want {
			t.Errorf("%s: %.80s %s is %s (%v), want %s", how, q.name, q.typ, got, err, q.want)
			return
		}
		var e *resolver.Error
		switch {
		case err != nil && (a != nil || !errors.As(err, &e) || e.Type != q.typ || !same(e.Name, q.name)):
			t.Errorf("%s: %.80s %s fails with %#v and the answer %v", how, q.name, q.typ, err, a)
		case err == nil && (!same(a.Name, q.name) || a.Type != q.typ || a.Server == "" || a.Rcode != rcode(a.Status)):
			t.Errorf("%s: %.80s %s: %+v", how, q.name, q.typ, a)
		case err == nil && a.Status == resolver.Found && !slices.ContainsFunc(a.Records, func(r resolver.Record) bool { return r.Type == q.typ }):
			t.Errorf("%s: %.80s %s: records of another type: %+v", how, q.name, q.typ, a.Records)
		}
	}
	for _, how := range []string{"alone", "again"} {
		for i, q := range table {
			a, err := r.Lookup(t.Context(), q.name, q.typ)
			check(t, how, i, a, err)
		}
	}
	var all sync.WaitGroup
	for i, q := range table {
		all.Go(func() {
			a, err := r.Lookup(t.Context(), q.name, q.typ)
			check(t, "at once", i, a, err)
		})
	}
	all.Wait()
	b, answered := resolver.NewBatch(t.Context(), r), 0
	for i, q := range table {
		b.Ask(q.name, q.typ, func(a *resolver.Answer, err error) {
			answered++
			check(t, "batch", i, a, err)
		})
	}
	b.Run()
	if answered != len(table) {
		t.Errorf("batch: %d of %d answered", answered, len(table))
	}
	// Nobody waits for whoever has left.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := r.Lookup(ctx, "fresh.suite.test", resolver.TypeA); err != nil && resolver.AsError(err).Reason != resolver.Canceled {
		t.Errorf("after the end of the context: %v, %v", a, err)
	}
}

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

func rcode(s resolver.Status) string {
	if s == resolver.NXDomain {
		return "NXDOMAIN"
	}
	return "NOERROR"
}
