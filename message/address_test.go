package message

import (
	"reflect"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	ok := func(name, address, domain string) []Address {
		return []Address{{Name: name, Address: address, Domain: domain}}
	}
	bad := func(address, domain, wrong string) []Address {
		return []Address{{Address: address, Domain: domain, Error: wrong}}
	}
	for _, tt := range []struct {
		in     string
		want   []Address
		groups []string
	}{
		{in: "info@acme.example", want: ok("", "info@acme.example", "acme.example")},
		{in: "<info@Acme.Example>", want: ok("", "info@Acme.Example", "acme.example")},
		{in: "Acme <info@acme.example>", want: ok("Acme", "info@acme.example", "acme.example")},
		{in: "Acme Ltd. <info@acme.example>", want: ok("Acme Ltd.", "info@acme.example", "acme.example")},
		{in: `"Acme, Ltd" <info@acme.example>`, want: ok("Acme, Ltd", "info@acme.example", "acme.example")},
		{in: `"Acme \"A\" Ltd" (HQ) <info@acme.example> (x (y))`, want: ok(`Acme "A" Ltd`, "info@acme.example", "acme.example")},
		{in: "=?UTF-8?Q?B=C3=BCcher?= <info@acme.example>", want: ok("Bücher", "info@acme.example", "acme.example")},
		{in: "=?UTF-8?Q?B=C3=BC?= =?utf-8?b?Y2hlcg==?= GmbH <info@acme.example>", want: ok("Bücher GmbH", "info@acme.example", "acme.example")},
		{in: "Bücher <büro@bücher.example>", want: ok("Bücher", "büro@bücher.example", "xn--bcher-kva.example")},
		{in: "info@xn--bcher-kva.example", want: ok("", "info@xn--bcher-kva.example", "xn--bcher-kva.example")},
		{in: `"a b"@acme.example`, want: ok("", `"a b"@acme.example`, "acme.example")},
		{in: `"a\"b".c@acme.example`, want: ok("", `"a\"b".c@acme.example`, "acme.example")},
		{in: "a.b+c=d_e@mail-1.acme.example", want: ok("", "a.b+c=d_e@mail-1.acme.example", "mail-1.acme.example")},
		{in: "info @ acme . example", want: ok("", "info@acme.example", "acme.example")},
		{in: "info(local)@(domain)acme.example", want: ok("", "info@acme.example", "acme.example")},
		{in: "Acme <@a.example,@b.example:info@acme.example>", want: ok("Acme", "info@acme.example", "acme.example")},
		{in: "a@acme.example, B <b@acme.example>", want: []Address{{Address: "a@acme.example", Domain: "acme.example"}, {Name: "B", Address: "b@acme.example", Domain: "acme.example"}}},
		{in: ",, a@acme.example ,", want: ok("", "a@acme.example", "acme.example")},
		{in: "", want: []Address{}},
		{in: "(nobody)", want: []Address{}},
		{in: "undisclosed-recipients:;", want: []Address{}, groups: []string{"undisclosed-recipients"}},
		{in: "Team: a@acme.example, B <b@acme.example>; c@acme.example", groups: []string{"Team"}, want: []Address{
			{Address: "a@acme.example", Domain: "acme.example", Group: "Team"}, {Name: "B", Address: "b@acme.example", Domain: "acme.example", Group: "Team"},
			{Address: "c@acme.example", Domain: "acme.example"}}},

		{in: "Acme, Ltd <info@acme.example>", want: []Address{{Address: "Acme", Error: "there is no @ in it"}, {Name: "Ltd", Address: "info@acme.example", Domain: "acme.example"}}},
		{in: "info", want: bad("info", "", "there is no @ in it")},
		{in: "<>", want: bad("<>", "", "the angle brackets are empty")},
		{in: "Acme <info>", want: bad("Acme <info>", "", "there is no @ between the angle brackets")},
		{in: "info@", want: bad("info@", "", "there is no domain after the @")},
		{in: "@acme.example", want: bad("@acme.example", "acme.example", "there is nothing before the @")},
		{in: "info@localhost", want: bad("info@localhost", "localhost", "the domain has only one label")},
		{in: "info@acme..example", want: bad("info@acme..example", "acme..example", "the domain has an empty label")},
		{in: "info@acme.example.", want: bad("info@acme.example.", "acme.example.", "the domain has an empty label")},
		{in: "info@ac!me.example", want: bad("info@ac!me.example", "ac!me.example", `'!' does not belong in a domain`)},
		{in: "info@[192.0.2.1]", want: bad("info@[192.0.2.1]", "[192.0.2.1]", "the domain is an address literal, which no receiver accepts as an author")},
		{in: "info@[192.0.2.1", want: bad("info@", "", "the address literal has no closing bracket")},
		{in: ".info@acme.example", want: bad(".info@acme.example", "acme.example", "a dot in the local part has nothing before it")},
		{in: "in..fo@acme.example", want: bad("in..fo@acme.example", "acme.example", "a dot in the local part has nothing before it")},
		{in: "info.@acme.example", want: bad("info.@acme.example", "acme.example", "the local part ends with a dot")},
		{in: "Acme info@acme.example", want: bad("Acme info@acme.example", "acme.example", "there is text before the address; a name needs angle brackets around the address")},
		{in: "info@acme.example (x) trailing", want: bad("info@acme.example", "acme.example", "text follows the address where a comma or the end is expected")},
		{in: "Acme <info@acme.example", want: []Address{{Name: "Acme", Address: "info@acme.example", Domain: "acme.example", Error: "the closing angle bracket is missing"}}},
		{in: "info@acme.example; b@acme.example", want: bad("info@acme.example", "acme.example", "text follows the address where a comma or the end is expected")},
		{in: "info@b\xfccher.example", want: bad("info@b\xfccher.example", "", "the domain is not UTF-8")},
		{in: ")", want: bad(")", "", "there is no @ in it")},
		{in: "\x00", want: bad("\x00", "", "there is no @ in it")},
	} {
		t.Run(tt.in, func(t *testing.T) {
			f := readAddresses(&Field{Name: "To", Value: " " + tt.in})
			if !reflect.DeepEqual(f.Addresses, tt.want) {
				t.Errorf("got  %+v\nwant %+v", f.Addresses, tt.want)
			}
			if !reflect.DeepEqual(f.Groups, tt.groups) || f.Count != len(tt.want) {
				t.Errorf("%d addresses, groups %q; want %d, %q", f.Count, f.Groups, len(tt.want), tt.groups)
			}
		})
	}
}

