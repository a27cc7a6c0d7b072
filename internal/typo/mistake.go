package typo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
)

// Choices decide what is typed: Int returns one of n numbers from 0.
type Choices interface{ Int(n int) int }

// Mistake is one thing that the owner typed wrong. Mistakes of one zone are
// independent: each does the same whether or not the others were made.
type Mistake struct {
	// Text says what was done, with the record as it was.
	Text string
	do   func(z *sheet)
}

// sheet is a zone while mistakes are typed into it.
type sheet struct {
	records []line
	added   []finding.Record
}

// line is a record whose characters keep their places: cells[i] is what stands
// for the i-th character, nothing if it was dropped.
type line struct {
	finding.Record
	cells []string
	gone  bool
}

// Apply types mistakes into a zone and returns what is published then.
func Apply(records []finding.Record, mistakes []Mistake) []finding.Record {
	z := &sheet{}
	for _, r := range records {
		l := line{Record: r, cells: make([]string, len(r.Value))}
		for i := range r.Value {
			l.cells[i] = r.Value[i : i+1]
		}
		z.records = append(z.records, l)
	}
	for _, m := range mistakes {
		m.do(z)
	}
	var out []finding.Record
	for _, l := range z.records {
		l.Value = strings.Join(l.cells, "")
		if l.gone || l.Value == "" && l.Type != "TXT" {
			continue
		}
		out = add(out, l.Record)
	}
	for _, r := range z.added {
		out = add(out, r)
	}
	return out
}

// add adds a record that is not there.
func add(records []finding.Record, r finding.Record) []finding.Record {
	if slices.ContainsFunc(records, func(have finding.Record) bool { return same(have, r) }) {
		return records
	}
	return append(records, r)
}

// same reports whether two records are one to a name server.
func same(a, b finding.Record) bool {
	if !strings.EqualFold(a.Name, b.Name) || a.Type != b.Type {
		return false
	}
	if a.Type == "TXT" {
		return a.Value == b.Value
	}
	host := func(s string) string {
		fields := strings.Fields(s)
		if a.Type == "MX" && len(fields) > 1 {
			fields[0] = cmp.Or(strings.TrimLeft(fields[0], "0"), "0") // "010" is 10
		}
		return strings.ToLower(strings.TrimSuffix(strings.Join(fields, " "), "."))
	}
	return host(a.Value) == host(b.Value)
}

// kind says what a record is for: "spf", "dmarc", "dkim", "mta-sts", "tls-rpt", "bimi" or "".
func kind(r finding.Record) string {
	switch {
	case r.Type == "TXT" && strings.HasPrefix(r.Value, "v=spf1"):
		return "spf"
	case r.Type == "TXT" && strings.HasPrefix(r.Value, "v=DMARC1"):
		return "dmarc"
	case r.Type == "TXT" && strings.HasPrefix(r.Value, "v=STSv1"):
		return "mta-sts"
	case r.Type == "TXT" && strings.HasPrefix(r.Value, "v=TLSRPTv1"):
		return "tls-rpt"
	case r.Type == "TXT" && strings.HasPrefix(r.Value, "v=BIMI1"):
		return "bimi"
	case strings.Contains(r.Name, "_domainkey"):
		return "dkim"
	}
	return ""
}

// New types one to three mistakes into a domain.
func New(t Template, c Choices) []Mistake {
	n := 1 + c.Int(6)/3 + c.Int(6)/5
	out := make([]Mistake, n)
	for i := range out {
		out[i] = one(t, c)
	}
	return out
}

// one types a mistake into a record, most often into one of the policies.
func one(t Template, c Choices) Mistake {
	var likely []int
	for i, r := range t.Records {
		weight := 1
		switch kind(r) {
		case "spf", "dmarc":
			weight = 10
		case "dkim":
			weight = 3
		}
		if r.Type == "NS" || strings.HasPrefix(r.Name, "ns") {
			weight = 0
		}
		for range weight {
			likely = append(likely, i)
		}
	}
	at := likely[c.Int(len(likely))]
	r := t.Records[at]
	switch n := c.Int(20); {
	case n < 9:
		return character(at, r, c)
	case n < 14:
		return separators(at, r, c)
	case n < 17:
		return place(at, r, c)
	}
	return setUp(at, r, c)
}

