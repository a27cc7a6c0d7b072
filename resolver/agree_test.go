package resolver_test

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/resolver/resolvertest"
)

// TestAgree: whatever answers for the DNS answers alike, whichever way it is asked.
func TestAgree(t *testing.T) {
	t.Parallel()
	zone := dnstest.Parse(t, resolvertest.Zone)
	other := dnstest.Parse(t, "$ORIGIN another.test.\n@ SOA ns host 1 2 3 4 60\n@ NS ns\n")
	serve := func(t *testing.T, zone string) *resolver.Client {
		s := dnstest.Start(t, zone)
		s.Fault(resolvertest.Silent, resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail})
		return s.Client(resolver.Config{})
	}
	amended := func(t *testing.T, next resolver.Resolver, remove, add []finding.Record) resolver.Resolver {
		a, err := resolver.Amend(next, remove, add)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	mx1 := []finding.Record{{Name: "mx1.suite.test", Type: "A", Value: "192.0.2.1"}, {Name: "mx1.suite.test", Type: "A", Value: "192.0.2.2"},
		{Name: "alias.suite.test", Type: "CNAME", Value: "mx1.suite.test"}, {Name: "a.b.deep.suite.test", Type: "TXT", Value: "deep"}}
	for _, tt := range []struct {
		name   string
		silent bool
		make   func(t *testing.T) resolver.Resolver
	}{
		{"client", true, func(t *testing.T) resolver.Resolver { return serve(t, resolvertest.Zone) }},
		{"cache", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewCache(serve(t, resolvertest.Zone), resolver.CacheOptions{})
		}},
		{"small cache", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewCache(serve(t, resolvertest.Zone), resolver.CacheOptions{Entries: 3})
		}},
		{"session", true, func(t *testing.T) resolver.Resolver { return resolver.NewSession(serve(t, resolvertest.Zone), 0) }},
		{"session over cache", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewSession(resolver.NewCache(serve(t, resolvertest.Zone), resolver.CacheOptions{}), 0)
		}},
		{"overlay offline", false, func(t *testing.T) resolver.Resolver { return resolver.NewOverlay(nil, zone) }},
		{"overlay of the zone", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewOverlay(serve(t, "$ORIGIN suite.test.\n@ SOA ns host 1 2 3 4 60\n@ NS ns\n@ TXT \"old\"\n"), zone)
		}},
		{"overlay of another zone", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewOverlay(serve(t, resolvertest.Zone), other)
		}},
		{"proposal that changes nothing", true, func(t *testing.T) resolver.Resolver {
			return amended(t, serve(t, resolvertest.Zone), nil, nil)
		}},
		{"proposal of what there is", true, func(t *testing.T) resolver.Resolver {
			return amended(t, serve(t, resolvertest.Zone), nil, mx1)
		}},
		{"proposal that takes out and puts back", true, func(t *testing.T) resolver.Resolver {
			return amended(t, serve(t, resolvertest.Zone), mx1[:2], mx1[:2])
		}},
		{"proposal of what is missing", true, func(t *testing.T) resolver.Resolver {
			var less []string
			for _, line := range strings.Split(resolvertest.Zone, "\n") {
				if f := strings.Fields(line); len(f) > 1 && (f[0] == "mx1" && f[1] == "A" || f[0] == "several" || f[0] == "alias" || f[0] == "a.b.deep" || f[0] == "null") {
					continue
				}
				less = append(less, line)
			}
			return amended(t, serve(t, strings.Join(less, "\n")), nil, append(slices.Clone(mx1), []finding.Record{{Name: "several.suite.test", Type: "TXT", Value: "first"},
				{Name: "several.suite.test", Type: "TXT", Value: "second"}, {Name: "several.suite.test", Type: "TXT", Value: "third"}, {Name: "null.suite.test", Type: "MX", Value: "0 ."}}...))
		}},
		{"proposal over a session over an overlay", true, func(t *testing.T) resolver.Resolver {
			return amended(t, resolver.NewSession(resolver.NewOverlay(resolver.NewCache(serve(t, resolvertest.Zone), resolver.CacheOptions{}), other), 0), nil, nil)
		}},
		{"session over a proposal", true, func(t *testing.T) resolver.Resolver {
			return resolver.NewSession(amended(t, resolver.NewOverlay(serve(t, resolvertest.Zone), zone), mx1[:1], mx1[:1]), 0)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // each waits for questions that are never answered
			resolvertest.Run(t, tt.make(t), tt.silent)
		})
	}
}
