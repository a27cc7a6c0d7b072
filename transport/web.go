package transport

import (
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// between are the characters that stand where :// belongs, or were typed there.
const between = ":;=/., "

// webAt reports whether a text begins as a URI of the web does, its scheme mistyped or not,
// and returns how long the scheme is, and what stands between it and the host.
func webAt(s string) (scheme, until int, ok bool) {
	for scheme < len(s) && scheme < 8 && ascii.IsLetter(s[scheme]) {
		scheme++
	}
	if scheme == 4 && strings.EqualFold(s[:4], "http") && len(s) > 6 && strings.EqualFold(s[4:6], " s") {
		scheme = 6 // "http s://"
	}
	if !isWebScheme(s[:scheme]) {
		return 0, 0, false
	}
	until = scheme
	for until < len(s) && until < scheme+8 && strings.IndexByte(between, s[until]) >= 0 {
		until++
	}
	return scheme, until, strings.ContainsAny(s[scheme:until], ":/")
}

// isWebScheme reports whether a word was meant as https.
func isWebScheme(word string) bool {
	word = strings.ReplaceAll(ascii.ToLower(word), " ", "")
	return len(word) >= 3 && (hint.Distance(word, "https") <= 1 || hint.Distance(word, "http") <= 1)
}

// meantWeb is the https URI that a text was meant to be; sure is false if it is not plain
// which: then uri is what stands there, for its owner to correct. Hosts are domains of his.
func meantWeb(text string, hosts ...string) (uri string, sure bool) {
	text = strings.Trim(text, " \t")
	for _, pair := range []string{`""`, "''", "<>", "()"} {
		if n := len(text); n > 1 && text[0] == pair[0] && text[n-1] == pair[1] {
			text = text[1 : n-1]
		}
	}
	scheme, until, ok := webAt(text)
	rest := text[until:]
	if !ok {
		rest = text
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#:"); i >= 0 {
		host = rest[:i]
	}
	own := slices.ContainsFunc(hosts, func(h string) bool {
		return h != "" && (strings.EqualFold(host, h) || strings.HasSuffix(ascii.ToLower(host), "."+ascii.ToLower(h)))
	})
	file := rest[len(host):]
	switch {
	case strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(";\\\"'<>|", c) }):
		return text, false
	case !isHost(host) || !own && !dmarc.IsKnownHost(strings.TrimSuffix(host, ".")):
		return text, false
	case !ok && strings.Trim(file, "/") == "":
		return text, false // a host alone may be anything
	case !ok && strings.Contains(rest, "//"), strings.HasSuffix(file, ":"):
		return text, false // "htt.ps://reports.acme.example"; a colon in place of what follows
	}
	sure = true
	if ok {
		sign := text[scheme:until]
		// What stands behind the whole sign may stand in place of a letter of the host.
		if i := strings.Index(sign, "//"); strings.Trim(sign, ":;=/ ") != "" || i >= 0 && strings.Trim(sign[i:], "/") != "" || i < 0 && strings.HasSuffix(sign, " ") {
			sure = slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(host, h) })
		}
	}
	uri = "https://" + strings.TrimSuffix(host, ".") + file
	if httpsProblem(uri) != "" {
		return text, false
	}
	return uri, sure
}

// toCorrect is a placeholder for a URI that only its owner can put right: with what stands
// there.
func toCorrect(uri string) string {
	const most = 200
	if len(uri) > most {
		uri = uri[:most] + "..."
	}
	at := len(uri)
	if _, until, ok := webAt(uri); ok {
		if i := strings.IndexAny(uri[until:], "/?#"); i >= 0 {
			at = until + i
		}
	}
	// What ends a value stands for a dot in the host, and is escaped behind it.
	uri = strings.NewReplacer(";", ".", ",", ".").Replace(uri[:at]) + strings.NewReplacer(";", "%3B", ",", "%2C").Replace(uri[at:])
	return "<correct: " + strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '<' || c == '>' {
			return '?'
		}
		return c
	}, uri) + ">"
}