func mistake(r finding.Record, text string, do func(z *sheet)) Mistake {
	value := r.Value
	if len(value) > 200 {
		value = value[:100] + "…" + value[len(value)-30:]
	}
	return Mistake{Text: fmt.Sprintf("%s in %s %s %q", text, r.Name, r.Type, value), do: do}
}

// inCells is a mistake within the text of a record.
func inCells(at int, r finding.Record, text string, do func(cells []string)) Mistake {
	return mistake(r, text, func(z *sheet) {
		if l := &z.records[at]; len(l.cells) > 0 {
			do(l.cells)
		}
	})
}

// strays are characters that slip in.
var strays = []string{" ", " ", " ", ",", ".", ";", ":", "=", "\"", "'", "-", "_", "/", "\\", "1", "a", "e", "\u00a0", "\u200b", "\u2013", "%"}

// readsAsSpacing reports whether one character typed for another one, figure for space or
// space for figure, makes the record of another sender without the space between two of its
// terms, or with one before its slash: "ip4:192.0.2.201ip6:…", "ip4:192.0.2.12 /25". Those
// are plain slips, and are repaired as such; no key of a figure is beside the space bar.
//
// So is one separator, a space, comma or semicolon, for the last figure of an address or of a prefix
// length, before a space, a slash or the end of the record ("ip4:192.0.2.2, mx"), and a space for the first
// figure of an address, behind the colon ("ip4: 92.0.2.20"): it is far likelier that the
// separator was added to what was meant.
func readsAsSpacing(text string, i int, s string) bool {
	figure := func(c byte) bool { return '0' <= c && c <= '9' }
	if text[i] == ' ' && figure(s[0]) || s == " " && figure(text[i]) && strings.HasPrefix(text[i+1:], "/") {
		return true
	}
	word := strings.TrimLeft(text[strings.LastIndexByte(text[:i], ' ')+1:i], "+-~?")
	v4, v6 := strings.HasPrefix(word, "ip4:"), strings.HasPrefix(word, "ip6:")
	if v6 && s != " " {
		figure = func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' } // not beside the comma
	}
	length := strings.HasSuffix(strings.TrimRight(word, "0123456789"), "/")
	if !figure(text[i]) || !v4 && !v6 && !length || !strings.HasPrefix(text, "v=spf1 ") {
		return false
	}
	last := i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '/'
	return last && (s == " " || s == "," || s == ";") || s == " " && (word == "ip4:" || word == "ip6:")
}

// character drops, doubles, swaps, replaces or inserts one character. Keys are
// long: places are chosen near the tags, as often as within the key.
func character(at int, r finding.Record, c Choices) Mistake {
	n := len(r.Value)
	if n > 120 && c.Int(2) == 0 {
		n = 40
	}
	i := c.Int(n)
	ch := r.Value[i : i+1]
	where := fmt.Sprintf("%q at %d", ch, i)
	drop := func(cells []string) { cells[i] = strings.ReplaceAll(cells[i], ch, "") }
	switch c.Int(7) {
	case 0, 1:
		return inCells(at, r, "drops "+where, drop)
	case 2:
		return inCells(at, r, "doubles "+where, func(cells []string) { cells[i] += ch })
	case 3:
		if i+1 < len(r.Value) {
			return inCells(at, r, "swaps "+where+" with the next", func(cells []string) { cells[i], cells[i+1] = cells[i+1], cells[i] })
		}
		return inCells(at, r, "drops "+where, drop)
	case 4:
		s := strays[c.Int(len(strays))]
		if readsAsSpacing(r.Value, i, s) {
			return inCells(at, r, "drops "+where, drop)
		}
		return inCells(at, r, fmt.Sprintf("types %q for %s", s, where), func(cells []string) { cells[i] = strings.ReplaceAll(cells[i], ch, s) })
	case 5:
		s := strays[c.Int(len(strays))]
		return inCells(at, r, fmt.Sprintf("types %q before %s", s, where), func(cells []string) { cells[i] = s + cells[i] })
	}
	other := strings.ToUpper(ch)
	if other == ch {
		other = strings.ToLower(ch)
	}
	return inCells(at, r, "changes the case of "+where, func(cells []string) { cells[i] = other })
}

