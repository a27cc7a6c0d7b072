package rbl

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func TestDefaultCatalogue(t *testing.T) {
	c := DefaultCatalogue()
	asked, err := c.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	for _, l := range asked {
		zones = append(zones, l.Zone)
	}
	want := []string{"zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "psbl.surriel.com", "bl.mailspike.net",
		"dnsbl-1.uceprotect.net", "bl.0spam.org", "multi.surbl.org", "multi.uribl.com", "list.dnswl.org"}
	if !slices.Equal(zones, want) {
		t.Errorf("asked by default: %q", zones)
	}
	for _, l := range c.Lists {
		if l.Dead != "" {
			if l.Default {
				t.Errorf("%s is dead and asked by default", l.Zone)
			}
			continue
		}
		if l.Name == l.Zone || len(l.Kinds) == 0 || l.Weight == "" || l.Access == "" {
			t.Errorf("%s: %+v", l.Zone, l)
		}
		if l.Default && (l.Delisting.URL == "" || l.Delisting.Steps == "" || len(l.Codes) == 0) {
			t.Errorf("%s is asked by default without codes or a way out", l.Zone)
		}
		if l.Default && strings.Contains(l.Note, "not tested") {
			t.Errorf("%s is asked by default though it was not tested", l.Zone)
		}
		if strings.Contains(l.Zone, "uceprotect") && !strings.Contains(l.Delisting.Steps, "Do not pay") {
			t.Errorf("%s: does not advise against paying", l.Zone)
		}
	}
	// Each caller owns its catalogue.
	c.Lists[0].Weight = finding.Notice
	if DefaultCatalogue().Lists[0].Weight != finding.Critical {
		t.Error("the catalogue is shared")
	}
}

func TestSelect(t *testing.T) {
	c := DefaultCatalogue()
	tests := []struct {
		zones []string
		want  string
		err   string
	}{
		{[]string{"ZEN.spamhaus.org.", "zen.spamhaus.org"}, "zen.spamhaus.org", ""},
		{[]string{"dnsbl.sorbs.net", "spam.dnsbl.sorbs.net"}, "dnsbl.sorbs.net dead 2024-06-05, spam.dnsbl.sorbs.net dead 2024-06-05", ""},
		{[]string{"ix.dnsbl.manitu.net"}, "ix.dnsbl.manitu.net dead 2025-01", ""},
		{[]string{"zen.spamhaus.example"}, "", `no block list "zen.spamhaus.example" is known`},
		{[]string{"combined.mail.abusix.zone"}, "", "combined.mail.abusix.zone answers only below a name with a key, and none was supplied"},
	}
	for _, tt := range tests {
		lists, err := c.Select(tt.zones)
		var got []string
		for _, l := range lists {
			s := l.Zone
			if l.Dead != "" {
				s += " dead " + l.Dead
			}
			got = append(got, s)
		}
		if text := fmt.Sprint(err); strings.Join(got, ", ") != tt.want || (tt.err == "") != (err == nil) || tt.err != "" && text != tt.err {
			t.Errorf("%q: %q, %v", tt.zones, got, err)
		}
	}
	all, err := c.Select([]string{"all"})
	if err != nil || len(all) < 25 || slices.ContainsFunc(all, func(l *List) bool { return l.Dead != "" || l.Access == Key }) {
		t.Errorf("all: %d lists, %v", len(all), err)
	}
}

func load(t *testing.T, text string, env map[string]string) (*Catalogue, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lists.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadCatalogue(file, func(name string) string { return env[name] })
}

