package typo

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/spf/policy"
	"mailworthy/transport"
)

// slipsTried is which of the single slips TestSingleSlips tries unless TYPO_SLIPS says
// otherwise: one in so many.
const slipsTried = 331

// TestSingleSlips types each single slip of the hand into the policies of every domain, and
// looks for harm as TestFixesDoNoHarm does. TYPO_SLIPS says which: 1 is all, n one in n;
// with TYPO_NEAR=m a second slip stands at most m places behind the first, each pair by
// itself. TYPO_ONLY chooses domains whose name holds it.
func TestSingleSlips(t *testing.T) {
	every, near, from := slipsTried, 0, 0
	for name, to := range map[string]*int{"TYPO_SLIPS": &every, "TYPO_NEAR": &near, "TYPO_FROM": &from} {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			*to = n
		}
	}
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	type made struct {
		label string
		c     *Case
		m     *Meant
	}
	cases := make(chan made)
	go func() {
		defer close(cases)
		n := from
		chosen := func() bool {
			n++
			return n%every == 0
		}
		send := func(tmpl Template, meant *Meant, mistakes ...Mistake) {
			select {
			case cases <- made{"slip " + strconv.Itoa(n), NewCase(tmpl, mistakes), meant}:
			case <-t.Context().Done():
			}
		}
		for _, tmpl := range append(Templates(), Variants()...) {
			if !strings.Contains(tmpl.Name, os.Getenv("TYPO_ONLY")) {
				continue
			}
			meant, err := w.Learn(t.Context(), tmpl)
			if err != nil {
				t.Error(err)
				continue
			}
			for at, r := range tmpl.Records {
				if kind(r) == "" || r.Type != "TXT" || only(os.Getenv("TYPO_KIND"), r) {
					continue
				}
				list := slips(r.Value)
				if near == 0 {
					for _, s := range list {
						if chosen() {
							send(tmpl, meant, s.mistake(at, r))
						}
					}
					continue
				}
				for pair := range suspects(r, list, near, chosen) {
					send(tmpl, meant, list[pair[0]].mistake(at, r), list[pair[1]].mistake(at, r))
				}
			}
		}
	}()
	harmless(t, w, func() (string, *Case, *Meant, bool) {
		m, ok := <-cases
		return m.label, m.c, m.m, ok
	})
}

// repaired is how many of the slips that TestSlipsAreRepaired types lead to a record that can be
// published as it stands. It may only rise.
const repaired = 6611

// TestSlipsAreRepaired: plain slips are repaired, not only asked about: every fifth slip of the
// hand in each policy, and each separator that is typed for another one throughout.
func TestSlipsAreRepaired(t *testing.T) {
	got, of := 0, 0
	try := func(r finding.Record, text string) {
		if of++; len(proposed(r, text)) > 0 {
			got++
		}
	}
	for _, tmpl := range append(Templates(), Variants()...) {
		for _, r := range tmpl.Records {
			if kind(r) == "" || r.Type != "TXT" {
				continue
			}
			for i, s := range slips(r.Value) {
				if cells := strings.Split(r.Value, ""); i%5 == 0 {
					s.do(cells)
					try(r, strings.Join(cells, ""))
				}
			}
			for _, e := range exchanges {
				if strings.Contains(r.Value, e[0]) {
					try(r, strings.ReplaceAll(r.Value, e[0], e[1]))
				}
			}
		}
	}
	t.Logf("%d of %d", got, of)
	if got < repaired {
		t.Errorf("%d of %d records can be published as they are proposed; %d could", got, of, repaired)
	}
}

// suspects are those of the chosen pairs of slips, at most near places apart, for which a record that is
// neither what was meant nor what one of the two alone leads to can be published, as far as
// the text by itself tells.
func suspects(r finding.Record, list []slip, near int, chosen func() bool) iter.Seq[[2]int] {
	typed := func(of ...slip) string {
		cells := strings.Split(r.Value, "")
		for _, s := range of {
			s.do(cells)
		}
		return strings.Join(cells, "")
	}
	alone := make([][]string, len(list))
	for i, s := range list {
		alone[i] = append(proposed(r, typed(s)), typed(s), r.Value)
	}
	return func(yield func([2]int) bool) {
		for i, s := range list {
			for j := i + 1; j < len(list) && list[j].at <= s.at+near; j++ {
				if !chosen() {
					continue
				}
				for _, value := range proposed(r, typed(s, list[j])) {
					if !slices.Contains(alone[i], value) && !slices.Contains(alone[j], value) {
						if !yield([2]int{i, j}) {
							return
						}
						break
					}
				}
			}
		}
	}
}