// exchange puts one text for each occurrence of a character, or for one of them.
func exchange(at int, r finding.Record, from, to string, c Choices) Mistake {
	var places []int
	for i := range r.Value {
		if r.Value[i:i+1] == from {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return character(at, r, c)
	}
	text := fmt.Sprintf("types %q for each %q", to, from)
	if c.Int(2) == 0 {
		places = places[c.Int(len(places)):][:1]
		text = fmt.Sprintf("types %q for %q at %d", to, from, places[0])
	}
	return inCells(at, r, text, func(cells []string) {
		for _, i := range places {
			cells[i] = strings.ReplaceAll(cells[i], from, to) // what another mistake put there stays
		}
	})
}

var exchanges = [][2]string{{"=", ":"}, {":", "="}, {":", "."}, {":", " "}, {":", ": "}, {":", ""}, {":", ";"}, {"=", " = "}, {"=", ""}, {"=", "= "},
	{";", ","}, {";", ""}, {";", " "}, {";", ";;"}, {";", "\\;"}, {";", ":"}, {" ", ""}, {" ", ", "}, {" ", ","}, {" ", "; "}, {" ", "  "}, {" ", "\t"}, {" ", `" "`},
	{".", ","}, {".", ""}, {".", " "}, {".", ".."}, {"-", ""}, {"-", " - "}, {"-", "- "}, {"-", "\u2013"}, {"-", "\u2212"}, {"-", "_"}, {"_", ""}, {"_", "-"}, {"_", ". "},
	{"@", ""}, {"@", " @ "}, {"@", "(at)"}, {",", ";"}, {",", ", "}, {",", " "}, {",", ""}, {",", "|"}, {"+", " "}, {"/", ""}, {"~", "-"}, {"~", " ~ "}, {"~", "\u02dc"}, {"1", " 1"}, {"%", ""}}

// separators types a wrong separator, or something around the whole text.
func separators(at int, r finding.Record, c Choices) Mistake {
	around := [][3]string{{"quotes around", `"`, `"`}, {"curly quotes around", "\u201c", "\u201d"}, {"a quote before", `"`, ""}, {"spaces before", " ", ""},
		{"a space after", "", " "}, {"a final dot", "", "."}, {"a final semicolon", "", ";"}, {"a final comma", "", ","}, {"a tab before", "\t", ""}, {"apostrophes around", "'", "'"},
		{"the type before", "TXT ", ""}, {"the type and quotes", `TXT "`, `"`}, {"the name before", r.Name + " ", ""}, {"brackets around", "<", ">"}, {"a line break after", "", "\n"}, {"a final backslash", "", "\\"}}
	if n := c.Int(len(exchanges) + len(around)); n < len(exchanges) {
		return exchange(at, r, exchanges[n][0], exchanges[n][1], c)
	} else {
		a := around[n-len(exchanges)]
		return inCells(at, r, a[0], func(cells []string) {
			cells[0] = a[1] + cells[0]
			cells[len(cells)-1] += a[2]
		})
	}
}

// place publishes a record at a wrong name, or not.
func place(at int, r finding.Record, c Choices) Mistake {
	rename := func(text, to string) Mistake {
		return mistake(r, text, func(z *sheet) { z.records[at].Name = to })
	}
	above := strings.TrimSuffix(r.Name, Domain)
	switch c.Int(9) {
	case 0:
		return mistake(r, "leaves out", func(z *sheet) { z.records[at].gone = true })
	case 1:
		if within(r.Name, Domain) {
			return rename("doubles the domain of the name", r.Name+"."+Domain)
		}
	case 2:
		if strings.Contains(r.Name, "_") {
			return rename("leaves the underscore out of the name", strings.ReplaceAll(r.Name, "_", ""))
		}
	case 3:
		if above != "" && within(r.Name, Domain) {
			return rename("publishes at the apex", Domain)
		}
		if within(r.Name, Domain) {
			to := []string{"www.", "_spf.", "spf.", "mail.", "_dmarc.", "@."}[c.Int(6)]
			return rename("publishes at "+to+Domain, to+Domain)
		}
	case 4:
		if above != "" && within(r.Name, Domain) {
			i := c.Int(len(above))
			return rename("drops a character of the name", strings.TrimPrefix(strings.ReplaceAll(above[:i]+above[i+1:], "..", "."), ".")+Domain)
		}
	case 5:
		if strings.HasPrefix(above, "_dmarc.") {
			to := []string{"dmarc.", "_dmarc._dmarc.", "_DMARC.", "_dmark.", "www._dmarc.", "_dmarc.www.", "_dmarc.mail.", "_domainkey."}[c.Int(8)]
			return rename("publishes at "+to+Domain, to+Domain)
		}
		if selector, _, ok := strings.Cut(above, "._domainkey."); ok {
			to := []string{selector + ".", selector + "._domainkeys.", "_domainkey." + selector + ".", "_domainkey.", selector + "_domainkey.", selector + "._dkim.", selector + "._domainkey._domainkey."}[c.Int(7)]
			return rename("publishes at "+to+Domain, to+Domain)
		}
	case 6:
		if i := strings.Index(r.Value, "."+Domain); i > 0 && r.Type != "TXT" {
			return inCells(at, r, "doubles the domain of the host", func(cells []string) { cells[len(cells)-1] += "." + Domain })
		}
	case 7:
		return mistake(r, "publishes also at the doubled name", func(z *sheet) {
			z.added = append(z.added, finding.Record{Name: r.Name + "." + Domain, Type: r.Type, Value: r.Value})
		})
	}
	return mistake(r, "leaves out", func(z *sheet) { z.records[at].gone = true })
}

// services are what the set-up pages of services tell one to publish for SPF and
// for DMARC; some publish it beside what is there.
var (
	spfSetUps = []string{"v=spf1 include:_spf.google.com ~all", "v=spf1 include:spf.protection.outlook.com -all", "v=spf1 include:sendgrid.net ~all", "v=spf1 include:spf.brevo.com mx ~all", "v=spf1 include:amazonses.com ?all",
		"v=spf1 a mx ~all", "v=spf1 -all", "v=spf1 +all", "v=spf1 include:servers.mcsv.net ?all", "v=spf1 ip4:192.0.2.20 -all", "v=spf1 include:missing.esp.example ~all", "v=spf1 include:acme.example ~all"}
	spfTerms = []string{" include:_spf.google.com", " include:sendgrid.net", " include:spf.brevo.com", " ptr", " a", " mx", " ip4:192.0.2.10", " ip4:192.0.2.0/24", " ip4:192.0.2.300", " include:missing.esp.example",
		" include:acme.example", " ip4:10.0.0.5", " ip4:192.0.2.10/33", " a:mx9.acme.example", " ?all", " +all", " all", " ~all", " -all", " redirect=_spf.esp.example", " include:spf.protection.outlook.com include:spf.protection.outlook.com",
		" v=spf1", " ip4:192.0.2.20:25", " ip4:http://192.0.2.20", " include:https://spf.brevo.com", " mx:mx1.acme.example", " exists:acme.example", " ip6:192.0.2.20", " ip4:2001:db8:10::1", " include=sendgrid.net", " 192.0.2.20",
		" include:_spf.google.com,include:sendgrid.net", " include:spf.brevo.com|sendgrid.net", " a mx a mx a mx a mx a mx", " SPF", " #old"}
	dmarcSetUps = []string{"v=DMARC1; p=none", "v=DMARC1; p=none; rua=mailto:rua@dmarc.brevo.com", "v=DMARC1;p=quarantine;pct=100", "v=DMARC1; p=reject; rua=mailto:acme@reports.example", "v=spf1 -all", "v=DMARC1; p=reject; sp=none; adkim=s"}
	dmarcTags   = []string{"; p=none", "; sp=none", "; sp=", "; np=rejct", "; pct=50", "; pct=150", "; pct=", "; rua=mailto:acme@reports.example", "; rua=acme@reports.example", "; ruf=mailto:acme@esp.example", "; fo=2", "; adkim=strict", "; aspf=x",
		"; t=y", "; rf=afrf; ri=86400", "; psd=y", "; fo=1", "; rua=", "; rua=mailto:", "; rua=https://reports.example/in", "; p=", "; v=DMARC1", "; policy=reject", "; sp=reject; sp=none", ", mailto:acme@reports.example", ",acme@reports.example"}
	keyTags = []string{"; t=y", "; t=s", "; s=*", "; h=sha1", "; g=", "; n=note", "; k=rsa", "; p=", "; k=rsa256", "; v=DKIM1", "==", " ", "; s=tlsrpt", "; h=sha256; t=y:s"}
)

// setUp follows the page of a service without thinking.
func setUp(at int, r finding.Record, c Choices) Mistake {
	beside := func(value string) Mistake {
		return mistake(r, fmt.Sprintf("publishes %q beside it", value), func(z *sheet) {
			z.added = append(z.added, finding.Record{Name: r.Name, Type: "TXT", Value: value})
		})
	}
	// insert puts a text behind the i-th piece of the record.
	insert := func(sep, text string) Mistake {
		places := []int{len(r.Value) - 1}
		for i := range r.Value {
			if strings.HasPrefix(r.Value[i:], sep) && i > 0 {
				places = append(places, i-1)
			}
		}
		i := places[c.Int(len(places))]
		return inCells(at, r, fmt.Sprintf("types %q behind %d", text, i), func(cells []string) { cells[i] += text })
	}
	switch kind(r) {
	case "spf":
		if c.Int(3) == 0 {
			return beside(spfSetUps[c.Int(len(spfSetUps))])
		}
		return insert(" ", spfTerms[c.Int(len(spfTerms))])
	case "dmarc":
		switch c.Int(4) {
		case 0:
			return beside(dmarcSetUps[c.Int(len(dmarcSetUps))])
		case 1:
			to := []string{"none", "Reject", "rejct", "quarentine", "monitor", "", "no", "reject.", "quarantine,reject", "block", "r", "none reject"}[c.Int(12)]
			i := strings.Index(r.Value, "p=") + 2
			return inCells(at, r, fmt.Sprintf("types %q as the policy", to), func(cells []string) {
				for j := i; j < len(cells) && r.Value[j] != ';'; j++ {
					cells[j] = ""
				}
				cells[i] = to
			})
		}
		return insert(";", dmarcTags[c.Int(len(dmarcTags))])
	case "dkim":
		if r.Type == "CNAME" {
			to := []string{"dkim.esp.example", "dkim1.esp.example", Domain, r.Name, r.Value + "." + Domain}[c.Int(5)]
			return inCells(at, r, "points to "+to, func(cells []string) {
				clear(cells)
				cells[0] = to
			})
		}
		if len(r.Value) > 260 && c.Int(3) == 0 {
			return mistake(r, "splits over two records", func(z *sheet) {
				l := &z.records[at]
				rest := strings.Join(l.cells[255:], "")
				clear(l.cells[255:])
				z.added = append(z.added, finding.Record{Name: l.Name, Type: "TXT", Value: rest})
			})
		}
		if len(r.Value) > 260 && c.Int(3) == 0 {
			return inCells(at, r, "cuts off after 255 octets", func(cells []string) { clear(cells[255:]) })
		}
		return insert(";", keyTags[c.Int(len(keyTags))])
	}
	return setUpHost(at, r, c)
}

// setUpHost is setUp for records of hosts: MX, A and PTR.
func setUpHost(at int, r finding.Record, c Choices) Mistake {
	switch r.Type {
	case "MX":
		to := []string{"10 localhost", "10 192.0.2.10", "10 " + Domain, "0 .", "10 mail", "10 mx9." + Domain, "10 mx1." + Domain + "." + Domain, "10 mx1", "10 ghs.google.com", "10 smtp://mx1." + Domain}[c.Int(10)]
		if c.Int(2) == 0 {
			return mistake(r, fmt.Sprintf("publishes %q beside it", to), func(z *sheet) { z.added = append(z.added, finding.Record{Name: r.Name, Type: "MX", Value: to}) })
		}
		return inCells(at, r, fmt.Sprintf("types %q for it", to), func(cells []string) {
			clear(cells)
			cells[0] = to
		})
	case "A":
		to := []string{"127.0.0.1", "10.0.0.10", "192.0.2.1", "203.0.113.5"}[c.Int(4)]
		return inCells(at, r, "types "+to+" for it", func(cells []string) {
			clear(cells)
			cells[0] = to
		})
	case "PTR":
		to := []string{"www." + Domain, "mx1", "static-192-0-2-10.isp.example", "mx1." + Domain + "." + Domain}[c.Int(4)]
		if c.Int(2) == 0 {
			return mistake(r, "publishes "+to+" beside it", func(z *sheet) { z.added = append(z.added, finding.Record{Name: r.Name, Type: "PTR", Value: to}) })
		}
		return inCells(at, r, "types "+to+" for it", func(cells []string) {
			clear(cells)
			cells[0] = to
		})
	}
	return place(at, r, c)
}
