package report

import (
	"net/netip"
	"testing"
)

// mapStrings leaves what it was given as it was.
func TestMapStringsCopies(t *testing.T) {
	type inner struct {
		List []string
		Map  map[string][]string
	}
	type outer struct {
		inner
		Any  any
		To   *inner
		Addr netip.Addr
		Nil  []int
	}
	in := outer{inner: inner{List: []string{"a"}, Map: map[string][]string{"a": {"a"}}}, Any: []string{"a"}, To: &inner{List: []string{"a"}}, Addr: netip.MustParseAddr("192.0.2.1")}
	out := mapStrings(in, func(s string) string { return s + "!" })
	if out.To.List[0] != "a!" || out.Any.([]string)[0] != "a!" || out.Addr != in.Addr || out.Nil == nil || out.To.Map != nil {
		t.Errorf("%+v", out)
	}
	if in.To.List[0] != "a" || in.Any.([]string)[0] != "a" || in.Nil != nil {
		t.Errorf("the original changed: %+v", in)
	}
}
