package transport

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

// fileField is where the fields of the policy file go on behind an id (RFC 8461, 3.2).
var fileField = lazyre.New(`(?i)[;,\s]+(?:version|mode|max_age|mx) *:`)

// anotherTag is where a tag of another record goes on behind an id.
var anotherTag = lazyre.New(`[a-zA-Z]\s*=`)

// meantSTS is the record that was meant. An id says that the policy changed, and so
// letters and digits of one with other characters in it are as good.
func meantSTS(text string, _ ...string) string {
	r := readFields(text, "v=STSv1")
	ids := slices.Compact(slices.Clone(r.values["id"]))
	for i, value := range ids {
		if at := fileField.FindStringIndex(value); at != nil {
			ids[i] = value[:at[0]]
		}
	}
	if len(ids) == 1 && anotherTag.MatchString(ids[0]) {
		ids = nil // what stands behind it is of another record
	}
	var id strings.Builder
	for whole, i := strings.Join(ids, ""), 0; len(ids) == 1 && i < len(whole) && id.Len() < 32; i++ {
		if c := whole[i]; ascii.IsAlphanumeric(c) {
			id.WriteByte(c)
		}
	}
	if id.Len() == 0 { // of two, nobody can tell which is the new one
		return guarded("v=STSv1; id="+idPlaceholder+r.rest, r.version)
	}
	return guarded("v=STSv1; id="+id.String()+r.rest, r.version)
}

// meantTLSRPT is the record that was meant, with every destination that it names. Mailboxes
// are read as those of DMARC are. Hosts are domains of its owner.
func meantTLSRPT(text string, hosts ...string) string {
	return readFields(dmarc.ALabels(text, hosts...), "v=TLSRPTv1").reports(hosts...)
}

// reports is the record of TLS reporting that fields were meant to be.
func (r *reading) reports(hosts ...string) string {
	list, web, cut := r.apart(hosts)
	uris, open := dmarc.MeantReports(list, hosts...)
	if cut != "" {
		open = true
		uris = slices.DeleteFunc(uris, func(uri string) bool { return strings.HasSuffix(uri, "@"+cut) })
	}
	for i, uri := range uris {
		if w, ok := web[uri]; ok {
			uris[i] = w
			delete(web, uri)
		}
	}
	uris = slices.DeleteFunc(uris, func(uri string) bool { return strings.Contains(uri, "://web-") && strings.Contains(uri, ".invalid") })
	for i := range maxTags { // those that were not read with the others
		if w, ok := web[stand(i)]; ok {
			uris = append(uris, w)
		}
	}
	for i, uri := range uris {
		if d := judged(uri); !strings.Contains(uri, "<") && d.Problem != "" && !d.Ignored {
			uris[i] = toCorrect(uri) // it is sound to DMARC, and not here
		}
	}
	if open || len(uris) == 0 {
		uris = append(uris, mailboxPlaceholder)
	}
	return guarded("v=TLSRPTv1; rua="+strings.Join(uris[:min(len(uris), maxTags)], ",")+r.rest, r.version)
}

// guarded is a record to propose, with a place to fill in if it is not one by its own
// grammar: it is never called complete then.
func guarded(record, version string) string {
	if r := split(record, version); len(r.Problems) > 0 && !strings.Contains(record, "<") {
		return record + "; <correct: " + quote(firstOf(r.Problems, r.many)) + ">"
	}
	return record
}

// stand is a URI that stands for the i-th of the web in a list.
func stand(i int) string { return fmt.Sprintf("https://web-%d.invalid/", i) }

// apart takes the URIs of the web out of the destinations: in the list that is left, a
// plain URI stands for each, and web has what it was meant to be, or a place to correct it.
// Cut is the host of a mailbox that may go on behind a stray semicolon.
func (r *reading) apart(hosts []string) (list string, web map[string]string, cut string) {
	web = map[string]string{}
	var out []byte
	whole := strings.Join(append([]string{strings.Join(r.values["rua"], ",")}, r.left...), ";")
	last, torn := "", "" // the URI of the web before, and its text
	settle := func() {
		if last == "" {
			return
		}
		if uri, sure := meantWeb(torn, hosts...); sure && !strings.Contains(uri, ",") {
			web[last] = uri
		} else {
			web[last] = toCorrect(torn)
		}
		last = ""
	}
	// untied: what stands before a space alone may have been typed for the comma.
	untied := func(out []byte) {
		if last != "" && !bytes.ContainsAny(out[len(bytes.TrimRight(out, " \t;,|")):], ",|;") && strings.IndexByte(".mk<", torn[len(torn)-1]) >= 0 {
			torn += ","
		}
	}
	for i := 0; i < len(whole); {
		if strings.IndexByte(" \t;,|", whole[i]) >= 0 {
			out = append(out, whole[i])
			i++
			continue
		}
		to := i
		for to < len(whole) && strings.IndexByte(" \t;,|", whole[to]) < 0 {
			to++
		}
		part := whole[i:to]
		at := webStart(whole[i:])
		switch {
		case at >= 0 && at < len(part) && len(web) < maxTags-1:
			untied(out)
			settle()
			if name := strings.Trim(part[:at], ":=-_ \"'<"); name != "" && !strings.EqualFold(name, "rua") {
				out = append(out, part[:at]...)
			}
			if out = bytes.TrimRight(out, " \t;,|"); len(out) > 0 {
				out = append(out, ',')
			}
			last = stand(len(web))
			web[last] = ""
			out = append(out, last...)
			_, until, _ := webAt(whole[i+at:])
			for to = max(to, i+at+until); to < len(whole) && strings.IndexByte(" \t;,|", whole[to]) < 0; {
				to++ // "https: //reports.acme.example"
			}
			torn = whole[i+at : to]
		case strings.Contains(part, "//") && !strings.Contains(part, "@") && len(web) < maxTags-1:
			// A URI whose scheme nobody can read.
			settle()
			if out = bytes.TrimRight(out, " \t;,|"); len(out) > 0 {
				out = append(out, ',')
			}
			last = stand(len(web))
			web[last], torn = "", part
			out = append(out, last...)
		case last != "" && !strings.ContainsAny(part, "@=") && hint.Distance(strings.Trim(ascii.ToLower(part), ":;"), "mailto") > 1 && strings.Trim(part, ".'\"\\") != "":
			torn += whole[i-1:i] + part // "https://acme.example/re;ports"
		default:
			untied(out)
			settle()
			_, host, mail := cutLast(bytes.TrimRight(out, " \t;,|"))
			if mail && bytes.HasSuffix(out, []byte(";")) && !strings.ContainsAny(part, "@=:") && dmarc.IsKnownHost(string(host)+part) {
				cut = string(host) // "acme.co;m"
			}
			out = append(out, part...)
		}
		i = to
	}
	settle()
	if list = string(out); len(r.values["rua"]) > 0 {
		list = "rua=" + list
	}
	return list, web, cut
}

