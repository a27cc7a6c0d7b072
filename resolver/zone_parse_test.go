package resolver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseZoneErrors(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, tc := range []struct{ label, text, want string }{
		{"empty", "", "zone file z: no records"},
		{"comments only", "; nothing\n\n  ; here\n", "zone file z: no records"},
		{"relative owner", "\n@ IN SOA ns host 1 2 3 4 5\n", `z:2: "@" is relative (it has no final dot) and there is no origin: add a $ORIGIN line, or load the file as FILE@ORIGIN: "@ IN SOA ns host 1 2 3 4 5"`},
		{"relative target", "a.example. CNAME b\n", `z:1: "b" is relative`},
		{"relative origin", "$ORIGIN example\n", `z:1: "example" is relative`},
		{"include", "$ORIGIN a.example.\n$INCLUDE other.zone\n", `z:2: $INCLUDE is not followed: load that file as a zone of its own, or paste it here: "$INCLUDE other.zone"`},
		{"unknown directive", "$FOO bar\n", `z:1: unknown directive "$FOO"`},
		{"bad ttl", "$TTL soon\n", `z:1: bad time in $TTL`},
		{"bad address", "a.example. A 192.0.2.300\n", `z:1: "192.0.2.300" is no IPv4 address: "a.example. A 192.0.2.300"`},
		{"v6 in A", "a.example. A 2001:db8::1\n", `is no IPv4 address`},
		{"v4 in AAAA", "a.example. AAAA 192.0.2.1\n", `is no IPv6 address`},
		{"zone index", "a.example. AAAA fe80::1%eth0\n", `is no IPv6 address`},
		{"two addresses", "a.example. A 192.0.2.1 192.0.2.2\n", `A takes one address`},
		{"no data", "a.example. TXT\n", `TXT takes at least one string`},
		{"no type", "a.example. 300 IN\n", `the record has no type`},
		{"unknown type", "a.example. TXTT \"x\"\n", `z:1: unknown record type "TXTT"`},
		{"meta type", "a.example. ANY x\n", `cannot hold records of type TYPE255`},
		{"class", "a.example. CH TXT x\n", `class CH is not supported`},
		{"ttl too large", "a.example. 2147483648 TXT x\n", `the TTL is over`},
		{"long string", "a.example. TXT \"" + long + "\"\n", `z:1: a string has 256 bytes, and 255 are allowed`},
		{"bad escape", `a.example. TXT "\256"` + "\n", `bad escape`},
		{"short escape", `a.example. TXT "\25"` + "\n", `bad escape`},
		{"open quote", "a.example. TXT \"x\nb.example. TXT \"y\"\n", `z:1: a quoted string is not closed on its line: "a.example. TXT \"x"`},
		{"open parenthesis", "b.example. TXT x\na.example. TXT ( x\n y\n", `z:2: a parenthesis is never closed`},
		{"closing parenthesis", "a.example. TXT x )\n", `z:1: a closing parenthesis without an opening one`},
		{"first line of several", "b.example. A 192.0.2.1\n\na.example. (\n MX\n x mail.example. )\n", `z:3: "x" is no preference of an MX`},
		{"preference", "a.example. MX 65536 b.example.\n", `"65536" is no preference`},
		{"preference alone", "a.example. MX b.example.\n", `MX takes a preference and a host`},
		{"empty label", "a..example. A 192.0.2.1\n", `empty label`},
		{"long label", strings.Repeat("a", 64) + ".example. A 192.0.2.1\n", `longer than 63 octets`},
		{"long name", strings.Repeat("a.", 130) + " A 192.0.2.1\n", `longer than 255 octets`},
		{"no owner yet", "  A 192.0.2.1\n", `z:1: the line starts with white space`},
		{"soa", "a.example. SOA ns.a.example. host.a.example. 1 2 3\n", `z:1: bad SOA record`},
		{"tlsa", "a.example. TLSA 3 1\n", `z:1: bad TLSA record`},
		{"two SOA", "a.example. SOA a. b. 1 2 3 4 5\na.example. SOA a. b. 2 2 3 4 5\n", `z:2: a second, different SOA of a.example`},
		{"cname beside data", "a.example. A 192.0.2.1\na.example. CNAME b.example.\n", `z:2: a.example has a CNAME beside other data (A): no server loads this (RFC 1034, 3.6.2)`},
		{"two cnames", "a.example. CNAME c.example.\na.example. CNAME b.example.\n", `z:1: a.example has more than one CNAME`},
		{"utf16", "\xff\xfea\x00.\x00", `zone file z: not plain text: save it as UTF-8`},
		{"clipped and escaped", "a.example. A \x1b[31m" + long + "\n", `: "a.example. A \x1b[31m`},
		{"generate range", "$ORIGIN a.test.\n$GENERATE 5-1 a$ A 192.0.2.$\n", `z:2: bad range "5-1" of $GENERATE`},
		{"generate too many", "$ORIGIN a.test.\n$GENERATE 0-99999999 a$ A 192.0.2.1\n", `z:2: $GENERATE makes more than 65536 records`},
		{"generate data", "$ORIGIN a.test.\n$GENERATE 250-260 a$ A 192.0.2.$\n", `z:2: "192.0.2.256" is no IPv4 address`},
		{"long, and no character is halved", "$ORIGIN a.test.\nxy A " + strings.Repeat("ü", 60) + "\n", `"xy A ` + strings.Repeat("ü", 47) + `"…`},
		{"generate modifier", "$ORIGIN a.test.\n$GENERATE 1-2 a${0,3,q} A 192.0.2.1\n", `bad ${…}`},
	} {
		_, err := ParseZone(strings.NewReader(tc.text), "", "z")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.label, err, tc.want)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d bytes", tc.label, len(err.Error()))
		}
	}
}

