package rbl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"mailworthy/resolver"
)

const hexDigits = "0123456789abcdef"

// reversed is the address as labels of a query: octets (RFC 5782, 2.1) or
// nibbles (RFC 5782, 2.4), the last first.
func reversed(addr netip.Addr) string {
	if addr.Is4() {
		o := addr.As4()
		b := make([]byte, 0, 16)
		for i := len(o) - 1; i >= 0; i-- {
			b = append(strconv.AppendUint(b, uint64(o[i]), 10), '.')
		}
		return string(b[:len(b)-1])
	}
	o := addr.As16()
	b := make([]byte, 0, 64)
	for i := len(o) - 1; i >= 0; i-- {
		b = append(b, hexDigits[o[i]&15], '.', hexDigits[o[i]>>4], '.')
	}
	return string(b[:len(b)-1])
}

// entryName is what to put before a zone to ask about an address or a domain.
func entryName(subject string) (string, error) {
	if mayBeAddr(subject) {
		if addr, err := netip.ParseAddr(subject); err == nil && addr.Zone() == "" {
			return reversed(addr), nil
		}
	}
	if !resolver.IsHostName(subject) {
		return "", errors.New("neither an address nor a domain")
	}
	return strings.ToLower(subject), nil
}

// mayBeAddr is false of nearly every domain: to parse one costs an error.
func mayBeAddr(s string) bool {
	return strings.IndexByte(s, ':') >= 0 || s != "" && '0' <= s[len(s)-1] && s[len(s)-1] <= '9'
}

// entryOf is the name to ask for about a subject; empty if it cannot be asked for.
func (l *List) entryOf(subject string) string {
	entry, err := entryName(subject)
	if err != nil {
		return ""
	}
	return entry + "." + l.zone()
}

// kindOf is the kind of an address.
func kindOf(addr netip.Addr) Kind {
	if addr.Is4() {
		return IPv4
	}
	return IPv6
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// Bounds on the ranges that ParseSubjects takes: 256 addresses.
const (
	minBits4 = 24
	minBits6 = 120
)

// ParseSubjects reads arguments: addresses, ranges (IPv4 up to /24, IPv6 up to
// /120) and domains, each kept once. The error names the first argument that is
// none of these.
func ParseSubjects(args []string) (addrs []netip.Addr, domains []string, err error) {
	seenAddr, seenDomain := make(map[netip.Addr]bool), make(map[string]bool)
	add := func(a netip.Addr) {
		if a = a.Unmap(); !seenAddr[a] {
			seenAddr[a] = true
			addrs = append(addrs, a)
		}
	}
	for _, arg := range args {
		s := strings.TrimSpace(arg)
		if scheme, rest, ok := strings.Cut(s, "://"); ok && scheme != "" {
			return nil, nil, fmt.Errorf("%q: %w", clip(arg), isURL(rest))
		}
		if strings.Contains(s, "/") {
			p, err := parseRange(s)
			if err != nil {
				return nil, nil, fmt.Errorf("%q: %w", clip(arg), err)
			}
			for a := p.Masked().Addr(); a.IsValid() && p.Contains(a); a = a.Next() {
				add(a)
			}
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			if a.Zone() != "" {
				return nil, nil, fmt.Errorf("%q: an address with a zone is known to this machine alone", clip(arg))
			}
			add(a)
			continue
		}
		d, err := parseDomain(s)
		if err != nil {
			return nil, nil, fmt.Errorf("%q: %w", clip(arg), err)
		}
		if !seenDomain[d] {
			seenDomain[d] = true
			domains = append(domains, d)
		}
	}
	return addrs, domains, nil
}

// isURL is the error about a URL, with the domain in it. rest follows the "//".
func isURL(rest string) error {
	host, _, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if name, _, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") {
		host = name
	}
	if host == "" {
		return errors.New("it is a URL")
	}
	return fmt.Errorf("it is a URL; did you mean %q?", clip(host))
}

func parseRange(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, errors.New("not a range such as 192.0.2.0/24")
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return p, errors.New("a range of IPv4-mapped addresses wider than IPv4")
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	limit := minBits4
	if p.Addr().Is6() {
		limit = minBits6
	}
	if p.Bits() < limit {
		return p, fmt.Errorf("wider than /%d: ask for smaller ranges", limit)
	}
	return p, nil
}

func parseDomain(s string) (string, error) {
	s = strings.TrimSuffix(s, ".")
	for i := range len(s) {
		if s[i] >= 0x80 {
			ascii, err := idna.Lookup.ToASCII(s)
			if err != nil {
				return "", errors.New("not a domain name")
			}
			s = ascii
			break
		}
	}
	last := s[strings.LastIndexByte(s, '.')+1:]
	if !resolver.IsHostName(s) || strings.Trim(last, "0123456789") == "" {
		return "", errors.New("neither an address, a range nor a domain")
	}
	if !strings.Contains(s, ".") {
		return "", errors.New("it has only one label")
	}
	return strings.ToLower(s), nil
}

// ReadSubjects reads subjects, one a line, for ParseSubjects. Empty lines and comments
// (#) are passed over; lines that hold no subject are left out, and bad is called with
// their number, from 1.
func ReadSubjects(from io.Reader, bad func(line int, err error)) ([]string, error) {
	var subjects []string
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if _, _, err := ParseSubjects([]string{text}); err != nil {
			bad(n, err)
			continue
		}
		subjects = append(subjects, text)
	}
	return subjects, lines.Err()
}

// InPlaceOfDash returns the subjects with the first "-" among them replaced by those that
// ReadSubjects reads.
func InPlaceOfDash(subjects []string, from io.Reader, bad func(line int, err error)) ([]string, error) {
	at := slices.Index(subjects, "-")
	if at < 0 {
		return subjects, nil
	}
	read, err := ReadSubjects(from, bad)
	return slices.Concat(subjects[:at], read, subjects[at+1:]), err
}