// proposed are the records that can be published as they stand, as far as the text of one
// by itself tells.
func proposed(r finding.Record, text string) (out []string) {
	var findings []finding.Finding
	switch kind(r) {
	case "spf":
		findings = policy.Lint([]byte(text)).Findings
	case "dmarc":
		findings = dmarc.Lint([]byte(text))
	case "dkim":
		findings = dkim.Lint([]byte(text))
	case "mta-sts", "tls-rpt", "bimi":
		findings = transport.Lint(kind(r), []byte(text))
	}
	for _, f := range findings {
		if f.Fix != nil && f.Fix.Value != "" && !strings.Contains(f.Fix.Value, "<") && !slices.Contains(out, f.Fix.Value) {
			out = append(out, f.Fix.Value)
		}
	}
	return out
}

// only reports whether a record is of another kind than the one that is asked for.
func only(of string, r finding.Record) bool { return of != "" && kind(r) != of }

// beside are the keys around each key of the keyboard that most have, and what the same key
// gives with or without Shift.
var beside = map[byte]string{
	'a': "qwsz", 'b': "vghn ", 'c': "xdfv ", 'd': "serfcx", 'e': "wsdr34", 'f': "drtgvc", 'g': "ftyhbv", 'h': "gyujnb", 'i': "ujko89", 'j': "huikmn", 'k': "jiolm,", 'l': "kop;.,",
	'm': "njk, ", 'n': "bhjm ", 'o': "iklp90", 'p': "ol;[0-", 'q': "wa12", 'r': "edft45", 's': "awedxz", 't': "rfgy56", 'u': "yhji78", 'v': "cfgb ", 'w': "qase23", 'x': "zsdc ", 'y': "tghu67", 'z': "asx",
	'1': "2q!", '2': "13qw@", '3': "24we#", '4': "35er$", '5': "46rt%", '6': "57ty^", '7': "68yu&", '8': "79ui*", '9': "80io(", '0': "9-op)",
	'-': "0=p[_", '_': "-+0", '=': "-[]+", ':': ";lp'", ';': ":l'p", '.': ",/l> ", ',': ".mk< ", '/': ".;?'", '@': "21#", '%': "5$^", '{': "[p}", '}': "]{", '~': "`1", '!': "1@", ' ': "cvbnm,", '+': "=_", '?': "/", '*': "8", '<': ",", '>': ".",
}

// slip is what a finger does at one place of a record.
type slip struct {
	at   int
	text string
	do   func(cells []string)
}

// slips are all single slips of the hand that a text can be typed with: each character
// left out, typed twice, in the wrong order, with Shift or without, a key beside it in its
// place or with it, and a space within. Of a long key the first and the last are tried,
// and some between.
func slips(text string) []slip {
	var out []slip
	add := func(i int, what string, do func(cells []string)) {
		out = append(out, slip{i, fmt.Sprintf("%s %q at %d", what, text[i:i+1], i), do})
	}
	for i := range len(text) {
		if len(text) > 200 && i > 32 && i < len(text)-2 && i%97 != 0 {
			continue
		}
		c := text[i : i+1]
		add(i, "leaves out", func(cells []string) { cells[i] = "" })
		add(i, "doubles", func(cells []string) { cells[i] += c })
		if i+1 < len(text) && text[i+1] != text[i] {
			add(i, "swaps with the next", func(cells []string) { cells[i], cells[i+1] = cells[i+1], cells[i] })
		}
		if c != " " {
			add(i, "types a space before", func(cells []string) { cells[i] = " " + cells[i] })
			if !readsAsSpacing(text, i, " ") {
				add(i, "types a space for", func(cells []string) { cells[i] = " " })
			}
		}
		key := text[i]
		if 'A' <= key && key <= 'Z' {
			key += 'a' - 'A'
		}
		near := beside[key]
		if other := strings.ToUpper(c); other != c {
			near += other
		} else if other := strings.ToLower(c); other != c {
			near += other
		}
		for _, n := range strings.Split(near, "") {
			add(i, fmt.Sprintf("types %q for", n), func(cells []string) { cells[i] = n })
			if n != " " {
				add(i, fmt.Sprintf("types %q before", n), func(cells []string) { cells[i] = n + cells[i] })
			}
		}
	}
	return out
}