// TestParseZoneForeign: a record that no check reads loses nothing else, and a parameter in
// quotes is one (RFC 9460, 2.1).
func TestParseZoneForeign(t *testing.T) {
	s, err := ParseZone(strings.NewReader(`$ORIGIN a.test.
$TTL 300
@ SOA ns host 1 7200 3600 1209600 300
@ HTTPS 1 . alpn="h2" ipv4hint="192.0.2.1"
_8443._https SVCB 1 . alpn="h3,h2"
@ CAA 0 issue "ca.test"
@ CAA nonsense
_sip._tcp SRV 1 2 x
@ TXT "here"
`), "", "z")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`z:7: the data of a CAA record is not understood (bad CAA Flag: "nonsense"), and no check reads it`,
		`z:8: the data of a SRV record is not understood (bad SRV Port: "x"), and no check reads it`}
	if !slices.Equal(s.Warnings, want) {
		t.Errorf("%q", s.Warnings)
	}
	for name, kind := range map[string]ZoneKind{"a.test": ZoneFound, "_sip._tcp.a.test": ZoneNoData, "other.a.test": ZoneNXDomain} {
		if a := Find([]*ZoneSet{s}, name, TypeTXT); a.Kind != kind {
			t.Errorf("%s: %v", name, a.Kind)
		}
	}
}

// TestParseZoneTooMany: records of a set that no server can serve, as no message holds them, are left
// out, and it is said from where on.
func TestParseZoneTooMany(t *testing.T) {
	for _, tt := range []struct {
		record string
		typ    Type
		want   int
	}{
		{"@ 300 A 10.%d.%d.1", TypeA, maxSet / 16},
		{"@ 300 MX 10 m%d-%d", TypeMX, 0},
		{"@ 300 TXT \"" + strings.Repeat("x", 200) + "%d-%d\"", TypeTXT, 0},
	} {
		var b strings.Builder
		b.WriteString("$ORIGIN a.test.\n@ 300 SOA ns host 1 2 3 4 5\n")
		for i := range 20_000 {
			fmt.Fprintf(&b, tt.record+"\n", i>>8, i&255)
		}
		b.WriteString("x 300 TXT \"y\"\n")
		s, err := ParseZone(strings.NewReader(b.String()), "", "z")
		if err != nil {
			t.Fatal(err)
		}
		n := len(Find([]*ZoneSet{s}, "a.test", tt.typ).Records)
		if n >= 10_000 || n < 200 || tt.want > 0 && n != tt.want || len(s.Warnings) != 1 ||
			!strings.HasPrefix(s.Warnings[0], fmt.Sprintf("z:%d: the %s records of a.test are more than", n+3, tt.typ)) {
			t.Errorf("%s: %d records, %q", tt.record, n, s.Warnings)
		}
		if Find([]*ZoneSet{s}, "x.a.test", TypeTXT).Kind != ZoneFound {
			t.Errorf("%s: what stands behind them is lost", tt.record)
		}
	}
}

