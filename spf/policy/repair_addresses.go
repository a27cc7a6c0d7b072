package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
)

// prefixAs writes ip4 or ip6 with an address as it was written. A client with an IPv4 address in
// the form of IPv6 is one of IPv4 (RFC 7208, 5).
func prefixAs(p netip.Prefix, written string) string {
	if p.Addr().Is4In6() && p.IsSingleIP() {
		return "ip4:" + p.Addr().Unmap().String()
	}
	if p.Addr().Is4() {
		return "ip4:" + written
	}
	return "ip6:" + written
}

// otherFamily corrects ip4 with an IPv6 address and ip6 with an IPv4 one.
func otherFamily(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	p, ok := parsePrefix(value)
	if sep != ":" || !ok {
		return nil, ""
	}
	switch {
	case p.Addr().Is4In6() && !p.IsSingleIP():
		return nil, "" // an IPv4 address in a length of IPv6
	case p.Addr().Is4In6() && (ascii.EqualFold(name, "ip4") || ascii.EqualFold(name, "ip6")):
		// A client with such an address is one of IPv4 (RFC 7208, 5).
		return []string{sign + "ip4:" + p.Addr().Unmap().String()}, "an IPv4 address belongs in ip4"
	case ascii.EqualFold(name, "ip4") && p.Addr().Is6():
		return []string{sign + "ip6:" + value}, "an IPv6 address belongs in ip6"
	case ascii.EqualFold(name, "ip6") && p.Addr().Is4():
		return []string{sign + "ip4:" + value}, "an IPv4 address belongs in ip4"
	}
	return nil, ""
}

// network corrects the value of ip4 and ip6: a netmask, a wildcard, a range of
// addresses, leading zeros, a port.
func network(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep != ":" || !ascii.EqualFold(name, "ip4") && !ascii.EqualFold(name, "ip6") {
		return nil, ""
	}
	term := func(v string) string { return sign + strings.ToLower(name) + ":" + v }
	if v, why := withMask(value); why != "" {
		return []string{term(v)}, why
	}
	if v, why := wrapped(value); why != "" {
		if p, _ := parsePrefix(v); p.Addr().Is6() == ascii.EqualFold(name, "ip6") {
			return []string{term(v)}, why
		}
	}
	if v, why := otherSigns(value); why != "" {
		return []string{term(v)}, why
	}
	if v, ok := strings.CutSuffix(value, ".*"); ok && strings.Count(v, ".") == 2 {
		return []string{term(v + ".0/24")}, "a prefix length stands for the wildcard"
	}
	if ps := fromTo(value); ps != nil {
		var out []string
		for _, p := range ps {
			out = append(out, sign+prefixTerm(p))
		}
		return out, "a range is written as prefixes"
	}
	host, length, slash := strings.Cut(value, "/")
	if slash {
		length = "/" + length
	}
	if i := strings.IndexByte(host, ':'); i > 0 && strings.Count(host, ":") == 1 && strings.Trim(host[i+1:], "0123456789") == "" {
		return portOrLength(host[:i], host[i+1:], length, term)
	}
	if v, why := spare(host, length); why != "" {
		return []string{term(v)}, why
	}
	return nil, ""
}

// wrapped is the address in a value that has a pair of brackets or quotes around it, stands in a URL,
// or has a word in brackets behind it, and why it stands alone; "" if it is none.
func wrapped(value string) (string, string) {
	for _, pair := range []string{"[]", "<>", "()", "{}", `""`, "''"} {
		if v, ok := strings.CutPrefix(value, pair[:1]); ok {
			if v, ok = strings.CutSuffix(v, pair[1:]); ok && whole(v) {
				return v, "an address stands without brackets"
			}
		}
	}
	for _, scheme := range []string{"http://", "https://"} {
		if v, ok := strings.CutPrefix(value, scheme); ok && whole(v) {
			return v, "only the address belongs here"
		}
	}
	v, word, _ := strings.Cut(value, "(")
	if word, ok := strings.CutSuffix(word, ")"); ok && whole(v) && word != "" && !strings.ContainsFunc(word, func(c rune) bool { return c >= 0x80 || !ascii.IsLetter(byte(c)) }) {
		return v, "a comment has no place in a record"
	}
	return "", ""
}

// whole reports whether a value is an address, with or without a length.
func whole(value string) bool {
	_, ok := parsePrefix(value)
	return ok
}

// withMask is a value with a prefix length in place of its netmask, and why; "" if it has none.
func withMask(value string) (string, string) {
	host, mask, _ := strings.Cut(value, "/")
	if m, err := netip.ParseAddr(mask); err == nil && m.Is4() {
		for bits := range 33 {
			if netmask(bits) == m {
				return host + "/" + strconv.Itoa(bits), "a prefix length stands for the netmask"
			}
			if bits > 0 && bits < 32 && hostmask(bits) == m {
				return host + "/" + strconv.Itoa(bits), "a prefix length stands for the mask of the hosts"
			}
		}
	}
	return "", ""
}

// otherSigns is an IPv4 address or range with the dots and the slash that other signs stand
// for, or without signs that stand for nothing, and why; "" if that makes none of it.
func otherSigns(value string) (string, string) {
	if v := strings.ReplaceAll(value, ",", "."); v != value && isNumeric(v) {
		return v, "dots stand between the numbers of an address"
	}
	if v := strings.NewReplacer("\\", "/", "|", "/").Replace(value); v != value && isNumeric(v) {
		return v, "a slash stands before the length"
	}
	if v := strings.ReplaceAll(strings.Trim(value, "./"), "..", "."); v != value && isNumeric(v) && value[len(value)-1] != '/' {
		// A slash at the end has lost its length.
		return v, "stray punctuation"
	}
	return "", ""
}

