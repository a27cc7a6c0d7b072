package transport

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// Types are the records that Lint knows.
var Types = []string{"mta-sts", "mta-sts-policy", "tls-rpt", "tlsa", "bimi"}

// Lint judges one record of one of the Types on its own, bytes as they are but
// for a final line break. It is valid if no finding is an error or worse.
func Lint(kind string, record []byte) []finding.Finding {
	text := strings.TrimSuffix(strings.TrimSuffix(string(record), "\n"), "\r")
	s := finding.NewSheet(checkList, "record")
	switch kind {
	case "mta-sts":
		checkSTS(s, ParseSTS(text))
	case "mta-sts-policy":
		_, _, findings := LintPolicy(record)
		return findings
	case "tlsa":
		s = finding.NewSheet(daneList, "record")
		lintTLSA(s, text)
	case "tls-rpt":
		checkTLSRPT(s, ParseTLSRPT(text))
	case "bimi":
		s = finding.NewSheet(bimiList, "record")
		checkBIMI(s, ParseBIMI(text))
	}
	return s.Findings()
}

// syntax adds the problems of a record, and as its fix what it was meant to be.
func syntax(s *finding.Sheet, id string, r *Record, meant string) {
	s.Decided(id)
	if len(r.Problems) > 0 {
		s.Add(id, finding.Finding{Detail: "The record cannot be read: " + firstOf(r.Problems, r.many) + ".", Fix: fixOf("Write the record like this.", meant)})
	}
}

// fixOf is a fix by one record; what is between < and > is the owner's to fill in.
func fixOf(summary, value string) *finding.Fix {
	if strings.Contains(value, "<") {
		summary += " Fill in what stands between < and >."
	}
	return &finding.Fix{Summary: summary, Value: value}
}

func checkSTS(s *finding.Sheet, r *STS) {
	plain := ParseSTS(unwrapped(r.text, "v=STSv1"))
	meant := meantSTS(plain)
	syntax(s, "mta-sts-syntax", &r.Record, meant)
	if s.Has("mta-sts-syntax") {
		r = plain // the rest is said of what was meant
	}
	s.Decided("mta-sts-id-invalid", "mta-sts-version-prefix")
	if !s.Has("mta-sts-syntax") && !strings.HasPrefix(r.text, "v=STSv1;") && strings.Contains(r.text, ";") {
		s.Add("mta-sts-version-prefix", finding.Finding{Detail: "Something stands between v=STSv1 and its semicolon. The grammar allows it, but senders are told to pass over what does not begin with v=STSv1;.",
			Fix: fixOf("Write the record like this.", meant)})
	}
	if r.ValidID() || s.Has("mta-sts-syntax") && !strings.Contains(meant, "<") {
		return
	}
	detail := "There is no id=."
	if _, ok := r.Get("id"); ok {
		detail = fmt.Sprintf("The id %s %s; it must be 1 to 32 letters and digits, nothing else.", quote(r.ID), wrongInID(r.ID))
	}
	s.Add("mta-sts-id-invalid", finding.Finding{Detail: detail,
		Fix: fixOf("State a new id with every change of the policy, such as its date and time.", meant)})
}

// wrongInID says what is wrong with an id.
func wrongInID(id string) string {
	var odd []string
	for _, c := range id {
		if s := quote(string(c)); (c > 127 || !ascii.IsAlphanumeric(byte(c))) && !slices.Contains(odd, s) {
			odd = append(odd, s)
		}
	}
	switch n := len(odd); {
	case id == "":
		return "is empty"
	case n > 3:
		return "holds " + strings.Join(odd[:3], ", ") + " and more"
	case n > 0:
		return "holds " + strings.Join(odd, ", ")
	}
	return fmt.Sprintf("has %d characters", len(id))
}

// idPlaceholder stands for an id, which is new with every change of the policy.
const idPlaceholder = "<date and time of the last change of the policy>"

