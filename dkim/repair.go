package dkim

import (
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
)

// repaired is the key record as it should be published, or "" if that cannot be
// told from what is there: v= first, the key in its right encoding, and without
// what limits or disturbs it (t=y, g=, an h= that excludes SHA-256). It has the
// key of the record, every restriction that the record was meant to have, and
// nothing else; a record that was meant to revoke the key still does.
func (k *Key) repaired() string {
	if len(k.Record) > mostText {
		return ""
	}
	w := writtenTags(k)
	record := w.record()
	if !w.inOrder && record != "" {
		if fixed, err := ParseKey(record); err != nil || fixed.strayWithin(k.Record) {
			return ""
		}
	}
	return record
}

// written is a key record as its author meant it.
type written struct {
	// values are what stands in the known tags, in the order of the record: more
	// than one if a tag is there several times.
	values map[string][]string
	// others are the tags that are not defined, and n=, as they stand.
	others []tag
	// loose are texts that belong to no tag.
	loose []string
	// inOrder: the list was in order, so that an entry that is not defined is meant.
	inOrder bool
	// lower is the text of the record in lower case.
	lower string
}

// knownTags are those that RFC 6376, 3.6.1 defines, apart from n=, and g= of RFC 4871.
const knownTags = "vkphstg"

// writtenTags reads a record. A list that is in order is taken as it is; another
// is read for what its author meant by it.
func writtenTags(k *Key) *written {
	w := &written{values: map[string][]string{}, lower: strings.ToLower(k.Record)}
	inOrder := k.Version == "" || strings.EqualFold(k.Version, "DKIM1")
	_, problems := parseTags(k.Record, false)
	inOrder = inOrder && !slices.ContainsFunc(problems, func(p Problem) bool { return !p.Tolerated })
	if p := k.tag("p"); p != nil && inOrder && (k.Bits > 0 || k.Revoked) {
		w.inOrder = true
		for _, t := range k.tags {
			w.put(t.name, t.value)
		}
		return w
	}
	w.read(plainText(k.Record))
	return w
}

// put notes the value of a tag.
func (w *written) put(name, value string) {
	if lower := strings.ToLower(name); lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains(knownTags, lower[:1]) {
		tag := lower[:1] // P= and pp= are p=
		rest := ""
		// "p=p=MIIB…"; "p= p=MIIB…" is a key that was revoked, and another one behind it.
		if again, twice := strings.CutPrefix(value, tag+"="); twice && strings.Contains(w.lower, tag+"="+tag+"=") {
			value = again
		}
		if strings.Contains("vkhst", tag) {
			if at := colonBetween.FindStringIndex(value); at != nil { // "h=sha256: k = rsa"
				w.read(value[at[0]+1:])
				value = value[:at[0]]
			}
			value, rest = oneValue(inOne(tag, value))
		}
		w.values[tag] = append(w.values[tag], value)
		w.loosen(rest)
		return
	}
	switch {
	case w.bare(name + value):
	case len(name) == 2 && restriction.MatchString(value) && strings.ContainsAny(name, "hstHST"):
		w.loose = append(w.loose, name+"="+value) // h=, s= or t= with a letter too many
	case value == "":
		w.loosen(name) // it may be the rest of a key
	default:
		w.others = append(w.others, tag{name: name, value: value})
	}
}

// oneValue takes a value that is a word, or a list of words, from what follows it
// without a semicolon.
func oneValue(text string) (value, rest string) {
	text = aroundColon.ReplaceAllString(text, ":")
	if i := strings.IndexAny(text, fws+",|"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// inOne is a value whose words something else than the right sign stands between: "r sa",
// "email,tlsrpt". One that holds anything else stays.
func inOne(tag, value string) string {
	bare := stripFWS(value)
	if tag == "k" && (bare == algorithmRSA || bare == algorithmEd25519) || tag == "h" && (bare == "sha256" || bare == "sha1") || tag == "v" && bare == "DKIM1" || tag == "s" && bare == "email" {
		return bare
	}
	words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(":,| \t", r) })
	if tag == "s" && !slices.ContainsFunc(words, notOf("*", "email", "tlsrpt")) {
		return strings.Join(words, ":")
	}
	return value
}

