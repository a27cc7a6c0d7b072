package dmarc

import (
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// piece is a part of the value that may be an address: sep is what stood before it.
type piece struct {
	raw, body string
	sep       byte
	// scheme: a scheme was written before it.
	scheme bool
}

// splitMailboxes cuts a value where an address may end.
func splitMailboxes(value string) []piece {
	value = glued.ReplaceAllString(torn.ReplaceAllString(value, "mailto:"), "$1 mailto:")
	// "mailto:" begins an address wherever it stands, but after another scheme word.
	for _, at := range slices.Backward(joined.FindAllStringIndex(value, maxURIs)) {
		if strings.Contains(value[1+strings.LastIndexAny(value[:at[0]], " ,;|"):at[0]], "@") {
			value = value[:at[0]] + " " + value[at[0]:]
		}
	}
	var out []piece
	pending := ""
	for start := 0; start < len(value) && len(out) < maxURIs; {
		from := start
		sep := byte(' ')
		for from < len(value) && strings.IndexByte(" ,;|", value[from]) >= 0 {
			if value[from] != ' ' {
				sep = value[from]
			}
			from++
		}
		to := from
		for to < len(value) && strings.IndexByte(" ,;|", value[to]) < 0 {
			to++
		}
		start = to
		if from == to {
			break
		}
		raw := value[from:to]
		body := raw
		for range 3 {
			m := schemeLike.FindStringSubmatchIndex(body)
			if m == nil || !isMailScheme(body[m[2]:m[3]]) {
				break
			}
			exact := strings.EqualFold(body[m[2]:m[3]], "mailto")
			rest := body[m[1]:]
			// A dot or an @ after the word: only the word itself is no part of an address.
			if c := body[m[4]]; (c == '.' || c == '@') && (!exact || !strings.Contains(rest, "@")) {
				break
			}
			if n := len(out); n > 0 && !exact && letters(out[n-1].body) && hint.Distance(strings.ToLower(out[n-1].body+body[m[2]:m[3]]), "mailto") <= 1 {
				out = out[:n-1] // "m ailto:", and not "r,ufmailto:"
			}
			switch word := strings.ToLower(body[m[2]:m[3]]); {
			case strings.HasPrefix(word, "mailto") && len(word) == 7 && word[6] != 'o', !exact && goesOn(word, rest):
				// The colon may stand a letter off, "mailtod:marc@…", or in place of one.
				rest = string(rune(unsure)) + rest
			}
			body = rest
		}
		if len(body) > len("mailto") && strings.EqualFold(body[:len("mailto")], "mailto") && body[len("mailto")] != '@' {
			body = body[len("mailto"):] // the colon is missing
		}
		if bareScheme.MatchString(body) && isMailScheme(strings.TrimRight(body, ":;=/.,")) || body == "" {
			pending = raw // the address follows
			continue
		}
		if pending != "" {
			// The separator may stand in place of a letter, "mail opostmaster@…", or one of the scheme
			// behind it, "mailt;odmarc@…".
			word := strings.ToLower(strings.TrimRight(pending, ":;=/.,"))
			if word != "mailto" && goesOn(word, body) || len(word) < 5 && strings.HasPrefix("mailto", word) && strings.HasPrefix(body, "mailto"[len(word)+1:]) {
				body = string(rune(unsure)) + body
			}
			raw, sep, pending = pending+" "+raw, ' ', ""
		}
		out = append(out, piece{raw, body, sep, body != raw})
	}
	return out
}

// goesOn reports whether the scheme that word begins ends in rest: "mail" and
// "to.dmarc@…", or "mai" if the colon took the place of a letter; and where rest begins with
// what may stand for a letter of it, or for the colon.
func goesOn(word, rest string) bool {
	rest = strings.TrimLeft(rest, ":;=/.,")
	if strings.HasPrefix("mailto", word) && strings.HasPrefix(rest, "mailto"[len(word):]) || rest != "" && strings.IndexByte("_=+-~&$*'", rest[0]) >= 0 {
		return true
	}
	local, _, _ := strings.Cut(strings.ToLower(rest), "@")
	if i := strings.IndexFunc(local, func(c rune) bool { return c >= 0x80 || !ascii.IsAlphanumeric(byte(c)) }); i > 0 && len(word) < len("mailto") && i <= len("mailto")-len(word)+1 {
		if now := hint.Distance(word+local[:i], "mailto"); now <= 1 && now < hint.Distance(word, "mailto") {
			return true // "mail;t.dmarc@…": what stands for its colon follows
		}
	}
	if word == "mail" && strings.HasPrefix(local, "o") && !slices.Contains(asSchemeEnds, local) {
		return true // "mail:ojohn.doe@…"
	}
	if len(word) < len("mailto") && local != "" && (word != "mail" || local[0] == 't') && !slices.Contains(roles, local) && slices.Contains(roles, local[1:]) {
		return true // "mailt:idmarc@…"
	}
	if rest != "" && len(word) == len("mailto")-1 && sortedLetters(word+rest[:1]) == sortedLetters("mailto") {
		return true // "mailo:tdmarc@…": its missing letter may stand behind the colon
	}
	// "mailtt:odmarc@…", "mailt:podmarc@…": its last letter, unless a mailbox begins so that
	// everybody has.
	off := hint.Distance(word, "mailto")
	for n := 1; n <= 4 && n < len(rest) && off > 0 && word != "mail" && word != "email" && word != "e-mail" && !slices.Contains(roles, local); n++ {
		if now := hint.Distance(word+strings.ToLower(rest[:n]), "mailto"); (rest[n-1] == 'o' || rest[n-1] == 'O') && now <= off && (n <= 2 || now <= 1) {
			return true
		}
	}
	for i := 2; i <= 4; i++ {
		if len(word) == i-1 && hint.Distance(word, "mailto"[:i]) == 1 && strings.HasPrefix(rest, "mailto"[i:]) {
			return true
		}
	}
	return false
}

// asSchemeEnds are names that mailboxes have, beginning with the last letter of mailto.
var asSchemeEnds = []string{"office", "oncall", "online", "operations", "operator", "ops", "order", "orders", "owner"}

// sortedLetters are the letters of a word in the order of the alphabet.
func sortedLetters(word string) string {
	letters := []byte(strings.ToLower(word))
	slices.Sort(letters)
	return string(letters)
}

// letters reports whether s is nothing but a few letters.
func letters(s string) bool {
	for _, c := range []byte(strings.ToLower(s)) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(s) < 8
}

// tidyAddress takes away what cannot belong to an address.
func tidyAddress(s string) string {
	if i := strings.LastIndexByte(s, '!'); i > 0 && sizeSuffix(s[i+1:]) {
		s = s[:i]
	}
	if s != "@" && !strings.HasPrefix(s, "@") && !strings.HasPrefix(s, ".") {
		s = strings.TrimLeft(s, ":;,<>()'=/")
	} else if len(s) > 1 {
		s = strings.TrimLeft(s, ":;,<>()'=/")
	}
	local, host, ok := strings.Cut(s, "@")
	if !ok {
		return strings.TrimRight(s, ":;,<>()'=/")
	}
	host = strings.TrimLeft(host, "@")
	if h := strings.TrimRight(host, ":;,<>()'=/.@-"); h != "" && !strings.HasSuffix(host, "-") {
		host = h
	}
	for strings.Contains(host, "..") {
		host = strings.ReplaceAll(host, "..", ".")
	}
	for strings.Contains(local, "..") {
		local = strings.ReplaceAll(local, "..", ".")
	}
	return local + "@" + strings.ToLower(host)
}

// joinPieces puts addresses together again that a character tore apart.
func joinPieces(in []piece, k known) []piece {
	hosts := slices.Clone(k)
	for i := range in {
		if _, host, ok := strings.Cut(in[i].body, "@"); ok && isAddress(in[i].body, k) {
			hosts = append(hosts, host)
		}
	}
	var out []piece
	for _, p := range in {
		if n := len(out); n > 0 {
			last := &out[n-1]
			_, _, whole := strings.Cut(last.body, "@")
			if !whole && (p.scheme || strings.HasSuffix(last.raw, ":")) && !strings.HasPrefix(p.body, "@") {
				out = append(out, p) // what is between only looks like a scheme
				continue
			}
			if isAddress(last.body, k) && strings.Contains(strings.ToLower(p.raw), "mailto") {
				out = append(out, p) // the scheme begins another one
				continue
			}
			if body := joinTwo(last.body, p.body, p.sep, k, hosts); body != "" {
				last.raw, last.body = last.raw+string(p.sep)+p.raw, body
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// joinTwo is the one address that two pieces make; "" if that is not plain.
func joinTwo(a, b string, sep byte, k, hosts known) string {
	_, host, ok := strings.Cut(a, "@")
	inside := strings.Contains(b, "@")
	switch {
	case strings.Contains(b, ":"):
		return ""
	case ok && inside:
		return ""
	case !ok && !inside:
		return ""
	case !ok:
		// "post master@acme.example": nothing but a space is surely a slip, since a
		// comma may stand in an address or between two.
		if joined := a + b; (sep == ' ' && !strings.Contains(a, ".") || strings.HasPrefix(b, "@")) && isAddress(joined, k) {
			return joined
		}
		return ""
	}
	// b goes on with the host of a.
	whole := isAddress(a, k)
	dotted, plain := tidyAddress(a+"."+b), tidyAddress(a+b)
	var can []string
	for _, c := range []string{dotted, plain} {
		if !slices.Contains(can, c) && isAddress(c, k) {
			can = append(can, c)
		}
	}
	var sure []string
	for _, c := range can {
		_, h, _ := strings.Cut(c, "@")
		if k.has(h) || slices.Contains(hosts, h) {
			sure = append(sure, c)
		}
	}
	switch {
	case len(sure) == 1:
		return sure[0]
	case len(sure) > 1 || whole:
		return ""
	case host == "" || strings.HasSuffix(a, ".") || strings.HasPrefix(b, "."):
		if len(can) > 0 {
			return can[0]
		}
	case len(can) == 1 && sep != ' ' && !strings.Contains(host, "."):
		return can[0]
	}
	return ""
}
