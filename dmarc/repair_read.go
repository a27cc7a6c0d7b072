package dmarc

import (
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/show"
)

// readVersion reads v=DMARC1.
func (r *repair) readVersion(t *token) {
	value := strings.ToLower(t.value)
	if !versionLike(value) {
		// v=spf1, v=DKIM1: another record.
		r.open = append(r.open, r.source(t))
		return
	}
	r.version = true
	r.versions++
	for _, c := range "dmarc1" {
		if !strings.ContainsRune(value, c) {
			r.lost += string(c)
		}
	}
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

// policyWord is the policy that s is exactly, but for case and characters that are not letters.
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

// policiesIn are the policies that the letters of a value hold, one beside another: "none or
// reject", "none|quarantine".
func policiesIn(value string) (out []string) {
	bare := strings.ToLower(value)
	for _, p := range [...]Policy{None, Quarantine, Reject} {
		if strings.Contains(bare, string(p)) {
			out = append(out, string(p))
		}
	}
	return out
}

// besideWords reports whether a policy is one word of a value among others of two letters and
// more: "no reject" is not near to anything.
func besideWords(value string) bool {
	words := strings.FieldsFunc(strings.ToLower(value), func(c rune) bool { return c < 'a' || c > 'z' })
	return slices.ContainsFunc(words, func(w string) bool { return policyWord(w) != "" }) &&
		slices.ContainsFunc(words, func(w string) bool { return len(w) > 1 && policyWord(w) == "" })
}

// readPolicy reads p, sp or np.
func (r *repair) readPolicy(t *token) {
	meant := nearestPolicy(t.value)
	if all := policiesIn(t.value); len(all) > 1 {
		r.policy = true
		r.draft.set(t.name, either(r.draft.get(t.name), "<"+strings.Join(all, " or ")+">"))
		return
	}
	if besideWords(t.value) {
		meant = ""
	}
	if rest, twice := strings.CutPrefix(strings.ToLower(t.value), t.name); twice && strings.HasPrefix(rest, "=") {
		meant = policyWord(rest) // "p=p=reject"
	}
	if meant == "" {
		// "reject x": the first word, if what follows is something else.
		if word, _, ok := strings.Cut(t.value, " "); ok {
			meant = policyWord(word)
			switch rest := strings.TrimSpace(t.value[len(word):]); {
			case meant == "":
			case strings.HasPrefix(rest, "(") && strings.IndexByte(rest, ')') == len(rest)-1 && !strings.ContainsAny(rest, "@="):
				r.changes = append(r.changes, change{"dmarc-policy-invalid", show.Cut(rest, 60), true}) // a remark
			default:
				r.open = append(r.open, rest)
			}
		}
	}
	if meant != "" {
		r.policy = true
	}
	if word, rest, ok := strings.Cut(t.value, " "); ok && policyWord(word) != "" {
		r.mayHave(rest)
		r.unread["pct"] = r.unread["pct"] || strings.ContainsAny(rest, "0123456789") // "quarantine 50%"
	}
	before := r.draft.get(t.name)
	switch {
	case before != "" && meant == "":
		if strings.Trim(t.value, " ,.:=-") != "" {
			r.open = append(r.open, r.source(t))
			return
		}
		r.drop("dmarc-duplicate-tag", t)
	case before != "" && before != meant && (!t.strong || r.versions > 1) && !strings.Contains(before, "<"):
		// "p=reject p=none" is no policy to receivers, and of two records in one some take the
		// first and some the last: which one was meant, nobody can tell.
		r.draft.set(t.name, "<"+before+" or "+meant+">")
	case before != "" && (Policy(meant).rank() <= Policy(before).rank() || before == meant) && !strings.Contains(before, "<"):
		if before != meant && t.name == "p" {
			r.second = meant
		}
		r.unread[map[string]string{"sp": "np", "np": "sp"}[t.name]] = true // one of the two may be the other
		r.drop("dmarc-duplicate-tag", t)
	case before != "":
		// The later one is stricter: receivers differ on which one stands.
		if before == policyPlaceholder {
			return
		}
		r.draft.set(t.name, either(before, meant))
	case meant != "":
		r.draft.set(t.name, meant)
		if to := t.name + "=" + meant; !strings.EqualFold(strings.ReplaceAll(r.source(t), " ", ""), to) {
			r.become(t.checkOf("dmarc-policy-invalid"), r.source(t), to)
		}
	case strings.Trim(t.value, " ,.:=-") == "" && t.name != "p" && r.inherited(t.name) == Reject:
		// Nothing is stricter than what is in force without it.
		r.changes = append(r.changes, change{"", t.name + "= is left out, so that reject holds there as well", false})
	default:
		r.draft.set(t.name, policyPlaceholder)
	}
}

// inherited is the policy of subdomains without sp or np, as far as it is read.
func (r *repair) inherited(name string) Policy {
	if sp := r.draft.get("sp"); name == "np" && sp != "" {
		return Policy(sp)
	}
	return Policy(r.draft.get("p"))
}

// readAddresses reads rua or ruf; of a repeated tag all addresses stay.
func (r *repair) readAddresses(t *token, k known) {
	value := t.value
	if rest, twice := strings.CutPrefix(strings.ToLower(value), t.name); twice && strings.HasPrefix(strings.TrimLeft(rest, " "), "=") {
		value = strings.TrimLeft(value[len(t.name):], " =") // "rua=rua=mailto:…"
		r.become("dmarc-report-uri-invalid", t.name+"="+t.name+"=", t.name+"=")
	}
	// What stands in place of the semicolon may hide the end of a host, and a letter that the
	// version lost may have come there: "v=DMAR1; ruf=mailto:a@esp.exampleC".
	next := strings.TrimLeft(r.text.text[t.end:], " ")
	untied := next != "" && next[0] != ';'
	m := readMailboxes(value, k).shown(r.raw, k).without(k, func(host string) bool {
		return untied || strings.ContainsRune(r.lost, rune(host[len(host)-1]))
	})
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
	if strings.Contains(t.value, "@") || policyWord(t.value) != "" && !r.about["p"] {
		r.open = append(r.open, r.source(t)) // an address that is lost in it is somebody's, and a policy meant
		return
	}
	before := r.draft.get(t.name)
	if before != "" && (t.strong || strings.Contains(before, "<")) {
		r.drop("dmarc-duplicate-tag", t)
		return
	}
	bare := strings.ToLower(strings.Trim(t.value, " ,.:;=-_/%'"))
	check, value := "dmarc-tag-value-invalid", ""
	switch t.name {
	case "adkim", "aspf":
		check = "dmarc-alignment-mode-invalid"
		switch {
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
		// Digits that something stood between may be any number, and 010 is none.
		if torn := tornNumber(bare); torn != "" {
			value = torn
		} else if n := number(bare); n >= 0 && n < 100 && len(bare) < 3 && strings.Contains(r.source(t), bare) && strings.Contains(r.raw, bare) {
			value = bare
		}
	case "fo":
		check = "dmarc-failure-options"
		value = failureOptions(bare)
	}
	if before != "" {
		// "adkim=s adkim=r" is no mode to receivers: which one was meant, nobody can tell.
		if value == "" || value == before {
			r.drop("dmarc-duplicate-tag", t)
		} else {
			r.draft.set(t.name, either(before, value))
		}
		return
	}
	r.draft.set(t.name, value)
	switch {
	case value == "":
		r.unread[t.name] = r.unread[t.name] || (bare != "" || t.name == "psd") && !(t.name == "pct" && number(bare) == 100)
		r.drop(t.checkOf(check), t)
	case !strings.EqualFold(t.value, value) || t.checkOf("") != "":
		r.become(t.checkOf(check), r.source(t), t.name+"="+value)
	}
}

// tornNumber is a placeholder for a percentage whose digits a separator stands between, or
// "": "1;0" is 10, or 1 and a stray 0.
func tornNumber(s string) string {
	if strings.Trim(s, "0123456789 ,.:;") != "" {
		return ""
	}
	digits := strings.FieldsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
	if len(digits) < 2 {
		return ""
	}
	first, whole := digits[0], strings.Join(digits, "")
	if a, b := number(first), number(whole); a >= 0 && b >= 0 && b <= 100 && a != b && whole[0] != '0' {
		return "<" + first + " or " + whole + ">"
	}
	return "<a number from 0 to 100>"
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
// which asks for more. A 1 that stands by another option is a slip beside a 0.
func failureOptions(s string) string {
	var out []string
	words := strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(":;,./ ", c) })
	slip := slices.Contains(words, "0") && !slices.Contains(words, "1")
	either := slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, "01") || strings.Contains(w, "10") })
	for _, c := range strings.Split(s, "") {
		if strings.Contains("01ds", c) && c != "" && !slices.Contains(out, c) && !(slip && c == "1") {
			out = append(out, c)
		}
	}
	if either && len(out) > 0 {
		// Which of the two is the slip, nobody can tell.
		out = slices.DeleteFunc(out, func(c string) bool { return c == "0" || c == "1" })
		return strings.Join(append([]string{"<0 or 1>"}, out...), ":")
	}
	if slices.Contains(out, "1") {
		out = slices.DeleteFunc(out, func(c string) bool { return c == "0" })
	}
	return strings.Join(out, ":")
}

