package dmarc

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

// mailboxPlaceholder stands for a report address that nobody but the owner knows.
const mailboxPlaceholder = "mailto:<mailbox for reports>"

// swap is what becomes of one address: to is empty if it is left out.
type swap struct{ from, to string }

// mailboxes are the addresses that the value of rua or ruf names, put right if
// what was meant is plain. open reports that something in it is not: the list then
// ends in a placeholder.
type mailboxes struct {
	uris  []string
	swaps []swap
	open  bool
	// sizes are the suffixes that were left out.
	sizes []string
}

// settled reports that a value names addresses that need nothing more.
func settled(value string, k known) bool {
	m := readMailboxes(value, k)
	return !m.open && len(m.uris) > 0 && !slices.ContainsFunc(m.uris, func(uri string) bool {
		u := parseURI(uri, 0)
		return u.Scheme == "mailto" && !k.has(u.Host) && !hasKnownEnd(u.Host)
	})
}

// known says whether host is one that the record's owner certainly has or uses.
type known []string

func (k known) has(host string) bool {
	return slices.ContainsFunc(k, func(d string) bool { return d != "" && (host == d || strings.HasSuffix(host, "."+d)) })
}

// schemeLike finds what stands before an address; bareScheme is that alone.
var (
	schemeLike = lazyre.New(`^(?i)([a-z-]{3,9})[ ]*([:;=/.,@ ][:;=/., ]*)`)
	bareScheme = lazyre.New(`^(?i)[a-z-]{3,9}[:;=/.,]*$`)
	joined     = lazyre.New(`(?i)mailto[:=]`)
	// glued is a host with the word of the next address at its end: "a@b.examplemailto;c@b.example".
	glued = lazyre.New(`(?i)(@[a-z0-9.-]*[a-z0-9])mailto([ ,;|]|$)`)
	// torn is the scheme with something typed into it.
	torn = lazyre.New(`(?i)\bm[ ,;']?a[ ,;']?i[ ,;']?l[ ,;']?t[ ,;']?o *[:;][:;=/.,]*`)
)

// isMailScheme reports whether a word was meant as mailto.
func isMailScheme(word string) bool {
	word = strings.ToLower(word)
	return word == "mail" || word == "email" || word == "e-mail" || len(word) < 9 && hint.Distance(word, "mailto") <= 2 ||
		len(word) < 6 && hint.Distance(word, "mail") <= 1
}

// ofOtherScheme reports whether an address is not one of mail, and not one of mail with
// its scheme mistyped: only a web address has an @ that means nothing here.
func ofOtherScheme(u *URI) bool {
	return u.Valid() && u.Scheme != "mailto" && u.Host != "" && !isMailScheme(u.Scheme) &&
		(u.Scheme == "https" || u.Scheme == "http" || !strings.Contains(u.Text, "@"))
}