// fromTo are the prefixes of a range that is written as its first and its last address, or the
// last number of that; nil if it is none, or takes more than eight.
func fromTo(value string) []netip.Prefix {
	from, to, _ := strings.Cut(value, "-")
	a, err1 := netip.ParseAddr(from)
	b, err2 := netip.ParseAddr(to)
	if err2 != nil && err1 == nil {
		if p, ok := parsePrefix(from + "/" + to); ok && p.Masked() == p && p.Bits() <= 30 {
			return nil // 192.0.2.0-24 may be 192.0.2.0/24 as well
		}
		if i := strings.LastIndexByte(from, '.'); i > 0 {
			b, err2 = netip.ParseAddr(from[:i+1] + to)
		}
	}
	if err1 != nil || err2 != nil || a.BitLen() != b.BitLen() || a.Zone()+b.Zone() != "" || a.Compare(b) > 0 {
		return nil
	}
	if ps := (addresses{{a, b}}).prefixes(); len(ps) <= 8 {
		return ps
	}
	return nil
}

// spare is an address with its length, which begins with a slash, without zeros before its
// numbers and without a second slash, and why; "" if it has none.
func spare(host, length string) (string, string) {
	parts := strings.Split(host, ".")
	if len(parts) == 4 {
		padded := 0
		for i, p := range parts {
			if trimmed := strings.TrimLeft(p, "0"); len(p) > 1 && len(p) <= 3 && p[0] == '0' {
				padded++
				if parts[i] = trimmed; trimmed == "" {
					parts[i] = "0"
				}
			}
		}
		// One number with a zero before it may be two digits that changed places.
		if padded > 1 {
			return strings.Join(parts, ".") + length, "no leading zeros"
		}
	}
	if l := strings.TrimLeft(length, "/"); len(l) == 3 && l[0] == '0' && l[1] != '0' {
		return host + "/" + l[1:], "no leading zeros"
	}
	if strings.HasPrefix(length, "//") {
		return host + length[1:], "one slash"
	}
	return "", ""
}

// isNumeric reports whether a value is an IPv4 address, with or without a length.
func isNumeric(s string) bool {
	p, ok := parsePrefix(s)
	return ok && p.Addr().Is4()
}

// portOrLength reads what stands behind a second colon: a port, or the length of a
// prefix. 192.0.2.0:24 is a network, 192.0.2.1:25 a host and its port, and
// 192.0.2.0:25 may be either.
func portOrLength(host, number, length string, term func(string) string) ([]string, string) {
	n, err := strconv.Atoi(number)
	if err != nil || length != "" {
		return nil, ""
	}
	if n > 32 {
		return []string{term(host)}, "a port has no place here"
	}
	p, ok := parsePrefix(host + "/" + number)
	switch aligned := ok && p.Masked() == p; {
	case ok && !aligned && n == 25:
		return []string{term(host)}, "a port has no place here"
	case aligned && n != 25:
		return []string{term(host + "/" + number)}, "a slash stands before the length"
	}
	return nil, ""
}

// hostmask is the mask of the hosts behind so many bits, as some routers have it: 0.0.0.255.
func hostmask(bits int) netip.Addr {
	b := netmask(bits).As4()
	for i := range b {
		b[i] = ^b[i]
	}
	return netip.AddrFrom4(b)
}

// netmask is the netmask of so many bits.
func netmask(bits int) netip.Addr {
	n := ^uint32(0) << (32 - bits)
	if bits == 0 {
		n = 0
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// address corrects a name where an address belongs, and the other way round.
func address(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep != ":" || value == "" {
		return nil, ""
	}
	p, isAddress := parsePrefix(value)
	switch {
	case isAddress && (ascii.EqualFold(name, "a") || ascii.EqualFold(name, "mx") || ascii.EqualFold(name, "include") || ascii.EqualFold(name, "ptr")):
		return []string{sign + prefixTerm(p)}, "an address belongs in ip4 or ip6"
	case !isAddress && (ascii.EqualFold(name, "ip4") || ascii.EqualFold(name, "ip6")) && hostLike(value) && plausible(value) && !ascii.IsDigit(value[0]) && !template(value):
		return []string{sign + "a:" + value}, "a host name belongs in a"
	}
	return nil, ""
}

// template reports whether a value is what the page of a service writes for an address,
// "xxx.xxx.xxx.xxx" or "your.server.ip.address", and no host, though its last label may be
// a top-level domain.
func template(value string) bool {
	labels := strings.Split(ascii.ToLower(strings.TrimSuffix(value, ".")), ".")
	long := slices.ContainsFunc(labels, func(l string) bool { return len(l) > 3 })
	return len(labels) == 4 && !long || labels[0] == "your" || labels[0] == "my" || slices.Contains(labels, "ip") || slices.Contains(labels, "xxx")
}

// parsePrefix reads an address with or without a length.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// prefixTerm writes ip4 or ip6, without a length for one address.
func prefixTerm(p netip.Prefix) string {
	s := p.String()
	if p.IsSingleIP() {
		s = p.Addr().String()
	}
	if p.Addr().Is4() {
		return "ip4:" + s
	}
	return "ip6:" + s
}