// readUnknown reads a tag of no known name: receivers ignore it, and so it goes, but
// an address in it is somebody's.
func (r *repair) readUnknown(t *token) {
	if strings.ContainsAny(t.value, "@:=") || strings.Contains(t.name, "-") || strings.Contains(t.name+strings.ToLower(t.value), "mail") || hasKnownEnd(strings.ToLower(strings.Trim(t.value, " ."))) || nearestPolicy(t.value) != "" || versionLike(strings.ToLower(t.value)) ||
		holdsPolicy(t.name+t.value) {
		r.open = append(r.open, r.source(t))
		return
	}
	r.mayHave(t.name + t.value)
	if len(t.name) <= 2 && strings.EqualFold(strings.Trim(t.value, " ,.:"), "y") {
		r.mayHave("ty")
	}
	r.drop("dmarc-unknown-tag", t)
}

// mayHave notes the tag that a text may be.
func (r *repair) mayHave(text string) {
	if name := mayBe(strings.ToLower(text)); name != "" && (!r.about[name] || r.draft.get(name) == "") {
		r.unread[name] = true
	}
}

// mayBe is the tag that narrows what a policy does, or makes its alignment strict, if a text may be
// one with its value, the sign in another place or a letter wrong: "ty=", "pc=t10", "aspfs="; ""
// if it is nothing like that.
func mayBe(s string) string {
	var letters, digits string
	for i := range len(s) {
		switch {
		case ascii.IsLetter(s[i]):
			letters += s[i : i+1]
		case ascii.IsDigit(s[i]):
			digits += s[i : i+1]
		}
	}
	switch {
	case digits != "" && letters != "" && hint.Distance(letters, "pct") <= 2:
		return "pct"
	case strings.Contains(letters, "y") && hint.Distance(letters, "ty") <= 1:
		return "t"
	case hint.Distance(letters, "adkims") <= 1:
		return "adkim"
	case hint.Distance(letters, "aspfs") <= 1:
		return "aspf"
	case len(letters) > 1 && slices.ContainsFunc([]string{"psdy", "psdn", "psdu"}, func(whole string) bool { return hint.Distance(letters, whole) <= 2 }):
		return "psd"
	}
	return ""
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

// readPiece reads text that is not a tag.
func (r *repair) readPiece(t *token) {
	letters := 0
	for _, c := range []byte(t.value) {
		if ascii.IsAlphanumeric(c) {
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
		if r.mayHave(bare); bare == "t" {
			r.mayHave("ty")
		}
		if next := strings.TrimLeft(r.text.text[t.end:], " ,.:'"); (bare == "n" || bare == "s") && strings.HasPrefix(strings.ToLower(next), "p") {
			r.second = policyPlaceholder // "n p=reject": np, or p
		}
		r.drop("dmarc-syntax", t)
	case versionLike(bare):
		r.versions++
		r.drop("dmarc-version", t)
	case policyWord(bare) != "" && policyWord(bare) == r.draft.get("p"):
		r.drop("dmarc-syntax", t)
	default:
		r.open = append(r.open, t.value)
	}
}

// finish settles what no tag says by itself.
func (r *repair) finish(tokens []token) {
	d := &r.draft
	if d.get("p") == "" {
		switch {
		case d.get("rua") == "":
			d.set("p", policyPlaceholder) // nothing is in force, and one may have been cut off
		case len(r.open) > 0 || !wellWritten(tokens) || d.get("sp") != "" || d.get("np") != "" || d.get("pct") != "" || d.get("t") != "":
			d.set("p", policyPlaceholder) // one was meant, and nobody can tell which
		default:
			// None is in force either way, and none was asked for.
			d.set("p", string(None))
			r.changes = append(r.changes, change{"dmarc-policy-missing", "p=none is added", false})
		}
	}
	if d.get("ruf") == "" && d.get("fo") != "" {
		// It goes as it was written, and what it would have become is no matter.
		r.changes = slices.DeleteFunc(r.changes, func(c change) bool { return strings.HasSuffix(c.text, " becomes fo="+d.get("fo")) })
		for i := range tokens {
			if t := &tokens[i]; t.name == "fo" {
				r.drop("dmarc-failure-options", t)
			}
		}
		d.set("fo", "")
	}
}

// wellWritten reports whether the text is the version and tags that are known, each with
// its equals sign and a semicolon before it: no slip is in it that could have been a p.
func wellWritten(tokens []token) bool {
	for i := range tokens {
		t := &tokens[i]
		if !t.known || !t.strong || t.checkOf("") != "" || t.name == "v" && t.value != "DMARC1" {
			return false
		}
	}
	return len(tokens) > 0 && tokens[0].name == "v"
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