func TestLoadCatalogue(t *testing.T) {
	c, err := load(t, `
# ours
lists:
  - zone: psbl.surriel.com
    weight: error
  - zone: zen.spamhaus.org
    codes:
      - {answer: 127.0.0.10, weight: notice}
      - {answer: 127.0.0.99, meaning: new}
  - zone: bl.corp.example
    kinds: [ipv4, ipv6]
    delisting: {url: "https://corp.example/", steps: Ask.}
  - zone: ix.dnsbl.manitu.net
  - {zone: bl.sectoor.de, dead: , kinds: [ipv4]}
  - {zone: rbl.0spam.org, default: true}
remove: [bl.spamcop.net]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Find("bl.spamcop.net") != nil {
		t.Error("bl.spamcop.net is still there")
	}
	if l := c.Find("psbl.surriel.com"); l.Weight != finding.Error || l.Name == l.Zone || !l.Default || !l.Stated {
		t.Errorf("psbl: %+v", l)
	}
	zen := c.Find("zen.spamhaus.org")
	pbl := zen.Codes[slices.IndexFunc(zen.Codes, func(c Code) bool { return c.Answer == "127.0.0.10" })]
	if pbl.Weight != finding.Notice || pbl.Sublist != "PBL" || zen.Codes[len(zen.Codes)-1].Meaning != "new" {
		t.Errorf("zen: %+v", zen.Codes)
	}
	if l := c.Find("bl.corp.example"); l == nil || !l.Default || l.Weight != finding.Warning || !l.takes(IPv6) || l.Name != l.Zone {
		t.Errorf("corp: %+v", l)
	}
	asked, err := c.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	for zone, want := range map[string]bool{"bl.corp.example": true, "ix.dnsbl.manitu.net": true, "bl.sectoor.de": true, "rbl.0spam.org": true, "bl.spamcop.net": false} {
		if got := slices.ContainsFunc(asked, func(l *List) bool { return l.Zone == zone }); got != want {
			t.Errorf("%s asked: %v", zone, got)
		}
	}
	if l := c.Find("ix.dnsbl.manitu.net"); l.Dead != "2025-01" {
		t.Errorf("a closed list came back to life: %+v", l)
	}
}

func TestLoadCatalogueErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"lists: 5", "line 1: expected a list"},
		{"- zone: a.test", "line 1: expected fields with values"},
		{"list: []", `line 1: unknown field "list"`},
		{"lists:\n  - name: x", "line 2: a list needs a zone"},
		{"lists:\n  - zone: a.test\n    wieght: error", `line 3: unknown field "wieght"`},
		{"lists:\n  - zone: a.test\n    weight: fatal", "line 3: expected one of [critical error warning notice info]"},
		{"lists:\n  - zone: a.test\n    zone: b.test", `line 3: field "zone" twice`},
		{"lists:\n  - zone: a.test\n    kinds: [allow]", "line 3: a list needs a kind"},
		{"lists:\n  - zone: a.test\n    kinds: []", "line 3: a list needs a kind"},
		{"lists:\n  - zone: a.test\n    default: maybe", "line 3: expected true or false"},
		{"lists:\n  - zone: a.test\n    codes:\n    - {answer: 10.0.0.1}", "line 4: expected an answer in 127/8"},
		{"lists:\n  - zone: a.test\n    codes:\n    - {answer: 127.0.0.9-2}", "line 4: expected an answer in 127/8"},
		{"lists:\n  - zone: a.test\n    codes:\n    - {meaning: x}", "line 4: a code needs an answer"},
		{"lists:\n  - zone: a.test\n    test: {listed: [a b]}", "line 3: a test entry is an address or a domain name"},
		{"lists:\n  - zone: a.test\n    delisting: {url: javascript:x}", "line 3: expected an http or https address"},
		{"lists:\n  - zone: a.test\n    dead: yesterday", "line 3: expected a date"},
		{"lists:\n  - zone: a_b..test", "line 2: the zone is no domain name"},
		{"lists:\n  - zone: \"*.test\"", "line 2: the zone is no domain name"},
		{"remove: [a.test]", "line 1: no list of that zone is known"},
		{"lists:\n  - zone: a.test\n    key: secretkey", "line 3: a.test takes no key"},
		{"lists:\n  - zone: zen.spamhaus.org\n    key: secret.key", "line 3: the key is no DNS label"},
		{"lists:\n  - zone: zen.spamhaus.org\n    key: [secretkey]", "line 3: expected a text"},
		{"lists:\n  - zone: zen.spamhaus.org\n    key: ${MISSING}", "line 3: ${MISSING} is not set in the environment"},
		{"lists:\n  - zone: zen.spamhaus.org\n    key: ${DOTTED}", "line 3: ${DOTTED} is no DNS label"},
		{"lists:\n  - zone: zen.spamhaus.org\n    key: x${KEY}", "line 3: a key is one ${NAME} and nothing else"},
		{"lists:\n  - zone: ${KEY}.${KEY}.test", "line 2: a zone holds one ${NAME} at most"},
		{"lists:\n  - zone: ${KEY}.zen.dq.spamhaus.net\n    key: secretkey", "line 3: the zone holds a key already"},
		{"lists:\n  - zone: zen.spamhaus.org\n    secretkey\n    x: y", "line 3"},
		{"lists:\n  - &secretkey\n    zone: *secretkey", "line 3: expected a text"},
		{"lists: [{zone: a.test, key_zone: \"a.<key>.test\"}]", "line 1: expected a zone that starts with <key>"},
	}
	for _, tt := range tests {
		_, err := load(t, tt.text, map[string]string{"KEY": "secretkey", "DOTTED": "secret.key"})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "lists.yaml: ") {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the key: %v", tt.text, err)
		}
	}
}

// TestKeyAsNameOfList: a name with a key in it that is given for a list is not said again.
func TestKeyAsNameOfList(t *testing.T) {
	for name, want := range map[string]string{
		"s3cretk3y.zen.dq.spamhaus.net": "zen.spamhaus.org", "S3CRETK3Y.DBL.dq.spamhaus.net.": "dbl.spamhaus.org", "a.s3cretk3y.zen.dq.spamhaus.net": "zen.spamhaus.org",
	} {
		_, err := BuiltIn().Select([]string{name})
		if err == nil || !strings.Contains(err.Error(), "key: of "+want) || strings.Contains(strings.ToLower(err.Error()), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := BuiltIn().Select([]string{"zen.dq.spamhaus.net"}); err == nil || !strings.Contains(err.Error(), "no block list") {
		t.Errorf("%v", err)
	}
}

// A key must be nowhere in what the package gives out.
func TestKeysAreRedacted(t *testing.T) {
	const key = "s3cretk3y"
	env := map[string]string{"SPAMHAUS_KEY": key}
	for name, text := range map[string]string{
		"key":              "lists: [{zone: zen.spamhaus.org, key: \"${SPAMHAUS_KEY}\"}]",
		"key in full":      "lists: [{zone: zen.spamhaus.org, key: " + key + "}]",
		"zone":             "lists: [{zone: \"${SPAMHAUS_KEY}.zen.dq.spamhaus.net\"}]",
		"zone in full":     "lists: [{zone: " + key + ".zen.dq.spamhaus.net}]",
		"zone in capitals": "lists: [{zone: S3CRETK3Y.zen.dq.spamhaus.net}]",
		"own zone":         "lists: [{zone: \"${SPAMHAUS_KEY}.bl.corp.example\", kinds: [ipv4]}]",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, text, env)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(c.Lists, func(l *List) bool { return l.HasKey })
			if i < 0 {
				t.Fatal("no list has the key")
			}
			l := c.Lists[i]
			if !strings.HasPrefix(strings.ToLower(l.zone()), key+".") {
				t.Fatal("the key is not asked with")
			}
			zone := dnstest.Zone(t, fmt.Sprintf(`
				%[1]s. SOA ns.test. host.test. 1 7200 3600 1209600 300
				2.0.0.127.%[1]s. A 127.0.0.2
				10.2.0.192.%[1]s. CNAME entry.%[1]s.
				entry.%[1]s. A 127.0.0.2
				entry.%[1]s. TXT "listed; you asked with S3cretK3Y"
				11.2.0.192.%[1]s. A 192.0.2.1
			`, strings.ToLower(l.zone())))
			r := &asker{next: zone, spoil: func(name string, typ resolver.Type) (*resolver.Answer, error) {
				if strings.HasPrefix(name, "12.") {
					return nil, &resolver.Error{Name: name, Type: typ, Reason: resolver.ServFail, Detail: "validation failure <" + name + ">", Server: "https://" + key + ".test/"}
				}
				return nil, nil
			}}
			s := Examine(t.Context(), r, Options{Catalogue: c, Lists: []string{l.Zone}, Addresses: given("192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13")})
			for subject, want := range map[string]Verdict{"192.0.2.10": Listed, "192.0.2.11": Unknown, "192.0.2.12": Unknown, "192.0.2.13": Clean} {
				if v := verdict(t, s, subject, l.Zone); v.Verdict != want {
					t.Errorf("%s: %s %s", subject, v.Verdict, v.Why)
				}
			}
			health, _ := Probe(t.Context(), r, Options{Catalogue: c, Lists: []string{l.Zone}})
			out := fmt.Sprintf("%+v %#v %v %+v", s, c, health, *l)
			for _, v := range []any{s, c, health, Check(s, Context{}).Findings()} {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				out += string(b) + fmt.Sprintf("%+v", v)
			}
			if at := strings.Index(strings.ToLower(out), key); at >= 0 {
				t.Errorf("the key shows: …%s…", out[max(0, at-100):min(len(out), at+100)])
			}
			if !strings.Contains(out, "12.2.0.192."+keyMark) {
				t.Error("the evidence does not show where the key stood")
			}
			if got := c.Redact("asked 2.0.0.127." + l.zone()); strings.Contains(strings.ToLower(got), key) {
				t.Error("Redact: ", got)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	c, err := load(t, "lists: [{zone: zen.spamhaus.org, key: ks}, {zone: dbl.spamhaus.org, key: other}]", nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                       "",
		"k":                      "k",
		"KS.zen":                 "<key>.zen",
		"a ks, Ks":               "a <key>, <key>",
		"kkss":                   "k<key>s",
		"oTHERks":                "<key><key>",
		"\u212as k\u017f \xffks": "\u212as k\u017f \xff<key>", // KELVIN SIGN and LONG S fold to k and s
	} {
		if got := c.Redact(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if !c.HasKeys() || DefaultCatalogue().HasKeys() {
		t.Error("who has keys")
	}
}

func TestKeyNotAccepted(t *testing.T) {
	c, err := load(t, "lists: [{zone: zen.spamhaus.org, key: k}]", nil)
	if err != nil {
		t.Fatal(err)
	}
	zone := dnstest.Zone(t, "dq.spamhaus.net. SOA ns.test. host.test. 1 7200 3600 1209600 300")
	s := Examine(t.Context(), zone, Options{Catalogue: c, Lists: []string{"zen.spamhaus.org"}, Addresses: given("192.0.2.10")})
	if v := verdict(t, s, "192.0.2.10", "zen.spamhaus.org"); v.Verdict != Unknown || !strings.Contains(v.Why, "the key is not accepted") {
		t.Errorf("%+v", v)
	}
}

func TestParseSubjects(t *testing.T) {
	tests := []struct {
		args    string
		addrs   int
		first   string
		domains string
		err     string
	}{
		{"192.0.2.10 2001:db8::10", 2, "192.0.2.10", "", ""},
		{"192.0.2.10 ::ffff:192.0.2.10 192.0.2.10/32", 1, "192.0.2.10", "", ""},
		{"192.0.2.77/24", 256, "192.0.2.0", "", ""},
		{"192.0.2.9/31", 2, "192.0.2.8", "", ""},
		{"255.255.255.255/31", 2, "255.255.255.254", "", ""},
		{"2001:db8::/120", 256, "2001:db8::", "", ""},
		{"::ffff:192.0.2.0/124", 16, "192.0.2.0", "", ""},
		{"Acme.Example. acme.example _x.acme.example müller.example", 0, "", "acme.example _x.acme.example xn--mller-kva.example", ""},
		{"192.0.2.0/23", 0, "", "", `"192.0.2.0/23": wider than /24`},
		{"acme.example 2001:db8::/64", 0, "", "", `"2001:db8::/64": wider than /120`},
		{"::ffff:0:0/90", 0, "", "", "wider than IPv4"},
		{"192.0.2.300", 0, "", "", `"192.0.2.300": neither`},
		{"192.0.2.0/33", 0, "", "", "not a range"},
		{"fe80::1%eth0", 0, "", "", "an address with a zone"},
		{"user@acme.example", 0, "", "", `"user@acme.example": neither`},
		{"https://acme.example/", 0, "", "", `"https://acme.example/": it is a URL; did you mean "acme.example"?`},
		{"http://user@acme.example:8080/x", 0, "", "", `did you mean "acme.example"?`},
		{"http://192.0.2.1/", 0, "", "", `did you mean "192.0.2.1"?`},
		{"http:///", 0, "", "", "it is a URL"},
		{"acme.example/x", 0, "", "", "not a range"},
		{"foo", 0, "", "", `"foo": it has only one label`},
		{"foo.", 0, "", "", "it has only one label"},
		{"acme..example", 0, "", "", "neither"},
	}
	for _, tt := range tests {
		addrs, domains, err := ParseSubjects(strings.Fields(tt.args))
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %s", tt.args, err, tt.err)
			}
			continue
		}
		if err != nil || len(addrs) != tt.addrs || strings.Join(domains, " ") != tt.domains || len(addrs) > 0 && addrs[0].String() != tt.first {
			t.Errorf("%s: %d addresses %v, %q, %v", tt.args, len(addrs), addrs, domains, err)
		}
	}
}

func TestReversed(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.99":                "99.2.0.192",
		"2001:db8:1:2:3:4:567:89ab": "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
		"::ffff:127.0.0.2":          "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
	} {
		if got := reversed(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func FuzzCatalogue(f *testing.F) {
	f.Add([]byte("lists:\n  - {zone: a.test, kinds: [ipv4, domain], codes: [{answer: 127.0.0.2-9}]}\nremove: [bl.spamcop.net]"))
	f.Add([]byte("lists: [{zone: \"${K}.zen.dq.spamhaus.net\"}]"))
	f.Add([]byte("lists: [{zone: \"$mhaus{K}.zen.dq.spamhaus.net\"}]"))
	f.Add(catalogueYAML)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := DefaultCatalogue()
		d := decoder{env: func(string) string { return "thekey" }}
		if err := d.decode(data, c); err != nil {
			if strings.Contains(err.Error(), "thekey") && !strings.Contains(string(data), "thekey") {
				t.Errorf("the error shows the key: %v", err)
			}
			return
		}
		for _, l := range c.Lists {
			if l.Dead == "" && (len(l.Kinds) == 0 || l.Weight == "" || !resolver.IsHostName(l.zone())) {
				t.Errorf("accepted %+v", l)
			}
			if l.Zone != l.zone() && !l.HasKey {
				t.Errorf("%s is asked as %s without a key", l.Zone, l.zone())
			}
		}
	})
}

// TestInPlaceOfDash: what is read stands where the dash stood, and lines that hold no subject
// are named.
func TestInPlaceOfDash(t *testing.T) {
	var bad []int
	got, err := InPlaceOfDash([]string{"a.example", "-", "b.example", "-"}, strings.NewReader("192.0.2.1\n# none\n\nno subject\n2001:db8::1\n"), func(line int, _ error) { bad = append(bad, line) })
	if want := "a.example 192.0.2.1 2001:db8::1 b.example -"; err != nil || strings.Join(got, " ") != want || len(bad) != 1 || bad[0] != 4 {
		t.Errorf("%q, %v, bad lines %d, want %q", got, err, bad, want)
	}
	if got, err := InPlaceOfDash([]string{"a.example"}, nil, nil); err != nil || len(got) != 1 {
		t.Errorf("without a dash: %q, %v", got, err)
	}
}

func FuzzParseSubjects(f *testing.F) {
	for _, s := range []string{"192.0.2.0/24", "2001:db8::/120", "acme.example", "::ffff:1.2.3.4/120", "a@b", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		addrs, domains, err := ParseSubjects([]string{s})
		if err != nil {
			return
		}
		if len(addrs) > 256 || len(addrs)+len(domains) == 0 {
			t.Errorf("%q: %d addresses, %d domains", s, len(addrs), len(domains))
		}
		for _, d := range domains {
			if !resolver.IsHostName(d) {
				t.Errorf("%q: domain %q", s, d)
			}
		}
	})
}
