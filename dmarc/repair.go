package dmarc

import (
	"regexp"
	"slices"
	"strings"

	"mailworthy/internal/hint"
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
	// version and policy: the text shows one, however it is written; address: it shows
	// a report address.
	version, policy, address bool
	// about says of each tag, by its name, whether the text has it at all.
	about map[string]bool
	raw   string
	text  *plainText
}

// token is a tag that the text probably has, or a piece that is none.
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
	startOfTag = regexp.MustCompile(`^(?i)(adkim|aspf|pct|psd|rua|ruf|sp|np|fo|rf|ri|p|t|v)([ ,.]*[=:]+[ :=]*)`)
	// looseTag is the same without a sign, before a value that can be nothing else.
	looseTag = regexp.MustCompile(`^(?i)((?:sp|np|p)[ _-]*(?:none|quarantine|reject)|(?:rua|ruf) *mailto *:|v[ -]*dmarc ?1|(?:adkim|aspf) +[rs]\b|pct +\d+|t +[yn]\b|psd +[ynu]\b)`)
	anyTag   = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]{0,40})( *[=:]+ *)`)
	looseOf  = regexp.MustCompile(`^(?i)(adkim|aspf|pct|psd|rua|ruf|sp|np|p|t|v)`)
	// ended are values that end where another tag begins, with nothing between.
	ended = regexp.MustCompile(`^(?i)(none|quarantine|reject|dmarc1|[rs]|\d{1,3})`)
)

const policyPlaceholder = "<none, quarantine or reject>"

// repaired reads what a record was meant to be. hosts are domains of its owner.
func repaired(record string, hosts ...string) *repair {
	r := &repair{about: map[string]bool{}}
	if len(record) > maxRepair {
		r.open = []string{"a record of " + show.Counted(len(record), "byte")}
		return r
	}
	r.raw, r.text = record, plain(record)
	tokens := r.tokens()
	r.read(tokens, known(hosts))
	return r
}

// plausible reports that the text was meant as a DMARC record: it names the version,
// or it stands where one is looked for and has a policy or where reports go.
func (r *repair) plausible(atName bool) bool {
	return r.version || atName && (r.policy || r.address)
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
		return word != "" && strings.IndexByte("ynu", word[0]) >= 0 && (len(word) == 1 || !isAlphanumeric(word[1]))
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
			case !strings.Contains(t.value, "@"):
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
	r.finish()
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
				if between != "" && (strings.Contains(t.value, "@") && (!strings.Contains(t.value, "=") || strings.HasPrefix(strings.ToLower(t.value), "mailto:")) || tagStatus[strings.ToLower(t.value)] == "" && !settled(last.value, k)) {
					last.value, last.end = s[last.end-len(last.value):t.end], t.end
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

// readVersion reads v=DMARC1.
func (r *repair) readVersion(t *token) {
	value := strings.ToLower(t.value)
	if !versionLike(value) {
		// v=spf1, v=DKIM1: another record.
		r.open = append(r.open, r.source(t))
		return
	}
	r.version = true
	// "v=DMARC1 reject": what follows the version is a piece of its own.
	if i := strings.IndexAny(value, " ,.:"); i > 0 && isVersion(value[:i]) {
		rest := token{value: strings.Trim(t.value[i:], " ,.:"), offset: t.end - len(strings.TrimLeft(t.value[i:], " ,.:")), end: t.end}
		if policyWord(rest.value) != "" && !r.about["p"] {
			rest.name, r.about["p"] = "p", true
			r.readPolicy(&rest)
		} else if strings.Trim(rest.value, " 1") != "" {
			r.readPiece(&rest)
		}
	}
}

// policyWord is the policy that s is exactly, but for case and what is no letter.
func policyWord(s string) string {
	var letters strings.Builder
	for _, c := range []byte(strings.ToLower(s)) {
		if 'a' <= c && c <= 'z' {
			letters.WriteByte(c)
		}
	}
	switch p := letters.String(); Policy(p) {
	case None, Quarantine, Reject:
		return p
	}
	return ""
}

// nearestPolicy is the policy that s was meant to be; "" if it is near to none.
func nearestPolicy(s string) string {
	if p := policyWord(s); p != "" {
		return p
	}
	if len(s) > 20 || strings.ContainsAny(s, "=@") {
		return ""
	}
	var letters strings.Builder
	for _, c := range []byte(strings.ToLower(s)) {
		if 'a' <= c && c <= 'z' {
			letters.WriteByte(c)
		}
	}
	return suggest(letters.String(), string(None), string(Quarantine), string(Reject))
}

// readPolicy reads p, sp or np.
func (r *repair) readPolicy(t *token) {
	meant := nearestPolicy(t.value)
	if meant == "" {
		// "reject x": the first word, if what follows is something else.
		if word, _, ok := strings.Cut(t.value, " "); ok {
			meant = policyWord(word)
			if meant != "" {
				r.open = append(r.open, strings.TrimSpace(t.value[len(word):]))
			}
		}
	}
	if meant != "" {
		r.policy = true
	}
	before := r.draft.get(t.name)
	switch {
	case before != "" && meant == "":
		if strings.Trim(t.value, " ,.:=-") != "" {
			r.open = append(r.open, r.source(t))
			return
		}
		r.drop("dmarc-duplicate-tag", t)
	case before != "" && (Policy(meant).rank() <= Policy(before).rank() || before == meant) && !strings.Contains(before, "<"):
		r.drop("dmarc-duplicate-tag", t)
	case before != "":
		// The later one is stricter: receivers differ on which one stands.
		if strings.Contains(before, "<") {
			before = "none, quarantine"
		}
		r.draft.set(t.name, "<"+before+" or "+meant+">")
	case meant != "":
		r.draft.set(t.name, meant)
		if to := t.name + "=" + meant; !strings.EqualFold(strings.ReplaceAll(r.source(t), " ", ""), to) {
			r.become(t.checkOf("dmarc-policy-invalid"), r.source(t), to)
		}
	case strings.Trim(t.value, " ,.:=-") == "" && t.name != "p":
		r.drop("dmarc-syntax", t) // sp= without a value: subdomains have p
	default:
		r.draft.set(t.name, policyPlaceholder)
	}
}

// readAddresses reads rua or ruf; of a repeated tag all addresses stay.
func (r *repair) readAddresses(t *token, k known) {
	m := readMailboxes(t.value, k).shown(r.raw, k)
	if len(m.uris) > 0 {
		r.address = true
	}
	var uris []string
	if before := r.draft.get(t.name); before != "" {
		uris = strings.Split(before, ",")
		r.become("dmarc-duplicate-tag", "more than one "+t.name, "one with all addresses")
	}
	for _, u := range m.uris {
		if !slices.Contains(uris, u) {
			uris = append(uris, u)
		}
	}
	switch {
	case t.misspelled != "":
		r.become("dmarc-unknown-tag", t.misspelled, t.name)
	case strings.TrimSpace(t.op) != "=":
		r.become("dmarc-syntax", r.source(t), t.name+"="+strings.Join(m.uris, ","))
	}
	for _, s := range m.swaps {
		r.become("dmarc-report-uri-invalid", s.from, s.to)
	}
	for _, size := range m.sizes {
		r.changes = append(r.changes, change{"dmarc-report-size-suffix", "!" + show.Cut(size, 20), true})
	}
	if len(uris) == 0 {
		r.drop("dmarc-syntax", t)
	}
	r.draft.set(t.name, strings.Join(uris, ","))
}

// readWord reads the tags with a choice of words or a number.
func (r *repair) readWord(t *token) {
	if r.draft.get(t.name) != "" {
		r.drop("dmarc-duplicate-tag", t)
		return
	}
	if strings.Contains(t.value, "@") {
		r.open = append(r.open, r.source(t)) // an address that is lost in it is somebody's
		return
	}
	bare := strings.ToLower(strings.Trim(t.value, " ,.:;=-_/%'"))
	check, value := "dmarc-tag-value-invalid", ""
	switch t.name {
	case "adkim", "aspf":
		check = "dmarc-alignment-mode-invalid"
		switch {
		case bare == "":
		case bare == "r" || bare == "rr" || bare == "relax" || suggest(bare, "relaxed", "strict") == "relaxed":
			value = "r"
		case bare == "s" || bare == "ss" || suggest(bare, "relaxed", "strict") == "strict":
			value = "s"
		default:
			value = "<r or s>"
		}
	case "psd":
		if bare == "y" || bare == "n" || bare == "u" {
			value = bare
		}
	case "t":
		switch bare {
		case "y", "yes", "yy":
			value = "y"
		case "n", "no", "nn":
			value = "n"
		}
	case "pct":
		check = "dmarc-historic-tag"
		if n := number(bare); n >= 0 && n < 100 {
			value = bare
		}
	case "fo":
		check = "dmarc-failure-options"
		value = failureOptions(bare)
	}
	r.draft.set(t.name, value)
	switch {
	case value == "":
		r.drop(t.checkOf(check), t)
	case !strings.EqualFold(t.value, value) || t.checkOf("") != "":
		r.become(t.checkOf(check), r.source(t), t.name+"="+value)
	}
}

// number reads a number of at most three digits; -1 if s is none.
func number(s string) int {
	if s == "" || len(s) > 3 {
		return -1
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// failureOptions are the options of fo that exist, each once, and 0 left out beside 1,
// which asks for more.
func failureOptions(s string) string {
	var out []string
	for _, c := range strings.Split(s, "") {
		if strings.Contains("01ds", c) && c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	if slices.Contains(out, "1") {
		out = slices.DeleteFunc(out, func(c string) bool { return c == "0" })
	}
	return strings.Join(out, ":")
}

// readUnknown reads a tag of no known name: receivers ignore it, and so it goes, but
// an address in it is somebody's.
func (r *repair) readUnknown(t *token) {
	if strings.Contains(t.value, "@") || strings.Contains(t.value, ":") || strings.Contains(strings.ToLower(t.value), "mail") || nearestPolicy(t.value) != "" || versionLike(strings.ToLower(t.value)) ||
		holdsPolicy(t.name+t.value) {
		r.open = append(r.open, r.source(t))
		return
	}
	r.drop("dmarc-unknown-tag", t)
}

// holdsPolicy reports whether the letters of s are a policy behind one letter to three:
// "pr=ejct", "spe=ject".
func holdsPolicy(s string) bool {
	for i := 1; i <= 3 && i < len(s); i++ {
		if len(s)-i > 3 && nearestPolicy(s[i:]) != "" {
			return true
		}
	}
	return false
}

// readPiece reads what is no tag.
func (r *repair) readPiece(t *token) {
	letters := 0
	for _, c := range []byte(t.value) {
		if isAlphanumeric(c) {
			letters++
		}
	}
	bare := strings.ToLower(strings.Trim(t.value, " =:,."))
	switch {
	case bare == "p":
		if !r.about["p"] {
			r.draft.set("p", policyPlaceholder)
		}
		r.drop("dmarc-syntax", t)
	case letters <= 1 && strings.IndexByte(t.value, 0x7f) < 0 || tagStatus[bare] != "":
		r.drop("dmarc-syntax", t)
	case versionLike(bare):
		r.drop("dmarc-version", t)
	case policyWord(bare) != "" && policyWord(bare) == r.draft.get("p"):
		r.drop("dmarc-syntax", t)
	default:
		r.open = append(r.open, t.value)
	}
}

// finish settles what no tag says by itself.
func (r *repair) finish() {
	d := &r.draft
	if d.get("p") == "" {
		switch {
		case len(r.open) > 0 || d.get("sp") != "" || d.get("np") != "" || d.get("pct") != "" || d.get("t") != "":
			d.set("p", policyPlaceholder) // one was meant, and nobody can tell which
		default:
			// None is in force either way, and none was asked for.
			d.set("p", string(None))
			r.changes = append(r.changes, change{"dmarc-policy-missing", "p=none is added", false})
		}
	}
	if d.get("ruf") == "" && d.get("fo") != "" {
		r.changes = append(r.changes, change{"dmarc-failure-options", "fo=" + d.get("fo"), true})
		d.set("fo", "")
	}
}

// versionLike reports whether a text begins like the version, isVersion that it is
// nothing else.
func versionLike(s string) bool {
	if i := strings.IndexAny(s, " ,.:"); i > 0 {
		if isVersion(s[:i]) {
			return true
		}
		if strings.HasPrefix(strings.TrimLeft(s[i:], " ,.:"), "1") {
			return isVersion(s[:i] + "1")
		}
		return false
	}
	return isVersion(s)
}

func isVersion(s string) bool {
	s = strings.ToLower(strings.Trim(s, " ,.:=-"))
	if len(s) < 4 || len(s) > 9 || s[0] == 's' && strings.HasPrefix(s, "sts") {
		return false
	}
	return hint.Distance(s, "dmarc1") <= 2 && strings.ContainsAny(s, "mrc") && !strings.HasPrefix(s, "dkim")
}