// readMailboxes reads the value of rua or ruf. A value without a fault is taken as it
// is, but for size suffixes.
func readMailboxes(value string, k known) mailboxes {
	var out mailboxes
	if allSound(value) {
		for _, u := range parseURIs(value, 0) {
			out.add(out.unsized(u.Text, u.Size))
		}
		return out
	}
	var mails []piece
	for _, p := range splitMailboxes(value) {
		if u := parseURI(p.raw, 0); ofOtherScheme(&u) {
			out.add(p.raw) // an address of another scheme, which receivers pass over
			continue
		}
		p.body = tidyAddress(p.body)
		if p.body != "" {
			mails = append(mails, p)
		}
	}
	mails = joinPieces(mails, k)
	torn := slices.ContainsFunc(mails, func(p piece) bool { return !strings.Contains(p.body, "@") })
	for i := range mails {
		p := &mails[i]
		if at := strings.IndexByte(p.body, '!'); at > 0 && len(p.body)-at < 10 && strings.IndexByte(p.body[at:], '@') < 0 && isAddress(p.body[:at], k) {
			out.sizes = append(out.sizes, p.body[at+1:]) // meant as a limit, though it is not one
			p.body = p.body[:at]
		}
		if _, host, _ := strings.Cut(p.body, "@"); i+1 < len(mails) && !k.has(host) && takesLetter(host, mails[i+1].raw) {
			out.open = true // "d@acme.co,mmailto:e@acme.example"
			continue
		}
		if _, host, _ := strings.Cut(p.body, "@"); !k.has(host) && !hasKnownEnd(host) && endsAsScheme(host) {
			out.open = true // "d@acme.examplemailtoo;e@acme.example"
			continue
		}
		if i > 0 && !p.scheme && !strings.Contains(mails[i-1].body, "@") {
			out.open = true // the rest of it may stand before a stray separator: "dm;rc@acme.example"
			continue
		}
		to := "mailto:" + p.body
		if u := parseURI(p.raw, 0); u.Supported() && strings.Contains(u.Host, ".") && !strings.ContainsAny(p.raw, " ,;|") && !strings.ContainsAny(u.Address, ":/") && (!torn || isAddress(p.body, k)) && !joined.MatchString(p.raw[1:]) {
			to = out.unsized(p.raw, u.Size) // sound by itself, with what it holds
			p.raw = to
		} else if !isAddress(p.body, k) || !p.scheme && beginsAsScheme(p.body) {
			out.open = true
			continue
		}
		if p.raw != to {
			out.swaps = append(out.swaps, swap{p.raw, to})
		}
		out.add(to)
	}
	if out.open {
		out.uris = append(out.uris, mailboxPlaceholder)
	}
	return out
}

// takesLetter reports whether the separator behind a host may stand a letter early, or late, in the
// word of the next address.
func takesLetter(host, next string) bool {
	word, _, _ := strings.Cut(strings.ToLower(next), ":")
	return len(word) == len("mmailto") && word[1:] == "mailto" && hasKnownEnd(host+word[:1]) ||
		word == "ailto" && strings.HasSuffix(host, "m") && !hasKnownEnd(host) && hasKnownEnd(host[:len(host)-1])
}

// shown leaves the addresses out that the record does not show letter by letter: what
// slipped in may stand in place of a letter, and then the mailbox is another one. Only
// the host may be put together if it is one of the owner's.
func (m mailboxes) shown(record string, k known) mailboxes {
	record = strings.ToLower(record)
	sure := m
	sure.uris = nil
	for _, uri := range m.uris {
		address, mail := strings.CutPrefix(strings.ToLower(uri), "mailto:")
		local, host, ok := strings.Cut(address, "@")
		if !ok || !mail || (slices.Contains(roles, local) || showsLocal(record, local)) && (k.has(host) || showsHost(record, host)) {
			sure.uris = append(sure.uris, uri)
		}
	}
	if len(sure.uris) < len(m.uris) && !m.open {
		sure.open = true
		sure.uris = append(sure.uris, mailboxPlaceholder)
	}
	sure.swaps = slices.DeleteFunc(slices.Clone(m.swaps), func(s swap) bool { return !slices.Contains(sure.uris, s.to) })
	return sure
}

// without leaves the addresses out whose host is not one that there is, where doubt says of
// it that its end may be something else.
func (m mailboxes) without(k known, doubt func(host string) bool) mailboxes {
	uris := slices.DeleteFunc(slices.Clone(m.uris), func(uri string) bool {
		u := parseURI(uri, 0)
		return u.Supported() && !k.has(u.Host) && !hasKnownEnd(u.Host) && doubt(u.Host)
	})
	if len(uris) < len(m.uris) {
		m.swaps = slices.DeleteFunc(slices.Clone(m.swaps), func(s swap) bool { return !slices.Contains(uris, s.to) })
		if m.uris = uris; !m.open {
			m.open, m.uris = true, append(uris, mailboxPlaceholder)
		}
	}
	return m
}

// roles are names that mailboxes for such reports have everywhere (RFC 2142): whoever
// almost wrote one meant it.
var roles = []string{"abuse", "admin", "dmarc", "dmarc-reports", "dmarcreports", "hostmaster", "info", "mail", "mailauth-reports", "postmaster", "reports", "security", "webmaster"}