// meantSTS is the record that was meant. An id says that the policy changed, and so
// letters and digits of one with other characters in it are as good.
func meantSTS(r *STS) string {
	if ids := r.All("id"); len(slices.Compact(slices.Clone(ids))) > 1 {
		return "v=STSv1; id=" + idPlaceholder + r.rest("id") // which of them is the new one, nobody can tell
	}
	var id strings.Builder
	for whole, i := r.meant("id")+r.torn("id"), 0; i < len(whole) && id.Len() < 32; i++ {
		if c := whole[i]; ascii.IsAlphanumeric(c) {
			id.WriteByte(c)
		}
	}
	if id.Len() == 0 {
		return "v=STSv1; id=" + idPlaceholder + r.rest("id")
	}
	return "v=STSv1; id=" + id.String() + r.rest("id")
}

// rest are the other fields of the record as they stand, each behind a semicolon: what
// nobody knows is the owner's all the same. Those that the grammar does not allow are
// left out.
func (r *Record) rest(known ...string) string {
	var out strings.Builder
	for i, t := range r.Tags {
		if r.loose && slices.ContainsFunc(r.Tags[:i], func(before Tag) bool { return before.Name == t.Name }) {
			continue
		}
		if t.Name != "v" && !slices.Contains(known, t.Name) && t.Value != "" && wrongIn(t.Value, r.loose, false) < 0 {
			out.WriteString("; " + t.Name + "=" + t.Value)
		}
	}
	return out.String()
}

// mailboxPlaceholder stands for a mailbox that nobody but the owner knows.
const mailboxPlaceholder = "mailto:<mailbox for reports>"

// meant is the value of a field, read also if a colon or spaces tie it to its name, or
// something else than a semicolon comes before it.
func (r *Record) meant(name string) string {
	if all := r.All(name); len(all) > 0 {
		return strings.Join(all, ",")
	}
	rest, ok := behindName(r.text[:min(len(r.text), maxRecord)], name)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(strings.TrimLeft(rest, "=: "), ";")
	return strings.Trim(value, " \t\"\\")
}

// behindName is what stands behind the name of a field where a separator follows it, from
// that on; false if it does so nowhere.
func behindName(text, name string) (rest string, ok bool) {
	for i := 0; i+len(name) < len(text); i++ {
		if !strings.EqualFold(text[i:i+len(name)], name) || i > 0 && ascii.IsAlphanumeric(text[i-1]) {
			continue
		}
		if rest = strings.TrimLeft(text[i+len(name):], " "); rest != "" && (rest[0] == '=' || rest[0] == ':') {
			return rest, true
		}
	}
	return "", false
}

// torn returns what stands behind the semicolon that ends the value of a field, if it is no
// field itself: then it is a piece of that value, or nobody can tell.
func (r *Record) torn(name string) string {
	fields := strings.Split(r.text[:min(len(r.text), maxRecord)], ";")
	for i, field := range fields {
		if _, ok := behindName(field, name); !ok {
			continue
		}
		for _, next := range fields[i+1:] {
			next = strings.Trim(next, " \t\"'\\.,")
			if next == "" {
				continue
			}
			tag, _, ok := strings.Cut(next, "=")
			if !ok {
				tag, _, _ = strings.Cut(next, ":")
			}
			if tag = strings.TrimSpace(tag); ok && isName(tag) || slices.Contains(fieldNames, ascii.ToLower(tag)) {
				break
			}
			return next
		}
	}
	return ""
}

// fieldNames are those of the fields that are known, of all three kinds of records.
var fieldNames = []string{"v", "id", "rua", "l", "a", "avp", "lps", "s"}

// meantTLSRPT is the record that was meant, with every address that it names.
func meantTLSRPT(r *TLSRPT) string {
	var uris []string
	open := false
	add := func(uri string) {
		if !slices.Contains(uris, uri) && len(uris) < maxTags {
			uris = append(uris, uri)
		}
	}
	parts := strings.FieldsFunc(r.meant("rua"), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	if n := len(parts) - 1; n >= 0 {
		piece := ascii.ToLower(r.torn("rua"))
		whole := strings.HasPrefix(piece, "mailto:") || strings.HasPrefix(piece, "https:")
		if isMailbox(piece) && destination(parts[n]).Problem == "" {
			parts = append(parts, r.torn("rua")) // "rua=mailto:a@acme.example; b@acme.example"
		} else if piece != "" && !whole {
			parts, open = parts[:n], true // "rua=https://acme.example/re;ports"
		}
	}
	for _, field := range strings.Split(r.text[:min(len(r.text), maxRecord)], ";") {
		// "rua=mailto:a@acme.example; mailto:b@acme.example"
		if field = strings.TrimSpace(field); strings.HasPrefix(ascii.ToLower(field), "mailto:") || strings.HasPrefix(ascii.ToLower(field), "https:") {
			parts = append(parts, field)
		}
	}
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		if strings.EqualFold(part, "mailto:") && i+1 < len(parts) {
			i++
			part += parts[i]
		}
		switch d := destination(part); {
		case d.Problem == "" || d.Ignored && d.Meant == "":
			add(part)
		case d.Meant != "":
			add(d.Meant)
		default:
			open = true
		}
	}
	if open || len(uris) == 0 {
		add(mailboxPlaceholder)
	}
	return "v=TLSRPTv1; rua=" + strings.Join(uris, ",") + r.rest("rua")
}

