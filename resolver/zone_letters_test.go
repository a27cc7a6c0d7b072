package resolver

import (
	"strings"
	"testing"
)

// TestZoneLetters: names in other letters than those of ASCII are asked for by their A-labels, and so a file
// that has them is read, at every place of a name, and in text they are what they are.
func TestZoneLetters(t *testing.T) {
	const xn = "xn--bcher-kva.example"
	for _, tt := range []struct{ name, origin, file, want, warns string }{
		{"the origin", "", "$ORIGIN bücher.example.\n@ SOA ns h 1 2 3 4 5\n@ MX 10 Mäil\nmäil A 192.0.2.1\n*.straße CNAME www.bücher.example.\n_dmarc TXT \"bücher\"\n",
			xn + " SOA ns." + xn + "|" + xn + " MX xn--mil-qla." + xn + "|xn--mil-qla." + xn + " A|*.xn--strae-oqa." + xn + " CNAME www." + xn + "|_dmarc." + xn + " TXT", "1: \"bücher.example.\" is read as " + xn + "."},
		{"the owner of the SOA, without its dot", "", "bücher.example SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n", xn + " SOA ns." + xn + "|www." + xn + " A", "1: \"bücher.example\" is read as " + xn},
		{"stated", "bücher.example", "@ SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n", xn + " SOA ns." + xn + "|www." + xn + " A", ""},
		{"no name", "acme.example", "@ SOA ns h 1 2 3 4 5\na\u3002b A 192.0.2.1\n", "acme.example SOA ns.acme.example|a\u3002b.acme.example A", "is no name that anybody can ask for"},
		{"what cannot be seen, and wide letters, are no part of a name that a registry takes", "acme.example", "@ SOA ns h 1 2 3 4 5\n_dmarc\u200b TXT \"x\"\nm\u00adx A 192.0.2.1\n\uff3fdmarc TXT \"x\"\n",
			"acme.example SOA ns.acme.example|\uff3fdmarc.acme.example TXT|m\u00adx.acme.example A|_dmarc\u200b.acme.example TXT", "is no name that anybody can ask for"},
		{"octets", "acme.example", "@ SOA ns h 1 2 3 4 5\nb\\195\\188 A 192.0.2.1\nc\xfc A 192.0.2.2\n", "acme.example SOA ns.acme.example|b\u00fc.acme.example A|c\xfc.acme.example A", ""},
	} {
		set, err := ParseZone(strings.NewReader(tt.file), tt.origin, "f.zone")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, origin := range set.Origins() {
			for _, r := range Below(NewOverlay(nil, set), origin, EveryType()...) {
				got = append(got, strings.TrimSpace(r.Name+" "+r.Type.String()+" "+r.Host))
			}
		}
		if got := strings.Join(got, "|"); got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, got, tt.want)
		}
		if said := strings.Join(set.Warnings, "\n"); (said == "") != (tt.warns == "") || !strings.Contains(said, tt.warns) {
			t.Errorf("%s: %q", tt.name, set.Warnings)
		}
	}
}
