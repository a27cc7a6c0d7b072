package inspect

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/doctor"
	"mailworthy/internal/field"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/smtp/probe"
	"mailworthy/transport"
)

// asking is what the command states by default, offline.
func asking(zones ...string) Asking {
	return Asking{Offline: true, Zones: zones, Timeout: time.Second, Deadline: 10 * time.Second, Retries: 2, MaxQueries: 500, Now: "2026-11-21T09:00:00Z"}
}

// zoneFile is a zone file in a folder of its own.
func zoneFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const acmeZone = "$ORIGIN acme.example.\n@ 3600 IN SOA ns hostmaster 1 2 3 4 5\n@ 3600 IN TXT \"v=spf1 -all\"\n"

// TestAskingRefuses: what means nothing, or does not go together, is refused by the fields.
func TestAskingRefuses(t *testing.T) {
	flag := func(key string) string { return "--" + key }
	for _, tt := range []struct {
		change func(*Asking)
		want   string
	}{
		{func(a *Asking) { a.Timeout = 0 }, "--timeout 0s: it must be more than 0"},
		{func(a *Asking) { a.Deadline = -time.Second }, "--deadline -1s: it must be more than 0"},
		{func(a *Asking) { a.Retries = 11 }, "--retries 11: it must be 0 to 10"},
		{func(a *Asking) { a.MaxQueries = 0 }, "--max_queries 0: it must be at least 1"},
		{func(a *Asking) { a.ListQPS = -1 }, "--qps, --server_qps and --list_qps must not be negative"},
		{func(a *Asking) { a.Resolvers = []string{"192.0.2.53"} }, "--offline and --resolvers exclude each other"},
		{func(a *Asking) { a.Zones = nil }, "--offline needs a zone to answer from"},
		{func(a *Asking) { a.Now = "today" }, `--now "today" is not a time in RFC 3339 form`},
		{func(a *Asking) { a.Offline, a.Zones, a.Resolvers = false, nil, []string{"ftp://192.0.2.53"} }, "ftp"},
		{func(a *Asking) { a.Zones = []string{filepath.Join(t.TempDir(), "none.zone")} }, "none.zone"},
		{func(a *Asking) { a.Zones = []string{t.TempDir()} }, "--zones "},
	} {
		a := asking(zoneFile(t, "acme.zone", acmeZone))
		tt.change(&a)
		s, err := a.Open(t.Context(), nil)
		var wrong *field.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v, %v", tt.want, s, err)
		} else if got := wrong.Named(flag).Error(); !strings.Contains(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestAskingOpens: the session has the bounds and the time that were stated, knows which
// domains its zones hold, and warns of what is odd in them.
func TestAskingOpens(t *testing.T) {
	odd := zoneFile(t, "odd.zone", acmeZone+"@ 3600 IN A 192.0.2.1\nwww 60 IN A 192.0.2.2\nwww 3600 IN A 192.0.2.3\n")
	folder := filepath.Dir(odd)
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("buy milk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := asking(folder)
	a.Retries, a.Lists, a.ListQPS = 0, []string{"zen.spamhaus.org"}, 3
	var warned []string
	s, err := a.Open(t.Context(), func(text string) { warned = append(warned, text) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !slices.ContainsFunc(warned, func(w string) bool { return strings.Contains(w, "notes.txt is left out") }) {
		t.Errorf("warned of %q", warned)
	}
	if want := "2026-11-21T09:00:00Z"; s.Now.Format(time.RFC3339) != want || s.Clock == nil || !s.Clock().Equal(s.Now) {
		t.Errorf("now %s, want %s", s.Now, want)
	}
	if c := a.Config(); c.Retries != -1 || c.ZoneQPS["zen.spamhaus.org"] != 3 {
		t.Errorf("no retries are %d, a list has %v", c.Retries, c.ZoneQPS)
	}
	if err := s.Held("mail.acme.example"); err != nil {
		t.Error(err)
	}
	if err := s.Held("other.example"); err == nil || err.Error() != "no zone of zones holds other.example, and offline asks nobody else" {
		t.Errorf("a domain that no zone holds: %v", err)
	}
	if n, rate := s.Asked(&report.Tally{Questions: 7}), s.HitRate(); n != 7 || rate != nil {
		t.Errorf("offline %d questions were asked, %v of them in the cache", n, rate)
	}
	if w, err := s.Web(Fetching{}); w != nil || err != nil {
		t.Errorf("offline something is fetched: %v, %v", w, err)
	}
	if _, err := s.Web(Fetching{Roots: "none.pem"}); err == nil || !strings.HasPrefix(err.Error(), "tls_ca none.pem: ") {
		t.Errorf("certificates of no file: %v", err)
	}
	if _, err := s.Probing(t.Context(), Fetching{}, transport.Tools{}); err == nil || err.Error() != "offline and probe exclude each other" {
		t.Errorf("offline mail servers are connected to: %v", err)
	}
}

// TestSessionOnline: with servers there is a cache, and what fetches and connects.
func TestSessionOnline(t *testing.T) {
	a := asking()
	a.Offline, a.Resolvers, a.Now = false, []string{"192.0.2.53", "192.0.2.54"}, ""
	s, err := a.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Clock != nil || s.Held("acme.example") != nil || s.HitRate() == nil || s.Asked(&report.Tally{Questions: 7}) != 0 {
		t.Errorf("%+v", s)
	}
	tools, err := s.Tools(Fetching{}, true)
	if err != nil || tools.Web == nil || tools.Web.Shared == nil || !tools.Validator.Trusted || tools.Validator.Unchecked == nil {
		t.Fatalf("%+v, %v", tools, err)
	}
	shared, err := s.Probing(t.Context(), Fetching{}, tools)
	if err != nil {
		t.Fatal(err)
	}
	shared.Close()
	if one, ok := a.Other(1); !ok || !slices.Equal(one.Resolvers, a.Resolvers[1:]) {
		t.Errorf("the second resolver: %q", one.Resolvers)
	}
	if _, ok := a.Other(2); ok {
		t.Error("there is a third resolver")
	}
}

// TestAgainst: the live DNS is asked without a zone, and a file takes the place of the zones
// that it has too.
func TestAgainst(t *testing.T) {
	acme, new, other := zoneFile(t, "acme.zone", acmeZone), zoneFile(t, "new.zone", acmeZone), zoneFile(t, "other.zone", strings.ReplaceAll(acmeZone, "acme", "other"))
	a := asking(acme, other)
	if b, err := a.Against(t.Context(), new); err != nil || slices.Contains(b.Zones, acme) || len(b.Zones) != 2 {
		t.Errorf("%q, %v", b.Zones, err)
	}
	if _, err := a.Against(t.Context(), "none.zone"); err == nil || !strings.HasPrefix(err.Error(), "against none.zone: ") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := a.Against(t.Context(), Live); err == nil || err.Error() != "against live needs the network" {
		t.Errorf("live and offline: %v", err)
	}
	a.Offline = false
	if b, err := a.Against(t.Context(), Live); err != nil || b.Zones != nil {
		t.Errorf("%q, %v", b.Zones, err)
	}
}

// TestListHealth: without resolvers the zones are asked, with several each by itself.
func TestListHealth(t *testing.T) {
	a := asking(zoneFile(t, "acme.zone", acmeZone))
	probes, err := a.ListHealth(t.Context(), rbl.DefaultCatalogue(), []string{"zen.spamhaus.org"}, nil)
	if err != nil || len(probes) != 1 || probes[0].Resolver != "the zones given" || len(probes[0].Lists) == 0 || view.Silent(probes) {
		t.Errorf("%+v, %v", probes, err)
	}
	a.Offline, a.Deadline, a.Timeout, a.Retries = false, 20*time.Millisecond, 10*time.Millisecond, 0
	a.Resolvers = []string{"127.0.0.1:1", "https://127.0.0.1:1/dns-query/secret-token"}
	probes, err = a.ListHealth(t.Context(), rbl.DefaultCatalogue(), []string{"zen.spamhaus.org"}, nil)
	if err != nil || len(probes) != 2 || !strings.HasPrefix(probes[0].Resolver, "127.0.0.1:1") || probes[1].Resolver == "" || !view.Silent(probes) {
		t.Errorf("%+v, %v", probes, err)
	}
	a.Timeout = 0
	if _, err := a.ListHealth(t.Context(), rbl.DefaultCatalogue(), nil, nil); err == nil {
		t.Error("no time for an answer")
	}
}

// TestDoctor: offline there is nothing to examine, with or without zones, and a time that is
// none is refused.
func TestDoctor(t *testing.T) {
	for _, a := range []Asking{asking(), asking(zoneFile(t, "acme.zone", acmeZone))} {
		e, err := a.Doctor(t.Context(), rbl.DefaultCatalogue(), nil)
		if err != nil || !slices.ContainsFunc(e.Checks, func(c doctor.Check) bool { return c.State == doctor.NotChecked }) {
			t.Errorf("%+v, %v", e, err)
		}
		if a.Briefly(t.Context()) != nil {
			t.Error("offline somebody is asked")
		}
		a.Now = "today"
		if _, err := a.Doctor(t.Context(), nil, nil); err == nil {
			t.Error("a time that is none")
		}
	}
	a := asking()
	a.Offline, a.Resolvers, a.Timeout = false, []string{"127.0.0.1:1"}, 10*time.Millisecond
	if e := a.Briefly(t.Context()); e == nil || len(e.Failing()) == 0 {
		t.Errorf("a resolver that is not there: %+v", e)
	}
	a.Resolvers = []string{"ftp://127.0.0.1"}
	if a.Briefly(t.Context()) != nil {
		t.Error("a resolver that is none")
	}
}

// TestReadFiles: nothing is named, and what is built in holds; a file that is not there, and one
// that is wrong, are errors of their fields.
func TestReadFiles(t *testing.T) {
	for key, read := range map[string]func(string) (bool, error){
		"policy": func(file string) (bool, error) { p, err := ReadPolicy(t.Context(), file); return p != nil, err },
		"lists": func(file string) (bool, error) {
			c, err := ReadLists(t.Context(), file, os.Getenv)
			return c != nil, err
		},
		"services": func(file string) (bool, error) { c, err := ReadServices(file); return c != nil, err },
	} {
		if there, err := read(""); err != nil || there == (key == "policy") {
			t.Errorf("%s of no file: %v, %v", key, there, err)
		}
		for _, file := range []string{filepath.Join(t.TempDir(), "none"), zoneFile(t, "wrong", "{{{ = nothing\n")} {
			var wrong *field.Error
			if _, err := read(file); !errors.As(err, &wrong) || wrong.Field != key {
				t.Errorf("%s of %s: %v", key, file, err)
			}
		}
	}
	if p, err := ReadPolicy(t.Context(), zoneFile(t, "policy.yaml", "severities:\n  spf-syntax: warning\n")); err != nil || p == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestSenderOf: an address sends for the domain of its PTR record, if the DNS says so.
func TestSenderOf(t *testing.T) {
	a := asking(zoneFile(t, "2.0.192.in-addr.arpa.zone", "$ORIGIN 2.0.192.in-addr.arpa.\n@ 3600 IN SOA ns hostmaster 1 2 3 4 5\n10 3600 IN PTR mx1.acme.example.\n"))
	s, err := a.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for addr, want := range map[string]string{"192.0.2.10": "acme.example", "192.0.2.11": "", "198.51.100.1": ""} {
		if got := s.SenderOf(t.Context(), netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

// TestProbeOptions: each target may cost as much as a domain, and offline nothing is fetched.
func TestProbeOptions(t *testing.T) {
	a := asking()
	a.Proposes = true
	for _, offline := range []bool{true, false} {
		if a.Offline = offline; !offline {
			a.Resolvers = []string{"192.0.2.53"}
		}
		s, err := a.Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var o probe.Options
		if err := s.Probe(&o, 3, true, true); err != nil || o.Resolver == nil || (o.Web == nil) != offline || !o.Dialer.AllowPrivate || !o.Validator.Trusted || o.Deadline != a.Deadline {
			t.Errorf("offline %v: %+v, %v", offline, o, err)
		}
		s.Close()
	}
}