func TestAddressBound(t *testing.T) {
	f := readAddresses(&Field{Name: "To", Value: strings.Repeat("a@acme.example,", 3000)})
	if len(f.Addresses) != maxAddresses || f.Count != 3000 {
		t.Errorf("%d kept of %d", len(f.Addresses), f.Count)
	}
	// Nested comments cost no stack.
	f = readAddresses(&Field{Name: "To", Value: strings.Repeat("(", 1<<20)})
	if f.Count != 0 {
		t.Errorf("%d addresses in an open comment", f.Count)
	}
}

func TestDecodeWords(t *testing.T) {
	for _, tt := range []struct{ in, want, wrong string }{
		{"plain", "plain", ""},
		{"=?utf-8?q?caf=C3=A9?=", "café", ""},
		{"=?UTF-8*en?B?Y2Fmw6k=?=", "café", ""},
		{"=?utf-8?B?Y2Fmw6k?=", "café", ""},
		{"=?iso-8859-1?Q?caf=e9_noir?= x", "café noir x", ""},
		{"=?utf-8?q?a?=  =?utf-8?q?b?= c", "ab c", ""},
		{"=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b", ""},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本", ""},
		{"a =? b ?= c", "a =? b ?= c", ""},
		{"=?klingon?q?a?=", "=?klingon?q?a?=", `character set "klingon" is not known`},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?=", "only B and Q exist"},
		{"=?utf-8?b?%%?=", "=?utf-8?b?%%?=", "not base64"},
		{"=?utf-8?q?=G1?=", "=?utf-8?q?=G1?=", "is no octet"},
		{"=?utf-8?q?=C3?=", "=?utf-8?q?=C3?=", "must not be split between two"},
		{"=?utf-8?q?a b?=", "=?utf-8?q?a b?=", "a space or an octet"},
		{"=?us-ascii?q?=C3=A9?=", "=?us-ascii?q?=C3=A9?=", "not US-ASCII"},
		{"=?utf-8?q?" + strings.Repeat("a", 64) + "?=", strings.Repeat("a", 64), "it has 76 characters"},
		{"=?utf-8?q?" + strings.Repeat("a", 63) + "?=", strings.Repeat("a", 63), ""},
	} {
		got, wrong := decodeWords(tt.in)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
		}
		if (wrong == "") != (tt.wrong == "") || !strings.Contains(wrong, tt.wrong) {
			t.Errorf("%s: wrong %q, want %q", tt.in, wrong, tt.wrong)
		}
	}
}
