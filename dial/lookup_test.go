package dial

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"mailworthy/resolver"
)

// answers is a resolver that answers by type; a type that is missing is not answered.
type answers map[resolver.Type]*resolver.Answer

func (a answers) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if a[t] == nil {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return a[t], nil
}

func TestThrough(t *testing.T) {
	with := func(text ...string) *resolver.Answer {
		a := &resolver.Answer{Status: resolver.Found}
		for _, s := range text {
			a.Records = append(a.Records, resolver.Record{Addr: netip.MustParseAddr(s)})
		}
		return a
	}
	none := &resolver.Answer{Status: resolver.NoData}
	made := &resolver.Answer{Status: resolver.NoData, MadeUp: []netip.Addr{netip.MustParseAddr("64:ff9b::c000:201")}}
	for _, tt := range []struct {
		name    string
		a, aaaa *resolver.Answer
		want    string
		absent  bool
	}{
		{"both", with("192.0.2.1", "192.0.2.2"), with("2001:db8::1"), "[2001:db8::1 192.0.2.1 192.0.2.2]", false},
		{"A alone", with("192.0.2.1"), none, "[192.0.2.1]", false},
		{"A, AAAA unknown", with("192.0.2.1"), nil, "[192.0.2.1]", false},
		{"made up by DNS64", with("192.0.2.1"), made, "[192.0.2.1 64:ff9b::c000:201]", false},
		{"neither", none, none, "[]", true},
		{"A unknown", nil, none, "[]", false},
		{"AAAA unknown", none, nil, "[]", false},
	} {
		got, err := Through(answers{resolver.TypeA: tt.a, resolver.TypeAAAA: tt.aaaa})(t.Context(), "a.example.")
		var absent *NoAddress
		var unknown *resolver.Error
		if fmt.Sprint(got) != tt.want || errors.As(err, &absent) != tt.absent || errors.As(err, &unknown) != (got == nil && !tt.absent) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}