// mistake is the slip in one record of a template.
func (s slip) mistake(at int, r finding.Record) Mistake { return inCells(at, r, s.text, s.do) }

// Variants are domains whose records say the same in other ways than those of Templates,
// for slips in every place of them.
func Variants() []Template {
	var out []Template
	own := []string{"192.0.2.10", "192.0.2.11"}
	add := func(name string, senders []string, spf, dmarc string) {
		out = append(out, template(name, senders, []string{"s1"}, hosts+"@ TXT "+spf+"\ns1._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@\n_dmarc TXT "+dmarc+"\n"))
	}
	add("addresses", []string{"192.0.2.10", "192.0.2.11", "192.0.2.20", "192.0.2.130", "2001:db8:10::1"},
		"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 ip4:192.0.2.20 ip4:192.0.2.128/25 ip6:2001:db8:10::1 ~all", "v=DMARC1;p=quarantine;rua=mailto:dmarc@acme.example;")
	add("hosts", append([]string{"192.0.2.20", "203.0.113.5", "203.0.113.49"}, own...),
		"v=spf1 a:mail.acme.example mx include:_spf.google.com include:spf.esp.example -all", "v=DMARC1; p=none; rua=mailto:postmaster@acme.example, mailto:acme@reports.example; fo=1; ruf=mailto:abuse@acme.example")
	add("a length", append([]string{"192.0.2.20"}, own...),
		"v=spf1 a:mx1.acme.example/32 mx/32 a:mail.acme.example//64 ?all", "v=DMARC1; p=reject; sp=none; adkim=r; aspf=s; pct=100; rua=mailto:hostmaster@acme.example; ri=86400")
	add("services", []string{"203.0.113.33", "203.0.113.97", "203.0.113.113", "203.0.113.81"},
		"v=spf1 include:spf.protection.outlook.com include:servers.mcsv.net include:spf.brevo.com include:amazonses.com ~all", "v=DMARC1; p=quarantine; pct=50; rua=mailto:john.doe@acme.example; np=reject; t=n")
	web := append([]string{"192.0.2.80", "203.0.113.49", "192.0.2.20"}, own...)
	for i, spf := range []string{
		"v=spf1 a mx include:_spf.google.com ip4:192.0.2.20 -all",
		"v=spf1 ip4:192.0.2.20 a include:_spf.google.com ip6:2001:db8:10::10 mx ~all",
		"v=spf1 mx exists:%{i}._spf.acme.example a ip4:192.0.2.20 redirect=_spf.google.com",
	} {
		add("the web server "+strconv.Itoa(i), web, spf, "v=DMARC1; p=none;")
		last := &out[len(out)-1]
		last.Records = append(last.Records, finding.Record{Name: Domain, Type: "A", Value: "192.0.2.80"}, finding.Record{Name: "80.2.0.192.in-addr.arpa", Type: "PTR", Value: "www.acme.example"})
	}
	return append(out, transports()...)
}

// transports are domains with records of transport security, of which alone they are
// audited.
func transports() []Template {
	var out []Template
	add := func(name, lines string) {
		t := template("transport, "+name, nil, nil, hosts+"tls A 192.0.2.80\nmta-sts A 192.0.2.80\n"+lines)
		t.Target.Sections = []finding.Section{finding.Transport}
		out = append(out, t)
	}
	add("one of each", "_mta-sts TXT v=STSv1; id=20261127T000000\n_smtp._tls TXT v=TLSRPTv1; rua=mailto:tls@acme.example\n"+
		"default._bimi TXT v=BIMI1; l=https://acme.example/logo.svg; a=https://acme.example/logo.pem")
	add("several", "_mta-sts TXT v=STSv1;id=1;\n_smtp._tls TXT v=TLSRPTv1;rua=mailto:postmaster@acme.example,https://mx.reports.example/v1/acme;\n"+
		"default._bimi TXT v=BIMI1;l=https://bimi.esp.example/a/acme.svg;a=;avp=brand")
	add("the web", "_smtp._tls TXT v=TLSRPTv1; rua=https://tls.acme.example/report, mailto:john.doe@acme.example; x=1\ndefault._bimi TXT v=BIMI1; l=https://acme.example/l.svg")
	return out
}