// restriction is a value that h=, s= or t= may have.
var restriction = lazyre.New(`(?i)^(\*|email|tlsrpt|sha1|sha256|[sy]|[:\s])+$`)

var aroundColon = lazyre.New(`\s*:\s*`)

// typography is what an editor, a web page or a zone file adds to a record, and
// the plain text for it.
var typography = strings.NewReplacer(append(ascii.Pasted(),
	`\n`, " ", `\r`, " ", `\t`, " ", `\`, "",
	"‘", "'", "’", "'", "″", `"`,
	"\u2009", " ", "\u202f", " ", "\u3000", " ", "\u2028", " ",
	"\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "", "\u200e", "", "\u200f", "",
	"，", ",", "\x00", "",
	"%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%3D", "=", "%3d", "=", "%3B", ";", "%3b", ";",
)...)

// zonePrefix is the beginning of a line of a zone file before its strings.
var zonePrefix = lazyre.New(`(?i)^\s*[A-Za-z0-9_.@*-]*\s*(?:[0-9]+[a-z]?\s+)?(?:IN\s+)?TXT\s*\(?\s*$`)

// plainText is a record without what was added around its text: typographic
// quotation marks and spaces, escapes, and the frame of a zone file.
func plainText(record string) string {
	text := ascii.Latin(typography.Replace(record))
	if before, quoted, ok := strings.Cut(text, `"`); ok && zonePrefix.MatchString(before) {
		text = quoted
		if i := strings.LastIndexByte(text, ')'); i >= 0 && i > strings.LastIndexByte(text, '"') {
			text = text[:i] // what follows is a comment
		}
	}
	text = strings.Trim(text, fws+"()\"'`")
	return strings.NewReplacer(`" "`, "", "\"\t\"", "", `"`, "", "`", "").Replace(text)
}

// tagStart is the beginning of a known tag: at the start of a part, after a
// separator, or at the end of a value that is complete.
var tagStart = lazyre.New(`(?i)(^|[,|.&'\s]|DKIM1|rsa|ed25519)\s*(vv?|kk?|pp?|hh?|ss?|tt?|gg?)\s*[=:]+`)

// unseparated are two tags without anything between them.
var unseparated = lazyre.New(`(?i)(\bt\s*[=:]\s*(?:[sy]:)*[sy]|email|\*|sha256|sha1)([vkphst]\s*=)`)

// aroundEquals is white space around the equals sign of a tag.
var aroundEquals = lazyre.New(`(?i)(^|[;,|:\s])([vkphstg])\s*=\s*`)

// colonBetween is a colon for the semicolon before a tag.
var colonBetween = lazyre.New(`(?i):[ \t]*([vkphstg])[ \t]*=`)

// notesByColon is n= with a colon.
var notesByColon = lazyre.New(`^\s*n\s*:`)

// keyInNotes finds a key after notes that no semicolon ends.
var keyInNotes = lazyre.New(`p\s*[=:]\s*[A-Za-z0-9+/=\s]{40,}$`)