// TestParseZoneFlattened: what servers make addresses from is an alias for these alone, at the origin
// a CNAME as well.
func TestParseZoneFlattened(t *testing.T) {
	const zone = "$ORIGIN a.test.\n@ 300 SOA ns host 1 2 3 4 5\n@ 300 MX 10 mx\n%s\nmx 300 A 192.0.2.1\n"
	for _, tt := range []struct{ record, warning string }{
		{"@ 300 CNAME pages.test.", "z:4: a.test has a CNAME beside its SOA: its servers answer with the addresses of pages.test (flattening), and so it is read"},
		{"@ 300 ALIAS pages.test.", ""},
		{"@ 300 IN aname pages.test.", ""},
	} {
		s, err := ParseZone(strings.NewReader(fmt.Sprintf(zone, tt.record)), "", "z")
		if err != nil {
			t.Errorf("%s: %v", tt.record, err)
			continue
		}
		if got := strings.Join(s.Warnings, " "); got != tt.warning {
			t.Errorf("%s: %q", tt.record, got)
		}
		sets := []*ZoneSet{s}
		for typ, want := range map[Type]ZoneKind{TypeA: ZoneAlias, TypeAAAA: ZoneAlias, TypeMX: ZoneFound, TypeSOA: ZoneFound, TypeTXT: ZoneNoData, TypeCNAME: ZoneNoData} {
			a := Find(sets, "a.test", typ)
			if a.Kind != want || want == ZoneAlias && (len(a.Records) != 1 || a.Records[0].Type != TypeCNAME || a.Records[0].Host != "pages.test") {
				t.Errorf("%s: %s: %+v", tt.record, typ, a)
			}
		}
		// Where the addresses are is not in the zone, and so not known: they are not absent.
		if _, err := NewOverlay(nil, s).Lookup(t.Context(), "a.test", TypeA); err == nil || AsError(err).Reason != Offline {
			t.Errorf("%s: %v", tt.record, err)
		}
	}
}

