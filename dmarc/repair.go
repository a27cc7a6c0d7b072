package dmarc

import (
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// maxRepair is the longest record that is repaired; what is longer is no slip of the
// hand in a record that anybody meant.
const maxRepair = 4096

// repair is a record as it was probably meant. What the text does not say plainly is
// a placeholder in the draft, written <like this>, or an open piece: neither can be
// published as it stands. Nothing in it is weaker than what the text shows, no address
// is in it that the text does not have, and none that the text has is lost.
type repair struct {
	draft   draft
	changes []change
	// open are pieces of the text that mean nothing that is known.
	open []string
	// lost are the letters of the version that it lacks.
	lost string
	// version and policy: the text shows one, however it is written; address: it shows
	// a report address.
	version, policy, address bool
	// versions counts how often it shows the version: more than once, it is of several records.
	versions int
	// about says of each tag, by its name, whether the text has it at all.
	about map[string]bool
	// proofs are the proofs of ownership that stand in it, which belong into records of their own.
	proofs []string
	// unread are the tags of which something is there that nobody can read, by name.
	unread map[string]bool
	// second is a weaker policy that a later p has.
	second string
	// raw is the record with straight quotation marks, published as it is in the DNS.
	raw, published string
	text           *plainText
}

// token is a tag that the text probably has, or a piece that is not a tag.
type token struct {
	name       string // of draftTags, "v", another name, or "" for a piece
	op         string // what stands between name and value
	value      string
	offset     int // in the plain text
	end        int
	known      bool
	strong     bool // it begins after a semicolon, or at the start
	misspelled string
}

var (
	// startOfTag finds the name of a tag, and what ties it to its value.
	startOfTag = lazyre.New(`^(?i)(adkim|aspf|pct|psd|rua|ruf|sp|np|fo|rf|ri|p|t|v)([ ,.]*[=:]+[ :=]*)`)
	// looseTag is the same without a sign, before a value that can be nothing else.
	looseTag = lazyre.New(`^(?i)((?:sp|np|p)[ _-]*(?:none|quarantine|reject)|(?:rua|ruf) *mailto *:|v[ -]*dmarc ?1|(?:adkim|aspf)[ _-]+[rs]\b|pct[ _-]+\d+|t +[yn]\b|psd +[ynu]\b)`)
	// tornTag is rua or ruf with a letter and its sign gone: "rfmailto:".
	tornTag = lazyre.New(`^(?i)(r[a-z]|[a-z]u[a-z]|u[af])[ =:]*mailto`)
	anyTag  = lazyre.New(`^([A-Za-z][A-Za-z0-9_-]{0,40})( *[=:]+ *)`)
	looseOf = lazyre.New(`^(?i)(adkim|aspf|pct|psd|rua|ruf|sp|np|p|t|v)`)
	// ended are values that end where another tag begins, with nothing between.
	ended = lazyre.New(`^(?i)(none|quarantine|reject|dmarc1|[rs]|\d{1,3})`)
)

const policyPlaceholder = "<none, quarantine or reject>"

// repaired reads what a record was meant to be. hosts are domains of its owner.
func repaired(record string, hosts ...string) *repair {
	r := &repair{about: map[string]bool{}, unread: map[string]bool{}}
	if len(record) > maxRepair {
		r.open = []string{"a record of " + show.Counted(len(record), "byte")}
		return r
	}
	r.published = record
	record = r.withoutProofs(ALabels(straight(record), hosts...))
	r.raw, r.text = record, plain(record)
	tokens := r.tokens()
	r.read(tokens, known(hosts))
	return r
}

// plausible reports that the text was meant as a DMARC record: it names the version,
// or it stands where one is looked for and has a policy, or where reports go without the
// version of another kind of record.
func (r *repair) plausible(atName bool) bool {
	return r.version || atName && (r.policy || r.address && belongsTo(r.published, ".") == "")
}

// tokens cuts the text into tags and pieces.
func (r *repair) tokens() []token {
	s := r.text.text
	var out []token
	strong := true // a semicolon, or the start, came before
	for i := 0; i < len(s) && len(out) < maxTags; {
		c := s[i]
		if c == ';' {
			strong = true
			i++
			continue
		}
		if strings.IndexByte(" ,|.:'", c) >= 0 {
			i++
			continue
		}
		t := token{offset: i, strong: strong}
		strong = false
		start := i
		if m := startOfTag.FindStringSubmatch(s[i:]); m != nil && r.isTag(s, i, m, t.strong) {
			t.name, t.op, t.known = strings.ToLower(m[1]), m[2], true
			i += len(m[0])
		} else if m := looseTag.FindString(s[i:]); m != "" {
			n := looseOf.FindString(m)
			t.name, t.known = strings.ToLower(n), true
			i += len(n)
			for i < len(s) && strings.IndexByte(" _-", s[i]) >= 0 {
				i++
			}
		} else if m := anyTag.FindStringSubmatch(s[i:]); m != nil && len(out) == 0 && isVersion(m[1]) {
			// "DMARC1: p=reject": the sign behind the version is one of a separator.
			i += len(m[1])
			t.name, t.known, t.value, t.end = "v", true, m[1], i
			out = append(out, t)
			continue
		} else if m := anyTag.FindStringSubmatch(s[i:]); m != nil && t.strong && !isMailScheme(m[1]) && !strings.EqualFold(m[1], "https") && !strings.EqualFold(m[1], "http") {
			t.name, t.op = strings.ToLower(m[1]), m[2]
			i += len(m[0])
		}
		from := i
		i = r.endOfValue(s, i, t.name)
		t.value, t.end = strings.Trim(s[from:i], " "), i
		if i == start {
			i++ // never stand still
		}
		out = append(out, t)
	}
	return out
}

// isTag reports whether what looks like a tag is one: inside other values a colon
// alone makes none unless a value of that tag follows.
func (r *repair) isTag(s string, i int, m []string, strong bool) bool {
	rest := s[i+len(m[0]):]
	if strings.Contains(m[2], "=") {
		return true
	}
	word := strings.ToLower(rest[:min(len(rest), 12)])
	switch name := strings.ToLower(m[1]); name {
	case "p", "sp", "np":
		end := strings.IndexAny(word, " ;,.:")
		if end >= 0 {
			word = word[:end]
		}
		return strong || nearestPolicy(word) != ""
	case "rua", "ruf":
		return true
	case "v":
		return strings.HasPrefix(word, "d") || strong
	case "t", "psd":
		return word != "" && strings.IndexByte("ynu", word[0]) >= 0 && (len(word) == 1 || !ascii.IsAlphanumeric(word[1]))
	case "adkim", "aspf":
		return word != "" && (word[0] == 'r' || word[0] == 's')
	}
	return strong
}

// endOfValue finds where the value of a tag that begins at i ends.
func (r *repair) endOfValue(s string, i int, name string) int {
	mail := name == "rua" || name == "ruf"
	if !mail && name != "" {
		// "p=rejectrua=…": the semicolon is missing, with all else in order.
		if m := ended.FindString(s[i:]); m != "" {
			rest := s[i+len(m):]
			if t := startOfTag.FindStringSubmatch(rest); t != nil {
				word, _, _ := strings.Cut(rest[len(t[0]):], ";")
				if strings.Contains(t[2], "=") || nearestPolicy(word) != "" {
					return i + len(m)
				}
			}
		}
	}
	for j := i; j < len(s); j++ {
		c := s[j]
		if c == ';' {
			return j
		}
		if strings.IndexByte(" ,|.:'", c) >= 0 {
			k := j
			for k < len(s) && strings.IndexByte(" ,|.:'", s[k]) >= 0 {
				k++
			}
			if k == len(s) {
				return j
			}
			if m := startOfTag.FindStringSubmatch(s[k:]); m != nil && r.isTag(s, k, m, false) && (!mail || strings.HasPrefix(strings.ToLower(m[1]), "ru") || !atBefore(s, k+len(m[0])-len(m[2]))) {
				return j
			}
			if k > j+1 || c == ' ' || c == ',' {
				if m := looseTag.FindString(s[k:]); m != "" {
					return j
				}
			}
			j = k - 1
			continue
		}
		if mail && j > i {
			// "mailto:a@b.exampleruf=mailto:…": an equals sign is in no host name.
			if m := startOfTag.FindStringSubmatch(s[j:]); m != nil && len(m[1]) > 1 && strings.HasPrefix(strings.TrimLeft(m[2], " "), "=") && strings.Contains(s[i:j], "@") && !atBefore(s, j) {
				if _, host, ok := cutLast(s[i:j], "@"); ok && hasKnownEnd(strings.ToLower(strings.TrimRight(host, "."))) {
					return j
				}
			}
		}
	}
	return len(s)
}

// atBefore reports that an @ follows at i before anything that ends an address: what
// stands there is the local part of one.
func atBefore(s string, i int) bool {
	for ; i < len(s); i++ {
		switch s[i] {
		case '@':
			return true
		case ';', ',', ' ', ':':
			return false
		}
	}
	return false
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// read makes the draft.
func (r *repair) read(tokens []token, k known) {
	tokens = r.attribute(tokens, k)
	for i := range tokens {
		r.about[tokens[i].name] = true
	}
	for i := range tokens {
		t := &tokens[i]
		switch t.name {
		case "v":
			r.readVersion(t)
		case "p", "sp", "np":
			r.readPolicy(t)
		case "rua", "ruf":
			r.readAddresses(t, k)
		case "adkim", "aspf", "psd", "t", "pct", "fo":
			r.readWord(t)
		case "rf", "ri":
			switch {
			case !strings.Contains(t.value, "@") && !strings.Contains(strings.ToLower(t.value), "mail"):
				r.drop("dmarc-historic-tag", t)
			case t.name == "rf" && !r.about["ruf"]:
				t.misspelled, t.name = t.name, "ruf"
				r.readAddresses(t, k)
			default:
				r.open = append(r.open, r.source(t))
			}
		case "":
			r.readPiece(t)
		default:
			r.readUnknown(t)
		}
	}
	r.finish(tokens)
	r.keepInForce(tokens)
}

// attribute says of each token which tag it was meant to be, and gives pieces back to
// the values that they were torn from.
func (r *repair) attribute(in []token, k known) []token {
	have := map[string]bool{}
	for i := range in {
		if in[i].known {
			have[in[i].name] = true
		}
	}
	var out []token
	for _, t := range in {
		if t.name != "" && !t.known {
			if meant := meantTag(&t, have); meant != "" {
				t.misspelled, t.name, t.known = t.name, meant, true
				have[meant] = true
			}
		}
		if n := len(out); t.name == "" && n > 0 {
			last := &out[n-1]
			s := r.text.text
			between := s[last.end:t.offset]
			switch last.name {
			case "rua", "ruf":
				if tornTag.MatchString(t.value) {
					break // of the other tag
				}
				if between != "" && (strings.Contains(t.value, "@") && (!strings.Contains(t.value, "=") || strings.HasPrefix(strings.ToLower(t.value), "mailto:")) || tagStatus[strings.ToLower(t.value)] == "" && !settled(last.value, k)) {
					last.value, last.end = s[last.end-len(last.value):t.end], t.end
					continue
				}
			case "pct", "ri":
				// A digit behind a stray separator is one of the number.
				if strings.Trim(t.value, "0123456789") == "" {
					last.value, last.end = s[last.end-len(last.value):t.end], t.end
					continue
				}
			case "rf":
				if strings.EqualFold(last.value+t.value, "afrf") {
					last.value, last.end = last.value+t.value, t.end
					continue
				}
			case "p", "sp", "np":
				if whole := policyWord(last.value + t.value); whole != "" && policyWord(last.value) == "" {
					last.value, last.end = last.value+t.value, t.end
					continue
				}
			case "v":
				if !isVersion(last.value) && isVersion(last.value+t.value) {
					last.value, last.end = last.value+t.value, t.end
					continue
				}
			case "fo":
				if len(t.value) <= 3 && strings.Trim(strings.ToLower(t.value), "01ds:, ") == "" {
					last.value, last.end = last.value+":"+t.value, t.end
					continue
				}
			}
		}
		if t.name == "" {
			switch bare := strings.ToLower(t.value); {
			case versionLike(bare) && !have["v"] && len(out) == 0:
				t.name, t.known = "v", true
				have["v"] = true
			case nearestPolicy(bare) != "" && !have["p"] && !strings.Contains(bare, "="):
				t.name, t.known = "p", true
				have["p"] = true
			case strings.Contains(bare, "@") && !have["rua"] && !strings.Contains(bare, "="):
				t.name, t.known = "rua", true
				have["rua"] = true
			}
		}
		out = append(out, t)
	}
	return out
}

// meantTag is the tag that an unknown name was meant to be, by the name and by what
// stands in the value; "" if that is not plain.
func meantTag(t *token, have map[string]bool) string {
	var names []string
	limit := 1
	switch value := strings.ToLower(strings.Trim(t.value, " ,.:")); {
	case nearestPolicy(value) != "":
		if t.name == "policy" && !have["p"] {
			return "p"
		}
		names = []string{"p", "sp", "np"}
		if have["p"] && !strings.ContainsAny(t.name, "sn") {
			return "" // a second p, or any of the others
		}
	case strings.Contains(value, "@"):
		names, limit = []string{"rua", "ruf"}, 2
		if have["rua"] && hint.Distance(t.name, "rua") <= 2 && hint.Distance(t.name, "ruf") > 1 {
			return ""
		}
	case value == "r" || value == "s" || value == "relaxed" || value == "strict":
		names, limit = []string{"adkim", "aspf"}, 2
	case isVersion(value):
		names = []string{"v"}
	case strings.Trim(value, "0123456789") == "":
		names = []string{"pct"}
	case strings.Trim(value, "01ds:") == "":
		names = []string{"fo"}
	default:
		return ""
	}
	best, least, tie := "", limit+1, false
	for _, n := range names {
		if have[n] {
			continue
		}
		switch d := hint.Distance(t.name, n); {
		case d < least:
			best, least, tie = n, d, false
		case d == least:
			tie = true
		}
	}
	switch {
	case tie && names[0] == "p" && best == "p":
		return best // every record has one
	case tie:
		return ""
	}
	return best
}

func (r *repair) drop(check string, t *token) {
	text := strings.Trim(r.text.text[t.offset:t.end], " ,")
	if text != "" {
		r.changes = append(r.changes, change{check, show.Cut(text, 60), true})
	}
}

func (r *repair) become(check, from, to string) {
	r.changes = append(r.changes, change{check, show.Cut(from, 60) + " becomes " + show.Cut(to, 120), false})
}

// source is the text of a token as it was written.
func (r *repair) source(t *token) string { return strings.Trim(r.text.text[t.offset:t.end], " ,") }

// checkOf names the check that asks for what is changed about a token.
func (t *token) checkOf(value string) string {
	switch {
	case t.misspelled != "":
		return "dmarc-unknown-tag"
	case strings.TrimSpace(t.op) != "=":
		return "dmarc-syntax"
	}
	return value
}
