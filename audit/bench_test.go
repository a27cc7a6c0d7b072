package audit

import (
	"context"
	"testing"
	"time"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/dnsworld"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// BenchmarkAudit audits over loopback with a latency of 20 ms: the wall time in
// round trips beside the longest chain of dependent questions (TestRounds), and
// what an audit costs without latency.
func BenchmarkAudit(b *testing.B) {
	const chain = 4 // MX, addresses of the hosts, PTR, addresses of the PTR name
	for _, latency := range []time.Duration{20 * time.Millisecond, 0} {
		b.Run("latency="+latency.String(), func(b *testing.B) {
			srv := dnstest.Start(b, bundled(b)...)
			srv.Latency(latency)
			client := srv.Client(resolver.Config{})
			defer client.Close()
			queries, options := 0, Options{Catalogue: rbl.DefaultCatalogue()}
			b.ReportAllocs()
			for b.Loop() {
				// A cold cache each time: the client alone is asked.
				queries += Run(context.Background(), client, Target{Domain: "tidy.example"}, options).Queries
			}
			b.ReportMetric(float64(queries)/float64(b.N), "queries/op")
			if latency > 0 {
				trips := float64(b.Elapsed()) / float64(b.N) / float64(latency)
				b.ReportMetric(trips, "rounds/op")
				b.ReportMetric(trips/chain, "rounds/chain")
			}
		})
	}
}

// BenchmarkAuditInMemory is the audit without any network: what it costs to decide.
func BenchmarkAuditInMemory(b *testing.B) {
	r := world(b)
	for _, domain := range []string{"acme.example", "tidy.example", "parked.example"} {
		b.Run(domain, func(b *testing.B) {
			queries, options := 0, Options{Catalogue: rbl.DefaultCatalogue()}
			b.ReportAllocs()
			for b.Loop() {
				queries += Run(context.Background(), r, Target{Domain: domain}, options).Queries
			}
			b.ReportMetric(float64(queries)/float64(b.N), "queries/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "domains/s")
		})
	}
}

// BenchmarkJudge turns the facts of domains into findings, with nothing asked: what
// that costs for each domain.
func BenchmarkJudge(b *testing.B) {
	srv, err := dnsworld.Serve(dnsworld.New(1, 0), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	client, err := resolver.New(resolver.Config{Servers: []string{srv.Addr()}})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	o := Options{Selectors: dkim.Inferred, Catalogue: rbl.DefaultCatalogue(), Health: &rbl.Health{}}
	all := []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts, finding.Reputation}
	for name, sections := range map[string][]finding.Section{"lists=none": all[:4], "lists=default": all} {
		b.Run(name, func(b *testing.B) {
			runs := make([]*run, 64)
			for i := range runs {
				t := Target{Domain: dnsworld.Domain(i), Sections: sections}
				runs[i] = newRun(client, t, o)
				runs[i].ask(b.Context())
			}
			findings := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a := runs[i%len(runs)]
				a.judge()
				findings += len(a.result.Findings)
			}
			b.ReportMetric(float64(findings)/float64(b.N), "findings/op")
		})
	}
}