// cutLast is what stands before the last @ and behind it.
func cutLast(s []byte) (before, after []byte, ok bool) {
	i := bytes.LastIndexByte(s, '@')
	if i < 0 {
		return s, nil, false
	}
	return s[:i], s[i+1:], true
}

// webStart is where a URI of the web begins at the head of a text, behind the name of a
// field if there is one; -1 if none does.
func webStart(s string) int {
	for i := range min(len(s), 8) {
		if i > 0 && ascii.IsLetter(s[i-1]) && !strings.EqualFold(s[:i], "rua") {
			continue
		}
		if _, until, ok := webAt(s[i:]); ok && !strings.Contains(firstPart(s[i+until:]), "@") {
			return i
		}
	}
	return -1
}

// firstPart is a text up to a character that no URI has.
func firstPart(s string) string {
	if i := strings.IndexAny(s, " \t;,|"); i >= 0 {
		return s[:i]
	}
	return s
}

// anyLogo and anyCertificate stand for files that nobody but the owner knows.
const anyLogo, anyCertificate = "https://<domain>/logo.svg", "https://<domain>/logo.pem"

// meantBIMI is the record that was meant, with the files that it names. Hosts are domains of
// its owner.
func meantBIMI(text string, hosts ...string) string {
	r := readFields(dmarc.ALabels(text, hosts...), "v=BIMI1")
	location, named := r.file("l", hosts)
	evidence, certified := r.file("a", hosts)
	if named && location == "" && evidence == "" {
		return guarded("v=BIMI1; l=; a="+r.avatar()+r.rest, r.version) // the domain has no logo
	}
	if location == "" {
		location = anyLogo
	}
	out := "v=BIMI1; l=" + location
	if certified {
		out += "; a=" + evidence
	} else if location == anyLogo {
		out += "; a=" + anyCertificate
	}
	out += r.avatar() + r.rest
	for _, piece := range r.left[:min(len(r.left), 3)] {
		out += "; " + toCorrect(piece)
	}
	return guarded(out, r.version)
}

// file is the file that a field was meant to name: empty if it is stated to be none; false if
// the field is not there.
func (r *reading) file(name string, hosts []string) (uri string, stated bool) {
	var all []string
	for _, value := range r.values[name] {
		if value = strings.Trim(value, " \t\"'"); value == "" {
			stated = true
			continue
		}
		list := uris(value)
		if list == nil {
			list = []string{value}
		}
		for _, one := range list {
			uri, sure := meantWeb(one, hosts...)
			if !sure || httpsProblem(uri) != "" {
				uri = spaced(uri, hosts)
			}
			if !slices.Contains(all, uri) {
				all = append(all, uri)
			}
		}
	}
	switch len(all) {
	case 0:
		return "", stated
	case 1:
		return all[0], true
	}
	return "<" + strings.NewReplacer("<", "", ">", "").Replace(strings.Join(all[:min(len(all), 3)], " or ")) + ">", true
}

// spaced is a place to correct a URI: with a space in the name of a file, which of the two it
// may be.
func spaced(uri string, hosts []string) string {
	with, sure := meantWeb(strings.ReplaceAll(uri, " ", "%20"), hosts...)
	without, also := meantWeb(strings.ReplaceAll(uri, " ", ""), hosts...)
	if strings.Contains(uri, " ") && sure && also {
		return "<" + with + " or " + without + ">"
	}
	return toCorrect(uri)
}

// avatar is avp= as it was meant, behind its semicolon; empty without one.
func (r *reading) avatar() string {
	avp := r.values["avp"]
	switch {
	case len(avp) == 0:
		return ""
	case isAvatar(avp[0]):
		return "; avp=" + avp[0]
	}
	return "; avp=" + meantAvatar(avp[0])
}
