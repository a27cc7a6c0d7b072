package mailhost

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/resolver"
)

// Words that providers put into the names of ranges for end users. They count
// only as whole words, and not in the registrable domain: a mail host of
// cable.example or of Liverpool is no cable modem.
var rangeWords = map[string]bool{
	"dynamic": true, "dyn": true, "dynip": true, "dynamicip": true, "dhcp": true,
	"dsl": true, "adsl": true, "vdsl": true, "xdsl": true, "sdsl": true,
	"ppp": true, "pppoe": true, "dialup": true, "dialin": true, "modem": true,
	"cablemodem": true, "broadband": true, "residential": true, "ftth": true, "catv": true,
	"unassigned": true,
}

// Words that providers use too, but so do operators of mail hosts: they do not
// count beside a word for mail.
var weakRangeWords = map[string]bool{"pool": true, "pools": true, "dial": true, "cable": true, "cust": true, "customer": true, "cpe": true}

var mailWords = map[string]bool{
	"mail": true, "mx": true, "smtp": true, "mta": true, "out": true, "outbound": true, "relay": true, "mailout": true,
	"mailer": true, "sender": true, "email": true, "newsletter": true, "bounce": true,
}

// generic says why the name of a PTR record looks as if it were generated from
// the address; empty: it does not.
func generic(name string, addr netip.Addr) string {
	if form := addressIn(name, addr); form != "" {
		return fmt.Sprintf("it contains the address (%s)", form)
	}
	host := strings.TrimSuffix(strings.TrimSuffix(name, resolver.Registrable(name)), ".")
	weak, mail := "", false
	for w := range strings.FieldsFuncSeq(host, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch {
		case rangeWords[w]:
			return fmt.Sprintf("it contains the word %q", w)
		case mailWords[w]:
			mail = true
		case weak == "" && weakRangeWords[w]:
			weak = w
		}
	}
	if weak == "" || mail {
		return ""
	}
	return fmt.Sprintf("it contains the word %q", weak)
}

// addressIn finds the address in a name, in one of the forms that providers use.
func addressIn(name string, addr netip.Addr) string {
	if addr.Is4() {
		return address4In(name, addr.As4())
	}
	return address6In(name, addr)
}

// address4In finds 192.0.2.10 as 192-0-2-10, 10.2.0.192, 192000002010, c000020a,
// 3221225994, or its last three octets.
func address4In(name string, o [4]byte) string {
	var room [24]string
	runs := appendRuns(room[:0], name)
	if len(runs) > 0 {
		forward, backward := o, o
		slices.Reverse(backward[:])
		for _, octets := range [...][]byte{forward[:], backward[:], forward[1:], backward[:3]} {
			for i := 0; i+len(octets) <= len(runs); i++ {
				if areOctets(runs[i:], octets) {
					return dashed(octets)
				}
			}
		}
		if form := numberIn(runs, o); form != "" {
			return form
		}
	}
	for _, value := range [...]uint32{asNumber(o), asNumber([4]byte{o[3], o[2], o[1], o[0]})} {
		hex := appendHex(make([]byte, 0, 8), value)
		// A hexadecimal form without letters reads as some number that may stand
		// in any name.
		if bytes.ContainsAny(hex, "abcdef") && containsSpread(name, hex) {
			return string(hex)
		}
	}
	return ""
}

// areOctets reports whether the runs begin with the octets, in decimal and perhaps
// with leading zeros.
func areOctets(runs []string, octets []byte) bool {
	for i, o := range octets {
		if len(runs[i]) > 3 {
			return false
		}
		n := 0
		for _, digit := range []byte(runs[i]) {
			n = 10*n + int(digit-'0')
		}
		if n != int(o) {
			return false
		}
	}
	return true
}

func dashed(octets []byte) string {
	var b []byte
	for i, o := range octets {
		if i > 0 {
			b = append(b, '-')
		}
		b = strconv.AppendUint(b, uint64(o), 10)
	}
	return string(b)
}

// numberIn finds the address as one run of digits.
func numberIn(runs []string, o [4]byte) string {
	if !slices.ContainsFunc(runs, func(run string) bool { return len(run) >= 8 }) {
		return ""
	}
	padded := fmt.Sprintf("%03d%03d%03d%03d", o[0], o[1], o[2], o[3])
	reversed := fmt.Sprintf("%03d%03d%03d%03d", o[3], o[2], o[1], o[0])
	number := strconv.FormatUint(uint64(asNumber(o)), 10)
	plain := fmt.Sprintf("%d%d%d%d", o[0], o[1], o[2], o[3])
	for _, run := range runs {
		if len(run) >= 8 && (run == padded || run == reversed || run == number || run == plain) {
			return run
		}
	}
	return ""
}

func asNumber(o [4]byte) uint32 { return binary.BigEndian.Uint32(o[:]) }

// appendHex appends eight digits.
func appendHex(b []byte, value uint32) []byte {
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[value>>shift&15])
	}
	return b
}

// containsSpread reports whether a name contains the form when what separates the
// parts of a generated name is taken out of it.
func containsSpread[T string | []byte](name string, form T) bool {
	for from := range len(name) {
		if name[from] != form[0] {
			continue
		}
		n := 0
		for i := from; i < len(name) && n < len(form); i++ {
			if c := name[i]; c == form[n] {
				n++
			} else if c != '-' && c != '.' && c != '_' {
				break
			}
		}
		if n == len(form) {
			return true
		}
	}
	return false
}

// appendRuns appends the runs of digits.
func appendRuns(runs []string, name string) []string {
	for i := 0; i < len(name); i++ {
		start := i
		for i < len(name) && '0' <= name[i] && name[i] <= '9' {
			i++
		}
		if i > start {
			runs = append(runs, name[start:i])
		}
	}
	return runs
}

// address6In finds 2001:db8::10 written with hyphens, or the 16 or 32 nibbles of
// its interface or the whole, also backwards.
func address6In(name string, addr netip.Addr) string {
	expanded := addr.StringExpanded()
	for _, form := range []string{addr.String(), expanded} {
		dashed := strings.ReplaceAll(form, ":", "-")
		for label := range strings.SplitSeq(name, ".") {
			if len(dashed) >= 8 && hasWord(label, dashed) {
				return dashed
			}
		}
	}
	nibbles := strings.ReplaceAll(expanded, ":", "")
	back := []byte(nibbles)
	slices.Reverse(back)
	for _, form := range []string{nibbles, string(back)} {
		if containsSpread(name, form) {
			return form
		}
	}
	// An interface identifier such as ::10 is mostly zeros, and no sign.
	if id := nibbles[16:]; strings.Count(id, "0") <= 8 && containsSpread(name, id) {
		return id
	}
	return ""
}

// hasWord reports whether text has the word with nothing hexadecimal around it.
func hasWord(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(word)
		if (i == 0 || !isHex(text[i-1])) && (end == len(text) || !isHex(text[end])) {
			return true
		}
		from = i + 1
	}
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
