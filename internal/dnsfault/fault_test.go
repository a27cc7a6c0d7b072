package dnsfault_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/internal/dnsfault"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

const zones = `
	$ORIGIN acme.example.
	@ 300 SOA ns hostmaster 1 2 3 4 300
	@ 300 NS ns
	@ 300 MX 10 mx1
	@ 300 MX 20 mx2
	@ 300 TXT "v=spf1 mx -all"
	@ 300 TXT "verification=1"
	mx1 300 A 192.0.2.10
	mx1 300 AAAA 2001:db8::10
	mx2 300 A 192.0.2.11
	ptr 300 PTR mx1
	alias 300 CNAME target
	target 300 TXT "reached"
	dead 300 CNAME absent
	out 300 CNAME mx1
	tlsa 300 TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
`

// say is an outcome in one line, but for the errors: they are all the same here.
func say(a *resolver.Answer, err error) string {
	if err != nil {
		return "error"
	}
	var records []string
	for i := range a.Records {
		records = append(records, fmt.Sprintf("%q %q", a.Records[i].String(), a.Records[i].TXT))
	}
	slices.Sort(records)
	return fmt.Sprintf("%s %v %s", a.Status, a.CNAMEs, strings.Join(records, " "))
}

// TestTruthOrError: of no spoilt message anything but the truth is read, and if
// there is something, it is not read as absent.
func TestTruthOrError(t *testing.T) {
	right := dnstest.Start(t, zones)
	truth := dnsfault.NewTruth(right.Addr())
	honest := right.Client(resolver.Config{})
	defer honest.Close()
	var questions []struct {
		name string
		typ  resolver.Type
		want string
	}
	for _, q := range strings.Fields("acme.example/TXT acme.example/MX acme.example/NS acme.example/SOA acme.example/AAAA mx1.acme.example/A mx1.acme.example/AAAA " +
		"ptr.acme.example/PTR alias.acme.example/TXT dead.acme.example/TXT out.acme.example/A out.acme.example/TXT alias.acme.example/CNAME tlsa.acme.example/TLSA " +
		"absent.acme.example/TXT absent.acme.example/A absent.acme.example/MX") {
		name, typ, _ := strings.Cut(q, "/")
		at, _ := resolver.ParseType(typ)
		a, err := honest.Lookup(context.Background(), name, at)
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, struct {
			name string
			typ  resolver.Type
			want string
		}{name, at, say(a, nil)})
	}
	seen := map[string]bool{}
	var asked, told atomic.Int32
	var group errgroup.Group
	group.SetLimit(16)
	for _, f := range dnsfault.Faults() {
		if seen[f.Name] {
			t.Errorf("two faults are called %q", f.Name)
		}
		seen[f.Name] = true
		group.Go(func() error {
			srv := dnsfault.Start(t, truth, f)
			defer srv.Close()
			patience := 40 * time.Millisecond
			if f.Recovers {
				patience = 5 * time.Second
			}
			client, err := resolver.New(resolver.Config{Servers: []string{srv.Addr()}, Timeout: patience, Retries: -1})
			if err != nil {
				return err
			}
			defer client.Close()
			for _, q := range questions {
				a, err := client.Lookup(context.Background(), q.name, q.typ)
				got := say(a, err)
				asked.Add(1)
				if got == q.want {
					told.Add(1)
				}
				switch {
				case got == q.want, got == "error" && !f.Recovers:
				case q.typ == resolver.TypeTLSA && strings.HasPrefix(f.Name, "data:") && strings.HasPrefix(got, "found"):
					// Other bytes are another digest.
				case strings.HasPrefix(q.want, "n") && strings.HasPrefix(got, "n"):
					// Absence is told; only the name at the end of a chain differs.
				default:
					t.Errorf("%s: %s %s is read as %s, it is %s (%v)", f.Name, q.name, q.typ, got, q.want, err)
				}
				if detail := resolver.AsError(err); detail != nil && f.Silent && detail.Reason != resolver.Malformed && detail.Reason != resolver.Timeout {
					t.Errorf("%s: %s %s: %v", f.Name, q.name, q.typ, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d faults, %d questions: %d times the truth, %d times an error", len(seen), asked.Load(), told.Load(), asked.Load()-told.Load())
}