func checkTLSRPT(s *finding.Sheet, r *TLSRPT) {
	plain := ParseTLSRPT(unwrapped(r.text, "v=TLSRPTv1"))
	meant := meantTLSRPT(plain)
	syntax(s, "tls-rpt-syntax", &r.Record, meant)
	if s.Has("tls-rpt-syntax") {
		r = plain // the rest is said of what was meant
	}
	s.Decided("tls-rpt-destination-invalid")
	if all := r.All("rua"); len(all) > 1 && !s.Has("tls-rpt-syntax") {
		s.Add("tls-rpt-syntax", finding.Finding{Severity: finding.Notice, Title: "More than one rua= in the TLS-RPT record",
			Detail: fmt.Sprintf("rua= is there %d times. That is valid (RFC 8460, 3), but some senders read the first alone.", len(all)),
			Fix:    fixOf("Join the addresses with commas.", meant)})
	}
	if _, ok := r.Get("rua"); !ok {
		// A name in other letters, such as RUA=, is that of an extension (RFC 8460, 3).
		if r.meant("rua") == "" || !s.Has("tls-rpt-syntax") {
			s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: "There is no rua=: nobody receives the reports.",
				Fix: fixOf("Have the reports sent to a mailbox of yours.", meant)})
		}
		return
	}
	var bad, ignored []string
	good := 0
	for _, d := range r.Destinations {
		text := fmt.Sprintf("%s (%s)", quote(d.URI), d.Problem)
		switch {
		case d.Problem == "":
			good++
		case d.Ignored:
			ignored = append(ignored, text)
		default:
			bad = append(bad, text)
		}
	}
	switch {
	case len(bad) > 0:
		s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: "No reports go to " + firstOf(bad, 0) + ".", Fix: fixOf("Correct the destinations.", meant)})
	case len(ignored) > 0:
		f := finding.Finding{Severity: finding.Notice, Title: "TLS-RPT rua= with a URI scheme that senders ignore",
			Detail: "The record is valid, but no reports go to " + firstOf(ignored, 0) + ".", Fix: &finding.Fix{Summary: "Name a mailto: or https: URI."}}
		if good == 0 {
			f.Severity = finding.Warning
			f.Detail += " There is no other, so that nobody receives the reports."
		}
		s.Add("tls-rpt-destination-invalid", f)
	}
}

// meantBIMI is the record that was meant: with the addresses that it has, over https.
func meantBIMI(r *BIMI) string {
	if r.Declined {
		return "v=BIMI1; l=; a=" + r.rest("l", "a")
	}
	secure := func(uri, otherwise string) string {
		uri = strings.Trim(uri, " \t\"")
		if scheme, rest, ok := strings.Cut(uri, "://"); ok && strings.EqualFold(scheme, "http") {
			uri = "https://" + rest
		}
		list := uris(uri)
		if len(list) > 0 && !slices.ContainsFunc(list, func(u string) bool { return httpsProblem(u) != "" }) {
			if list = slices.Compact(list); len(list) == 1 {
				return list[0]
			}
			return "<" + strings.Join(list[:min(len(list), 3)], " or ") + ">"
		}
		if !strings.ContainsAny(uri, ";,\\\"'<>") && ascii.Only(uri) && httpsProblem(uri) == "" {
			return uri
		}
		return otherwise
	}
	const anyLogo, anyCertificate = "https://<domain>/logo.svg", "https://<domain>/logo.pem"
	location := secure(r.meant("l"), anyLogo)
	if r.torn("l") != "" {
		location = anyLogo // "l=https://acme.example/lo;o.svg"
	}
	out := "v=BIMI1; l=" + location
	switch evidence, stated := r.Get("a"); {
	case stated && evidence == "":
		out += "; a=" // none, and so it is said
	case r.torn("a") != "":
		out += "; a=" + anyCertificate
	case r.meant("a") != "" || location == anyLogo:
		out += "; a=" + secure(r.meant("a"), anyCertificate)
	}
	if avp, stated := r.Get("avp"); stated && !isAvatar(avp) {
		return out + "; avp=" + meantAvatar(avp) + r.rest("l", "a", "avp")
	}
	return out + r.rest("l", "a")
}