// showsLocal reports whether a local part stands in a record by itself.
func showsLocal(record, local string) bool {
	if word, _, ok := strings.Cut(local, "."); ok && len(word) > 4 && word != "email" && word != "e-mail" && isMailScheme(word) {
		return false // a dot for the colon behind mailto
	}
	for from := 0; ; {
		i := strings.Index(record[from:], local)
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		if i > 0 && (ascii.IsAlphanumeric(record[i-1]) || record[i-1] >= 0x80 || strings.IndexByte("._+-%&$*~", record[i-1]) >= 0) {
			continue
		}
		if rest := strings.TrimLeft(record[i+len(local):], " \"'\\"); strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "(at)") || strings.HasPrefix(rest, "[at]") {
			return true
		}
	}
}

// showsHost reports whether a host stands in a record behind an @, and ends there.
func showsHost(record, host string) bool {
	for from := 0; ; {
		i := strings.Index(record[from:], host)
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		if !strings.HasSuffix(record[:i], "@") || strings.HasSuffix(record[:i], "@@") {
			continue // a space between, or the second @, may stand for a letter
		}
		rest := strings.TrimPrefix(record[i+len(host):], ".")
		if rest != record[i+len(host):] && !isWhole(host) {
			continue // the dot may stand for a letter
		}
		switch after := strings.TrimLeft(rest, ` "'\>)]`); {
		case rest == "" || rest[0] == ',' || rest[0] == '!' || rest[0] == '|':
			return true
		case rest[0] == ';' || rest[0] == '\\' && strings.HasPrefix(after, ";"):
			if rest[0] == '\\' && !escaped(record) && !isWhole(host) {
				continue // the one backslash may stand for a letter
			}
			if word, more, _ := strings.Cut(strings.TrimLeft(after, "; ")+" ", " "); len(word) < 3 && word != "" && letters(word) && !strings.HasPrefix(strings.TrimLeft(more, " "), "=") && hasKnownEnd(host+word) {
				continue // "acme.co;m"
			}
			if !strings.HasPrefix(strings.TrimLeft(after, "; "), ",") || hasKnownEnd(host) && !strings.HasPrefix(rest, ";,") {
				return true
			}
		case strings.IndexByte(" \"'>)]\n\r\t", rest[0]) >= 0:
			word := after[:len(after)-len(strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyz"))]
			if word != "" && hasKnownEnd(host+word) {
				continue // "acme.co m"
			}
			if hasKnownEnd(host) && (isWhole(host) || !alone(record, rest[0])) {
				return true
			}
		}
	}
}

// escaped reports whether a record has a backslash before each of its semicolons, or
// before all but the last: then they come from a zone file.
func escaped(record string) bool {
	record = strings.TrimRight(record, "; ")
	return strings.Count(record, ";") == strings.Count(record, `\;`)
}

// alone reports whether a quotation mark or bracket has no partner in a record.
func alone(record string, c byte) bool {
	switch c {
	case '"', '\'':
		return strings.Count(record, string(c))%2 == 1
	case '>':
		return !strings.Contains(record, "<")
	case ')':
		return !strings.Contains(record, "(")
	case ']':
		return !strings.Contains(record, "[")
	}
	return false
}

// isWhole reports whether no letter is missing at the end of a host: it ends in a
// top-level domain, and in none with one letter more.
func isWhole(host string) bool {
	if !hasKnownEnd(host) {
		return false
	}
	for c := 'a'; c <= 'z'; c++ {
		if hasKnownEnd(host + string(c)) {
			return false
		}
	}
	return true
}

// unsized is an address without its size suffix.
func (m *mailboxes) unsized(text, size string) string {
	if size == "" {
		return text
	}
	m.sizes = append(m.sizes, size)
	return strings.TrimSuffix(text, "!"+size)
}

func (m *mailboxes) add(uri string) {
	if !slices.Contains(m.uris, uri) {
		m.uris = append(m.uris, uri)
	}
}

// allSound reports that every address of a value is one.
func allSound(value string) bool {
	return strings.IndexByte(value, ';') < 0 && !slices.ContainsFunc(parseURIs(value, 0), func(u URI) bool {
		return !u.Valid() || u.Scheme == "mailto" && joined.MatchString(u.Text[1:]) || u.Scheme != "mailto" && (u.Hint != "" || !ofOtherScheme(&u))
	})
}

// isAddress reports whether s is the address of a mailbox at a domain that can exist.
func isAddress(s string, k known) bool {
	local, host, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 64 || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") {
		return false
	}
	if holdsScheme(local) {
		return false // with its colon lost, or something before it
	}
	for i := 0; i < len(local); i++ {
		if !ascii.IsAlphanumeric(local[i]) && strings.IndexByte("._+-%'~&$*=", local[i]) < 0 {
			return false
		}
	}
	u := parseURI("mailto:"+s, 0)
	return u.Supported() && (k.has(host) || hasKnownEnd(host)) && !strings.Contains("."+host, "._") // no mail host is called so
}

// holdsScheme reports whether a local part holds the word mailto, with a slip in it or
// without.
func holdsScheme(local string) bool {
	local = strings.ToLower(local)
	for at := range local {
		for _, n := range [...]int{5, 6, 7} { // a letter too few, another one, or one too many
			if rest := local[at:]; len(rest) > n && (at == 0 || strings.HasPrefix(rest, "ma")) && !strings.HasPrefix(rest, "mailbox") && rest[n-1] == 'o' && hint.Distance(rest[:n], "mailto") == 1 {
				return true // "ruamailodmarc", too
			}
		}
	}
	return strings.Contains(local, "mailto") || strings.Contains(local, "%3a") || slices.ContainsFunc(strings.FieldsFunc(local, func(c rune) bool { return !ascii.IsAlphanumeric(byte(c)) }), func(word string) bool {
		return len(word) >= 5 && hint.Distance(word, "mailto") == 1
	})
}

// beginsAsScheme reports whether an address without a scheme may begin with one, its colon
// mistyped or lost with another slip: "mailtlpostmaster@…".
func beginsAsScheme(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	return readsAsScheme(local) || readsAsScheme(ascii.Alphanumeric(local)) // "maai.lto.dmarc@…"
}

// readsAsScheme is beginsAsScheme of a local part.
func readsAsScheme(local string) bool {
	for n := 3; n <= len("mailto:")+1 && n < len(local); n++ {
		if word := local[:n]; slices.Contains(roles, local[n:]) && word != "mail" && word != "email" && word != "e-mail" && hint.Distance(word, "mailto") <= 3 {
			return true // "matodmarc@…"
		}
	}
	for n := len("mailto") - 1; n <= len("mailto")+2 && n < len(local); n++ {
		if local[n-1] == 'o' && (local[0] == 'm' || local[0] == 'a') && !strings.HasPrefix(local, "mailbox") && hint.Distance(local[:n], "mailto") <= 2 {
			return true // "maiilotls@…"
		}
	}
	for n := len("mailto:") - 2; n <= min(len(local)-1, len("mailto:")+1); n++ {
		if !strings.HasPrefix(local, "mailbox") && hint.Distance(local[:n], "mailto:") <= 2 {
			return true
		}
	}
	return false
}

// endsAsScheme reports whether a host ends in the scheme of the next address, with a slip in it.
func endsAsScheme(host string) bool {
	for n := len("mailto") - 1; n <= min(len(host), len("mailto")+1); n++ {
		if hint.Distance(strings.ToLower(host[len(host)-n:]), "mailto") <= 1 {
			return true
		}
	}
	return false
}

// hasKnownEnd reports whether host has two labels or more, the last of which is a
// top-level domain, or one that is reserved for examples and tests (RFC 2606).
func hasKnownEnd(host string) bool {
	i := strings.LastIndexByte(host, '.')
	if i < 1 {
		return false
	}
	switch end := host[i+1:]; end {
	case "example", "test", "invalid", "localhost":
		return true
	default:
		suffix, icann := publicsuffix.PublicSuffix(end)
		return icann && suffix == end
	}
}