func TestParseZoneOrigins(t *testing.T) {
	for _, tc := range []struct {
		label, origin, text string
		want                []string
		warnings            []string
	}{
		{"given", "Acme.Example.", "@ A 192.0.2.1\n", []string{"acme.example"}, nil},
		{"given, SOA of another", "acme.example", "other.example. SOA a. b. 1 2 3 4 5\n@ A 192.0.2.1\n", []string{"acme.example"},
			[]string{"z:1: other.example is outside the zone acme.example: ignored"}},
		{"root", ".", "a.test. A 192.0.2.1\nb A 192.0.2.2\n", []string{"."}, nil},
		{"soa", "", "a.test. SOA a. b. 1 2 3 4 5\nb.test. A 192.0.2.1\n", []string{"a.test"},
			[]string{"z:2: b.test is outside the zone a.test: ignored"}},
		{"two soa", "", "a.test. SOA a. b. 1 2 3 4 5\nb.test. SOA a. b. 1 2 3 4 5\nx.b.test. A 192.0.2.1\n", []string{"a.test", "b.test"}, nil},
		{"soa, other $ORIGIN", "", "$ORIGIN test.\na SOA a. b. 1 2 3 4 5\n$ORIGIN a.test.\nx A 192.0.2.1\n", []string{"a.test"}, nil},
		{"topmost $ORIGIN", "", "$ORIGIN sub.a.test.\nx A 192.0.2.1\n$ORIGIN a.test.\nx A 192.0.2.1\n$ORIGIN b.test.\nx A 192.0.2.1\n$ORIGIN a.test.\n", []string{"a.test", "b.test"}, nil},
		{"common ancestor", "", "x.a.test. A 192.0.2.1\n_dmarc.a.test. TXT x\n", []string{"a.test"}, nil},
		{"one owner", "", "_dmarc.a.test. TXT x\n", []string{"_dmarc.a.test"}, nil},
		{"nothing in common", "", "a.test. A 192.0.2.1\nb.example. A 192.0.2.2\n", []string{"."},
			[]string{"z: no SOA, no $ORIGIN and no common parent of the names: taken as the root zone, so that every other name is absent"}},
		{"missing dots", "a.test", "a.test A 192.0.2.1\n@ MX 10 mx.a.test\n", []string{"a.test"},
			[]string{`z:1: "a.test" is a.test.a.test: is a final dot missing?`, `z:2: "mx.a.test" is mx.a.test.a.test: is a final dot missing?`}},
		{"the owner of the SOA is the origin", "", "a.test. SOA a. b. 1 2 3 4 5\nx A 192.0.2.1\nb.test. SOA a. b. 1 2 3 4 5\nx A 192.0.2.1\n", []string{"a.test", "b.test"}, nil},
		{"a $ORIGIN stays", "", "$ORIGIN test.\na.test. 300 IN SOA a. b. 1 2 3 4 5\nx.a A 192.0.2.1\n", []string{"a.test"}, nil},
		{"SOA without its final dot, as of Cloudflare", "", "a.test\t3600\tIN\tSOA\ta. b. 1 2 3 4 5\nx.a.test. A 192.0.2.1\n", []string{"a.test"},
			[]string{"z:1: the owner of the SOA has no final dot: it is taken for a.test."}},
		{"the same with an origin", "a.test", "A.test 3600 IN SOA a. b. 1 2 3 4 5\nx.a.test. A 192.0.2.1\n", []string{"a.test"},
			[]string{"z:1: the owner of the SOA has no final dot: it is taken for a.test."}},
		{"hidden", "a.test", "sub NS ns.sub\nns.sub A 192.0.2.1\nsub DS 1 8 2 " + strings.Repeat("00", 32) + "\n_dmarc.sub TXT x\n", []string{"a.test"},
			[]string{"z:4: _dmarc.sub.a.test TXT is hidden: sub.a.test is delegated by its NS records"}},
		{"comment in a text", "a.test", "a TXT v=DMARC1; p=none\nb TXT x ; fine\nc TXT \"x\"; fine\n", []string{"a.test"},
			[]string{"z:1: the text behind ';' is a comment: put the string in quotes if it belongs to the record"}},
		{"soa below the origin", "a.test", "b SOA a. b. 1 2 3 4 5\n@ A 192.0.2.1\n", []string{"a.test"},
			[]string{"z:1: SOA of b.a.test is not at the origin a.test: ignored"}},
	} {
		s, err := ParseZone(strings.NewReader(tc.text), tc.origin, "z")
		if err != nil {
			t.Errorf("%s: %v", tc.label, err)
			continue
		}
		if got := s.Origins(); !slices.Equal(got, tc.want) {
			t.Errorf("%s: origins %q, want %q", tc.label, got, tc.want)
		}
		if !slices.Equal(s.Warnings, tc.warnings) {
			t.Errorf("%s: warnings %q, want %q", tc.label, s.Warnings, tc.warnings)
		}
	}
	for _, tc := range []struct{ origin, text, want string }{
		{"a..test", "", "empty label"},
		{"a.test", "b.test. A 192.0.2.1\n", "no record at or below a.test"},
	} {
		if _, err := ParseZone(strings.NewReader(tc.text), tc.origin, "z"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("origin %s: %v, want %s", tc.origin, err, tc.want)
		}
	}
}