// avatars are what avp= may ask for: the logo of the brand, or the picture of the person
// who sends. A mailbox that knows neither takes the first.
var avatars = []string{"brand", "personal"}

// isAvatar reports whether a value is one of avatars.
func isAvatar(avp string) bool {
	return slices.ContainsFunc(avatars, func(a string) bool { return ascii.EqualFold(a, avp) })
}

// meantAvatar is the value of avp= that was meant, or a placeholder.
func meantAvatar(avp string) string {
	for _, a := range avatars {
		if avp != "" && len(avp) < 16 && hint.Distance(strings.ToLower(avp), a) <= 2 {
			return a
		}
	}
	return "<" + strings.Join(avatars, " or ") + ">"
}

func checkBIMI(s *finding.Sheet, r *BIMI) {
	plain := ParseBIMI(unwrapped(r.text, "v=BIMI1"))
	meant := meantBIMI(plain)
	syntax(s, "bimi-syntax", &r.Record, meant)
	if s.Has("bimi-syntax") {
		r = plain // the rest is said of what was meant
	}
	s.Decided("bimi-location-invalid", "bimi-evidence-missing")
	if avp, stated := r.Get("avp"); stated && !isAvatar(avp) && !s.Has("bimi-syntax") {
		s.Add("bimi-syntax", finding.Finding{Severity: finding.Warning, Title: "BIMI avp= is neither brand nor personal",
			Detail: fmt.Sprintf("avp= is %s, which means nothing: mailboxes take the default, brand.", quote(avp)), Fix: fixOf("Write the record like this.", meant)})
	}
	if r.Declined {
		return
	}
	fix := fixOf("Name the logo and its certificate, both over https.", meant)
	for _, t := range []struct{ tag, uri, ending, holds string }{
		{"l", r.Location, ".svg", "the logo"}, {"a", r.Evidence, ".pem", "the certificate of the logo"},
	} {
		if r.torn(t.tag) != "" {
			continue // only a piece of it is read
		}
		if t.uri == "" {
			if t.tag == "l" {
				s.Add("bimi-location-invalid", finding.Finding{Detail: "There is no logo: l= is missing or empty. " +
					"A domain without a logo says so with l= and a= both empty.", Fix: fix})
			}
			continue
		}
		if problem := httpsProblem(t.uri); problem != "" {
			s.Add("bimi-location-invalid", finding.Finding{Detail: fmt.Sprintf("%s= is %s: %s.", t.tag, quote(t.uri), problem), Fix: fix})
			continue
		}
		file, _, _ := strings.Cut(strings.ToLower(t.uri), "?")
		if ending := path.Ext(strings.TrimSuffix(file, ".gz")); ending != t.ending {
			s.Add("bimi-location-invalid", finding.Finding{Severity: finding.Warning, Title: "Unusual file name in BIMI l= or a=",
				Detail: fmt.Sprintf("%s= is %s, which should be %s, a file that ends in %s.", t.tag, quote(t.uri), t.holds, t.ending)})
		}
	}
	if r.Evidence == "" && r.Location != "" {
		s.Add("bimi-evidence-missing", finding.Finding{Detail: "There is no a=: mailboxes that want a certificate show no logo."})
	}
}

// firstOf joins a few of a list; more are those that it leaves out already.
func firstOf(list []string, more int) string {
	const most = 3
	if len(list) > most {
		more += len(list) - most
		list = list[:most]
	}
	out := strings.Join(list, "; ")
	if more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out
}
