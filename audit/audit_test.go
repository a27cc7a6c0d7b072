package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// bundled are the zone files of testdata as text.
func bundled(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/zones/*.zone")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundled zones: %v", err)
	}
	texts := make([]string, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts
}

// world answers from the bundled zones, in memory.
func world(t testing.TB) resolver.Resolver {
	t.Helper()
	var zones []*resolver.ZoneSet
	for _, text := range bundled(t) {
		zones = append(zones, dnstest.Parse(t, text))
	}
	return resolver.NewOverlay(nil, zones...)
}

// slow answers after a round trip.
type slow struct {
	resolver.Resolver
	trip time.Duration
}

func (s slow) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	time.Sleep(s.trip)
	return s.Resolver.Lookup(ctx, name, t)
}

// rounds is how many round trips an audit waits for, one after the other. Time
// stands still but for the round trips, so the figure is exact.
func rounds(t *testing.T, r resolver.Resolver, target Target) int {
	t.Helper()
	const trip = 20 * time.Millisecond
	n := 0
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		Run(t.Context(), slow{r, trip}, target, Options{})
		n = int(time.Since(started) / trip)
	})
	return n
}

// TestRounds: an audit takes the longest chain of dependent questions, which is
// named beside each figure, and no round more.
func TestRounds(t *testing.T) {
	r := world(t)
	for _, tt := range []struct {
		name   string
		target Target
		chain  string
		want   int
	}{
		{"tidy", Target{Domain: "tidy.example"},
			"MX, addresses of the hosts, PTR, addresses of the PTR name", 4},
		{"stated", Target{Domain: "tidy.example", IPs: addrs("198.51.100.10"), Selectors: []string{"s1"}},
			"SPF record, include, include of the include, selectors of the providers inferred from them", 4},
		{"parked", Target{Domain: "parked.example"},
			"SPF record or MX, selectors of the providers inferred from them", 2},
		{"absent", Target{Domain: "absent.example"},
			"everything at once, as nothing exists", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rounds(t, r, tt.target); got > tt.want {
				t.Errorf("%d rounds, want at most %d: %s", got, tt.want, tt.chain)
			} else {
				t.Logf("%d rounds: %s", got, tt.chain)
			}
		})
	}
}

// TestInboundHosts: a provider's inbound gateway that SPF does not let send is no
// sender, so neither its reverse name nor its listings are the domain's.
func TestInboundHosts(t *testing.T) {
	const zones = `
		$ORIGIN hosted.example.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 MX 10 in.gateway.test.
		@ 300 TXT "v=spf1 include:_spf.gateway.test %s"
		$ORIGIN gateway.test.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		in 300 A 203.0.113.9
		_spf 300 TXT "v=spf1 ip4:203.0.113.128/25 -all"
		$ORIGIN 113.0.203.in-addr.arpa.
		@ 300 SOA ns hostmaster 1 2 3 4 300
	`
	for _, tt := range []struct {
		all     string
		senders int
	}{{"~all", 0}, {"-all", 0}, {"ip4:203.0.113.0/28 -all", 1}, {"?all", 1}} {
		r := dnstest.Zone(t, fmt.Sprintf(zones, tt.all))
		result := Run(context.Background(), r, Target{Domain: "hosted.example"}, Options{})
		var senders []Sender
		for _, s := range result.Examined.Senders {
			if s.Addr.String() == "203.0.113.9" {
				senders = append(senders, s)
			}
		}
		if len(senders) != tt.senders || len(result.Examined.NotSenders) != 1-tt.senders {
			t.Errorf("%s: senders %v, not senders %v", tt.all, result.Examined.Senders, result.Examined.NotSenders)
		}
		blamed := slices.ContainsFunc(result.Findings, func(f finding.Finding) bool { return f.Check == "ptr-missing" && f.Severity == finding.Error })
		if blamed != (tt.senders == 1) {
			t.Errorf("%s: the reverse name of the gateway is blamed: %v", tt.all, blamed)
		}
	}
}
