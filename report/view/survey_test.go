package view_test

import (
	"testing"

	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// TestSilent: one list that answers shows that the resolver does; a list that the catalogue calls closed, or
// that nobody was asked about, shows nothing.
func TestSilent(t *testing.T) {
	said := []finding.Evidence{{Name: "2.0.0.127.bl.test", Type: "A", Status: string(resolver.NXDomain)}}
	timeout := rbl.ListHealth{State: rbl.Unresolved, Evidence: []finding.Evidence{{Status: string(resolver.Timeout)}}}
	offline := rbl.ListHealth{State: rbl.Unresolved, Evidence: []finding.Evidence{{Status: string(resolver.Offline)}}}
	for _, tt := range []struct {
		name   string
		probes [][]rbl.ListHealth
		want   bool
	}{
		{"no list answered", [][]rbl.ListHealth{{timeout, timeout}}, true},
		{"closed by the catalogue", [][]rbl.ListHealth{{{State: rbl.Closed}, timeout}}, true},
		{"nothing but what the catalogue calls closed", [][]rbl.ListHealth{{{State: rbl.Closed}}}, false},
		{"closed by its answer", [][]rbl.ListHealth{{{State: rbl.Closed, Evidence: said}, timeout}}, false},
		{"one answered", [][]rbl.ListHealth{{timeout, {State: rbl.Usable, Evidence: said}}}, false},
		{"one refused", [][]rbl.ListHealth{{{State: rbl.Refused, Evidence: said}, timeout}}, false},
		{"nobody was asked", [][]rbl.ListHealth{{offline}}, false},
		{"one of two resolvers", [][]rbl.ListHealth{{{State: rbl.Usable}}, {timeout}}, true},
		{"none", nil, false},
	} {
		var probes []view.ListProbe
		for _, lists := range tt.probes {
			probes = append(probes, view.ListProbe{Lists: lists})
		}
		if got := view.Silent(probes); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