// TestQuoted: what a record would be in quotes is kept if a comment took of it.
func TestQuoted(t *testing.T) {
	long := strings.Repeat("x", maxData)
	for _, tc := range []struct{ data, text, quoted string }{
		{"v=DMARC1; p=none; x=y\t", "v=DMARC1", "v=DMARC1; p=none; x=y"},
		{"v=DMARC1;p=none\r", "v=DMARC1", "v=DMARC1;p=none"},
		{"v=DMARC1 ; p=none", "v=DMARC1", "v=DMARC1; p=none"},
		{`v=DMARC1\; p=none; a=\"b\300\`, "v=DMARC1;p=none", `v=DMARC1; p=none; a="b\300\`},
		{"( v=DMARC1; p=none\n x=y;z\n)", "v=DMARC1x=y", "v=DMARC1; p=none x=y;z"},
		{"v=DMARC1 ; since May", "v=DMARC1", ""},
		{"v=DMARC1 ;p", "v=DMARC1", ""},
		{`"v=DMARC1; p=none"; p=x`, "v=DMARC1; p=none", ""},
		{`v=DMARC1 "p=none" ; p=x`, "v=DMARC1p=none", ""},
		{"v=DMARC1;" + long, "v=DMARC1", ""},
	} {
		s, err := ParseZone(strings.NewReader("a.test. TXT "+tc.data+"\n"), "a.test", "z")
		if err != nil {
			t.Errorf("%s: %v", tc.data, err)
			continue
		}
		a, _ := NewOverlay(nil, s).Lookup(t.Context(), "a.test", TypeTXT)
		r := &a.Records[0]
		if r.Text() != tc.text || r.Quoted() != tc.quoted {
			t.Errorf("%.60s: %q, in quotes %q", tc.data, r.Text(), r.Quoted())
		}
		if note := a.Evidence().Note; (note == CutNote) != (tc.quoted != "") {
			t.Errorf("%.60s: the evidence says %q", tc.data, note)
		}
	}
}

// TestParseZoneForms is what the same record may look like.
func TestParseZoneForms(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"a.test. IN 300 TXT x\n", `300 "x"`},
		{"a.test. 300 in txt x\n", `300 "x"`},
		{"a.test.\t5m\tTXT\tx", `300 "x"`},
		{"a.test. 1h30m TXT x\n", `5400 "x"`},
		{"a.test. CLASS1 TYPE16 x\n", `3600 "x"`},
		{"$TTL 1d\r\na.test. TXT x\r\n", `86400 "x"`},
		{"\ufeff$ttl 60\na.test. TXT x\n", `60 "x"`},
		{"b.test. 77 A 192.0.2.1\na.test. TXT x\n", `77 "x"`},
		{"test. SOA a. b. 1 2 3 4 99\na.test. TXT x\n", `99 "x"`},
		{"$ORIGIN test.\na TXT (\n\"x\" ; one\n y ) ; two\n", `3600 "x" "y"`},
		{"$ORIGIN test.\n(a\nTXT x)\n", `3600 "x"`},
		{"$ORIGIN test.\na TXT \"x\"\"y\"z\n", `3600 "x" "y" "z"`},
		{"$ORIGIN test.\na TXT \"a;b (c)\" \"\"\n", `3600 "a;b (c)" ""`},
		{"$ORIGIN test.\na TXT a\\;b\\ c \"\\\"\\\\\\065\\128\"\n", `3600 "a;b c" "\"\\A\x80"`},
		{"$ORIGIN test.\n\\097 TXT x\n", `3600 "x"`},
		{"$ORIGIN test.\nA.TEST. TXT x\n", `3600 "x"`},
		{"a.test. TXT \\# 2 0178\n", `3600 "x"`},
		{"$ORIGIN test.\nz A 192.0.2.1\n$GENERATE 1-3 b$ A 192.0.2.$\na TXT x\n", `3600 "x"`},
	} {
		s, err := ParseZone(strings.NewReader(tc.text), "", "z")
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		a, err := NewOverlay(nil, s).Lookup(context.Background(), "a.test", TypeTXT)
		if err != nil || len(a.Records) != 1 {
			t.Errorf("%q: %v, %v", tc.text, a, err)
			continue
		}
		got := fmt.Sprint(a.TTL)
		for _, x := range a.Records[0].TXT {
			got += fmt.Sprintf(" %q", x)
		}
		if got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.text, got, tc.want)
		}
	}
}

