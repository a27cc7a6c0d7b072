package policy

import (
	"net/netip"
	"testing"
)

// TestAmount: numbers of IPv6 addresses are exact up to all that there are.
func TestAmount(t *testing.T) {
	for _, test := range []struct {
		prefixes []string
		want     string
	}{
		{nil, "0"},
		{[]string{"2001:db8::1/128"}, "1"},
		{[]string{"::/128", "2001:db8::/126", "192.0.2.0/24"}, "5"},
		{[]string{"2001:db8::/65", "2001:db8:1::/65"}, "18446744073709551616"},
		{[]string{"2001:db8::/64", "2001:db8:1::1/128"}, "18446744073709551617"},
		{[]string{"2001:db8::/66", "2001:db8:1::/67", "2001:db8:2::7/128"}, "6917529027641081857"},
		{[]string{"2001:db8::/64", "2001:db8:1::/61", "2001:db8:2:8000::/66"}, "170632382681813352448"},
		{[]string{"2001:db8::/32"}, "79228162514264337593543950336"},
		{[]string{"8000::/1"}, "170141183460469231731687303715884105728"},
		{[]string{"::/0"}, "340282366920938463463374607431768211456"},
	} {
		var set []netip.Prefix
		for _, p := range test.prefixes {
			set = append(set, netip.MustParsePrefix(p))
		}
		_, n := setOf(set...).count()
		if n.String() != test.want {
			t.Errorf("%v: %s addresses, not %s", test.prefixes, n, test.want)
		}
	}
}
