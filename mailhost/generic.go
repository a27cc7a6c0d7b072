package mailhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
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
	host := strings.TrimSuffix(strings.TrimSuffix(name, organizational(name)), ".")
	words := strings.FieldsFunc(host, func(r rune) bool { return r < 'a' || r > 'z' })
	for _, w := range words {
		if rangeWords[w] {
			return fmt.Sprintf("it contains the word %q", w)
		}
	}
	if slices.ContainsFunc(words, func(w string) bool { return mailWords[w] }) {
		return ""
	}
	for _, w := range words {
		if weakRangeWords[w] {
			return fmt.Sprintf("it contains the word %q", w)
		}
	}
	return ""
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
	runs := digitRuns(name)
	forward := []string{strconv.Itoa(int(o[0])), strconv.Itoa(int(o[1])), strconv.Itoa(int(o[2])), strconv.Itoa(int(o[3]))}
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	for _, octets := range [][]string{forward, backward, forward[1:], backward[:3]} {
		for i := 0; i+len(octets) <= len(runs); i++ {
			if slices.Equal(runs[i:i+len(octets)], octets) {
				return strings.Join(octets, "-")
			}
		}
	}
	padded := fmt.Sprintf("%03d%03d%03d%03d", o[0], o[1], o[2], o[3])
	reversed := fmt.Sprintf("%03d%03d%03d%03d", o[3], o[2], o[1], o[0])
	number := strconv.FormatUint(uint64(o[0])<<24|uint64(o[1])<<16|uint64(o[2])<<8|uint64(o[3]), 10)
	plain := strings.Join(forward, "")
	for _, run := range longRuns(name) {
		if run == padded || run == reversed || run == number && len(number) >= 8 || run == plain && len(plain) >= 8 {
			return run
		}
	}
	hex := fmt.Sprintf("%02x%02x%02x%02x", o[0], o[1], o[2], o[3])
	backhex := fmt.Sprintf("%02x%02x%02x%02x", o[3], o[2], o[1], o[0])
	squeezed := squeeze.Replace(name)
	for _, h := range []string{hex, backhex} {
		// A hexadecimal form without letters reads as some number that may stand
		// in any name.
		if strings.ContainsAny(h, "abcdef") && strings.Contains(squeezed, h) {
			return h
		}
	}
	return ""
}

// squeeze takes out what separates the parts of a generated name.
var squeeze = strings.NewReplacer("-", "", ".", "", "_", "")

// digitRuns are the runs of one to three digits, without leading zeros.
func digitRuns(name string) []string {
	runs := longRuns(name)
	for i, run := range runs {
		if len(run) > 3 {
			// Keeps its place, so that what stands around it is not consecutive.
			runs[i] = "-"
			continue
		}
		run = strings.TrimLeft(run, "0")
		if run == "" {
			run = "0"
		}
		runs[i] = run
	}
	return runs
}

func longRuns(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
}

// address6In finds 2001:db8::10 written with hyphens, or the 16 or 32 nibbles of
// its interface or the whole, also backwards.
func address6In(name string, addr netip.Addr) string {
	for _, form := range []string{addr.String(), addr.StringExpanded()} {
		dashed := strings.ReplaceAll(form, ":", "-")
		for label := range strings.SplitSeq(name, ".") {
			if len(dashed) >= 8 && hasWord(label, dashed) {
				return dashed
			}
		}
	}
	nibbles := strings.ReplaceAll(addr.StringExpanded(), ":", "")
	back := []byte(nibbles)
	slices.Reverse(back)
	squeezed := squeeze.Replace(name)
	for _, form := range []string{nibbles, string(back)} {
		if strings.Contains(squeezed, form) {
			return form
		}
	}
	// An interface identifier such as ::10 is mostly zeros, and no sign.
	if id := nibbles[16:]; strings.Count(id, "0") <= 8 && strings.Contains(squeezed, id) {
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