// read takes a record apart that is no list by the standard: with colons for
// equals signs, other separators or none.
func (w *written) read(text string) {
	text = aroundEquals.ReplaceAllString(text, "$1$2=")
	text = colonBetween.ReplaceAllString(text, " ; $1=")
	for part := range strings.SplitSeq(unseparated.ReplaceAllString(text, "$1;$2"), ";") {
		if !strings.Contains(part, "=") {
			part = notesByColon.ReplaceAllString(part, "n=")
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.Trim(name, fws)
		if ok && isTagName(name) && (name == "n" || len(name) > 1 && !tagStart.MatchString(value) && strings.Trim(strings.ToLower(name), strings.ToLower(name[:1])) != "") {
			rest := ""
			if at := keyInNotes.FindStringIndex(value); at != nil {
				value, rest = value[:at[0]], value[at[0]:]
			}
			w.put(name, strings.Trim(value, fws))
			if part = rest; part == "" {
				continue
			}
		}
		starts := tagStart.FindAllStringSubmatchIndex(part, -1)
		if len(starts) == 0 {
			w.loosen(part)
			continue
		}
		w.loosen(part[:starts[0][4]])
		for i, at := range starts {
			end := len(part)
			if i+1 < len(starts) {
				end = starts[i+1][4]
			}
			w.put(part[at[4]:at[5]], strings.Trim(part[at[1]:end], fws+",|:.&'"))
		}
	}
}

// bareForms are the texts that stand alone because the equals sign, or the letter
// before it, is missing, and the tags that they are.
var bareForms = []struct {
	tag     string
	pattern *lazyre.Regexp
}{
	{"v", lazyre.New(`(?i)^v?\W*(d?kim\W?1?)$`)},
	{"k", lazyre.New(`(?i)^k?\W*(rsa|ed25519)$`)},
	{"t", lazyre.New(`(?i)^(?:t\W*)?([sy](?:\W?[sy])?)$`)},
	{"s", lazyre.New(`(?i)^s?\W*(email|\*)$`)},
	{"h", lazyre.New(`(?i)^h?\W*(sha256|sha1|sha1:sha256|sha256:sha1)$`)},
}

// bare notes a text as the tag that it must be, if it is one without its equals
// sign or with that in the wrong place.
func (w *written) bare(text string) bool {
	for _, form := range bareForms {
		if m := form.pattern.FindStringSubmatch(text); m != nil {
			w.values[form.tag] = append(w.values[form.tag], m[len(m)-1])
			return true
		}
	}
	return false
}

// comment is what opendkim-genkey writes behind a record in a zone file.
var comment = lazyre.New(`^-----\s+DKIM key \S+ for \S+$`)

// loosen notes a text that no tag name precedes.
func (w *written) loosen(text string) {
	nameless := strings.Contains(text, "=")
	text = strings.Trim(text, fws+",|:.&'=")
	if comment.MatchString(text) {
		return
	}
	if nameless && text == "" {
		w.loose = append(w.loose, "a tag without a name") // an empty p=, perhaps
	} else if note, ok := strings.CutPrefix(text, "n="); ok {
		w.others = append(w.others, tag{name: "n", value: strings.Trim(note, fws)})
	} else if strings.EqualFold(text, "p") {
		w.values["p"] = append(w.values["p"], "") // it revoked the key
	} else if text != "" && !w.bare(text) {
		w.loose = append(w.loose, text)
	}
}

// record puts the record together, or returns "" if one part of it cannot be told.
func (w *written) record() string {
	key, ok := w.key()
	if !ok || slices.ContainsFunc(w.values["k"], notType) || slices.ContainsFunc(w.values["v"], notVersion) {
		return ""
	}
	for _, name := range []string{"h", "s", "t"} {
		if slices.ContainsFunc(w.values[name], func(value string) bool { return strings.Contains(value, "=") }) {
			return "" // it has swallowed another tag, "h=sha256k=rsas=email"
		}
	}
	hashes, hashed := w.list("h", sureHash)
	services, served := w.list("s", sureService)
	flags, flagged := w.list("t", strings.ToLower)
	if !hashed || !served || !flagged {
		return ""
	}
	if !w.inOrder && (slices.ContainsFunc(slices.Concat(w.values["t"], w.values["h"], w.values["s"]), empty) || slices.ContainsFunc(flags, notOf("y", "s")) || slices.ContainsFunc(services, notOf("*", "email", "tlsrpt"))) {
		return "" // it may be the rest of another tag
	}
	parts := []string{"v=DKIM1"}
	if len(w.values["k"]) > 0 || key.algorithm == algorithmEd25519 {
		parts = append(parts, "k="+key.algorithm)
	}
	if len(w.values["h"]) > 0 {
		hashes = slices.DeleteFunc(hashes, func(h string) bool { return h == "sha1" || partOf(h, "sha256") || !isHyphenatedWord(h) })
		parts = append(parts, "h="+strings.Join(append([]string{"sha256"}, hashes...), ":"))
	}
	if len(w.values["s"]) > 0 {
		if len(services) == 0 {
			services = []string{"email"} // an empty list excludes mail; the narrowest that does not
		}
		if !slices.Contains(services, "*") && !slices.Contains(services, "email") {
			return "" // perhaps the key is meant not to be for mail
		}
		parts = append(parts, "s="+strings.Join(services, ":"))
	}
	if flags = slices.DeleteFunc(flags, func(f string) bool { return f == "y" }); len(flags) > 0 {
		parts = append(parts, "t="+strings.Join(flags, ":"))
	}
	var seen []string
	for _, t := range w.others {
		if isTagName(t.name) && t.value != "" && badByte(t.value, false) < 0 && badFold(t.value) < 0 && !slices.Contains(seen, t.name) {
			parts = append(parts, t.name+"="+t.value)
			seen = append(seen, t.name)
		}
	}
	record := strings.Join(append(parts, "p="+key.text), "; ")
	fixed, err := ParseKey(record)
	if err != nil || !fixed.Live() && !fixed.Revoked || len(fixed.Problems) > 0 {
		return ""
	}
	// Where more than one thing is wrong, a tag that nobody defines may hold what another lost:
	// "xk=rsat=s", "pM=IIB…".
	if slices.ContainsFunc(w.others, func(t tag) bool {
		return fixed.Revoked && len(stripFWS(t.value)) > 100 || t.name != "n" && strings.Contains(t.value, "=")
	}) {
		return ""
	}
	return record
}

// notType reports whether a value of k= holds more than a key type: it may have
// swallowed another tag.
func notType(value string) bool {
	value = strings.ToLower(value)
	return apart(value, algorithmRSA) > 1 && apart(value, algorithmEd25519) > 2 && !typeAndSize.MatchString(value)
}

// notVersion reports the same of a value of v=.
func notVersion(value string) bool {
	return strings.Contains(value, "=") || len(value) > len("DKIM1")+4 && strings.HasPrefix(strings.ToLower(value), "dkim1")
}

var typeAndSize = lazyre.New(`^(rsa[-_]?(sha256|[0-9]{4})?|ed-?25519[-_]sha256|)$`)

func notOf(words ...string) func(string) bool {
	return func(word string) bool { return !slices.Contains(words, word) }
}

// list is the entries of a colon-separated list, each as it was surely meant, once.
// It is not known if the tag is there twice and differs.
func (w *written) list(name string, sure func(string) string) (entries []string, ok bool) {
	for i, value := range w.values[name] {
		var these []string
		for _, entry := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(":, \t\r\n", r) }) {
			if name == "t" && len(entry) > 1 && strings.Trim(entry, "ysYS") == "" {
				these = append(these, "s") // ys, sy, ss: the colon is missing; y is left out anyway
				continue
			}
			if name == "h" && len(entry) == 1 {
				continue // no hash algorithm: a tag behind a colon, "h=sha256: k rsa"
			}
			if entry = sure(entry); !slices.Contains(these, entry) {
				these = append(these, entry)
			}
		}
		switch {
		case i == 0:
			entries = these
		case name == "t" || name == "h": // a flag restricts, and of the hashes one stays
			entries = append(entries, slices.DeleteFunc(these, func(f string) bool { return slices.Contains(entries, f) })...)
		case !slices.Equal(entries, these):
			return nil, false
		}
	}
	return entries, true
}

// sureHash is a hash algorithm as it was meant: sha-256, SHA256.
func sureHash(word string) string {
	plain := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(word))
	if plain = strings.TrimPrefix(plain, "rsa"); apart(plain, "sha256") <= 1 {
		return "sha256"
	}
	return plain
}

// partOf reports whether a piece of a list is a word, or what a separator typed into it left of one: no hash
// algorithm is called sha, or a256.
func partOf(piece, word string) bool {
	return strings.HasPrefix(word, piece) || strings.HasSuffix(word, piece)
}

// sureService is a service type as it was meant: e-mail, mail, Email.
func sureService(word string) string {
	plain := strings.ToLower(strings.ReplaceAll(word, "-", ""))
	if plain == "mail" || apart(plain, "email") <= 1 {
		return "email"
	}
	return strings.ToLower(word)
}

// apart is how many letters must be put in, left out, exchanged or swapped to make
// one word of the other.
func apart(a, b string) int {
	if len(a) > 12 || len(b) > 12 {
		return 12
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			same := 1
			if a[i] == b[j] {
				same = 0
			}
			row[j+1] = min(last[j]+same, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