func TestGenerate(t *testing.T) {
	r := NewOverlay(nil, mustParse(t, `
$ORIGIN 2.0.192.in-addr.arpa.
$GENERATE 1-9/2 $ 60 IN PTR host-${100,4,x}.example.
$GENERATE 0-1 txt$ TXT "cost \$5, ${-0}"
`, ""))
	for name, want := range map[string]string{
		"1.2.0.192.in-addr.arpa": `found "host-0065.example"`,
		"9.2.0.192.in-addr.arpa": `found "host-006d.example"`,
		"2.2.0.192.in-addr.arpa": `nxdomain`,
	} {
		if got := say(r.Lookup(context.Background(), name, TypePTR)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := say(r.Lookup(context.Background(), "txt1.2.0.192.in-addr.arpa", TypeTXT)); got != `found "cost $5, 1"` {
		t.Error(got)
	}
}

func TestZoneTTL(t *testing.T) {
	text := "$ORIGIN a.test.\n$TTL 500\n@ %s SOA a. b. 1 2 3 4 %s\nx 90 A 192.0.2.1\nx 80 A 192.0.2.2\ny 70 CNAME x\nz 10 CNAME absent\n"
	for _, tc := range []struct {
		soaTTL, minimum, name string
		typ                   Type
		want                  uint32
	}{
		{"1000", "600", "x", TypeA, 80},
		{"1000", "600", "y", TypeA, 70},
		{"1000", "600", "x", TypeMX, 600},
		{"100", "600", "x", TypeMX, 100}, // RFC 2308, 5
		{"1000", "600", "absent", TypeA, 600},
		{"1000", "600", "z", TypeA, 10},
	} {
		s := mustParse(t, fmt.Sprintf(text, tc.soaTTL, tc.minimum), "")
		a, err := NewOverlay(nil, s).Lookup(context.Background(), tc.name+".a.test", tc.typ)
		if err != nil || a.TTL != tc.want {
			t.Errorf("SOA %s/%s, %s %s: %+v, %v, want TTL %d", tc.soaTTL, tc.minimum, tc.name, tc.typ, a, err, tc.want)
		}
	}
	a, err := NewOverlay(nil, mustParse(t, "$ORIGIN a.test.\nx A 192.0.2.1\n", "")).Lookup(context.Background(), "y.a.test", TypeA)
	if err != nil || a.Status != NXDomain || a.TTL != 0 {
		t.Errorf("without an SOA: %+v, %v", a, err)
	}
}

func TestLoadZone(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	plain := write("plain", "a.test. SOA a. b. 1 2 3 4 5\n")
	relative := write("relative", "@ A 192.0.2.1\n")
	odd := write("odd@name", "b.test. SOA a. b. 1 2 3 4 5\n")
	again := write("again", "a.test. SOA a. b. 1 2 3 4 5\nx.a.test. A 192.0.2.1\n")
	large := write("large", "")
	if err := os.Truncate(large, int64(defaultZoneBounds().file)+1); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		specs []string
		want  string // the origins, or the error
	}{
		{[]string{plain}, "a.test"},
		{[]string{relative + "@c.test"}, "c.test"},
		{[]string{relative + "@."}, "."},
		{[]string{odd}, "b.test"},
		{[]string{plain, relative + "@c.test", odd}, "a.test c.test b.test"},
		{[]string{relative}, relative + `:1: "@" is relative`},
		{[]string{relative + "@"}, "no origin after the @"},
		{[]string{plain, again}, "zone a.test is loaded twice: from " + plain + " and from " + again},
		{[]string{plain, plain}, "zone a.test is loaded twice"},
		{[]string{filepath.Join(dir, "none")}, "zone file " + filepath.Join(dir, "none") + ": no such file or directory"},
		{[]string{dir}, "zone file " + dir + ": is a directory"},
		{[]string{large}, "zone file " + large + ": larger than 64 MiB"},
	} {
		sets, err := LoadZones(tc.specs...)
		var got []string
		for _, s := range sets {
			got = append(got, s.Origins()...)
		}
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q: error %v, want %s", tc.specs, err, tc.want)
			}
		} else if strings.Join(got, " ") != tc.want {
			t.Errorf("%q: origins %q, want %s", tc.specs, got, tc.want)
		}
	}
}

// FuzzParseZone wants no panic, and of a zone that loads an answer to every question.
func FuzzParseZone(f *testing.F) {
	f.Add(zoneText, "", "host1.example")
	f.Add("@ A 192.0.2.1\n*.x CNAME @\nd DNAME x\n", "a.test", "b.x.a.test")
	f.Add("$ORIGIN a.test.\n$GENERATE 0-20/3 a${1,2,x} TXT \"$\"\n", "", "a01.a.test")
	f.Add("a. SOA . . 1 2 3 4 5\nb.a. NS c.b.a.\n(c.b.a. A\n192.0.2.1)", "", "c.b.a")
	f.Fuzz(func(t *testing.T, text, origin, name string) {
		s, err := ParseZone(strings.NewReader(text), origin, "z")
		if err != nil {
			return
		}
		r := NewOverlay(nil, s)
		for _, typ := range []Type{TypeA, TypeTXT, TypeDS, TypeCNAME} {
			for _, n := range append(s.Origins(), name, name+"."+s.Origins()[0]) {
				a, err := r.Lookup(context.Background(), n, typ)
				if err == nil && (a.Status == Found) != (len(a.Records) > 0) {
					t.Errorf("%q %s: %+v", n, typ, a)
				}
			}
		}
	})
}
