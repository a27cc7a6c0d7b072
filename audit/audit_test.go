package audit

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

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
