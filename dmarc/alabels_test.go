package dmarc

import "testing"

// TestALabels: a host of the owner's in other letters than those of ASCII is its A-labels; where another name
// may be meant the record stays as it is.
func TestALabels(t *testing.T) {
	for _, tt := range []struct{ record, want string }{
		{"rua=mailto:d@acme.example", "rua=mailto:d@acme.example"},
		{"rua=mailto:d@bücher.example", "rua=mailto:d@xn--bcher-kva.example"},
		{"rua=mailto:d@Bücher.example!10m,mailto:e@x.straße.example", "rua=mailto:d@xn--bcher-kva.example!10m,mailto:e@x.xn--strae-oqa.example"},
		{"rua=mailto:d@bu\u0308cher.example", "rua=mailto:d@xn--bcher-kva.example"},
		{"l=https://bücher.example/bücher.svg", "l=https://xn--bcher-kva.example/bücher.svg"},
		{"rua=mailto:d@пример.рф", "rua=mailto:d@xn--e1afmkfd.xn--p1ai"},
		{"rua=mailto:dü@acme.example", "rua=mailto:dü@acme.example"},
		{"rua=mailto:d@bücher", "rua=mailto:d@bücher"},
		{"rua=mailto:d@acme.cöm", "rua=mailto:d@acme.cöm"},                   // no such top-level domain
		{"rua=mailto:d@acmé.example", "rua=mailto:d@acmé.example"},           // the owner's name with an accent
		{"rua=mailto:d@www.äcme.example", "rua=mailto:d@www.äcme.example"},   // the same
		{"rua=mailto:d@bÃ¼cher.example", "rua=mailto:d@bÃ¼cher.example"},     // UTF-8 taken for Latin-1
		{"rua=mailto:d@fÃªte.example", "rua=mailto:d@fÃªte.example"},         // the same, letters alone
		{"rua=mailto:d@аcmе.example", "rua=mailto:d@аcmе.example"},           // Cyrillic within Latin
		{"rua=mailto:d@асе.example", "rua=mailto:d@асе.example"},             // Cyrillic that looks like ace
		{"rua=mailto:d@b\xfccher.example", "rua=mailto:d@b\xfccher.example"}, // Latin-1
		{"rua=mailto:d@gmaíl.com", "rua=mailto:d@gmaíl.com"},                 // anybody's
		{"p=réject; x=bücher.example", "p=réject; x=bücher.example"},
		{"rua=mailto:d@b❤cher.example", "rua=mailto:d@b❤cher.example"},
		{"ü", "ü"}, {"@ü", "@ü"}, {"❤", "❤"},
	} {
		if got := ALabels(tt.record, "acme.example", "xn--bcher-kva.example", "xn--strae-oqa.example", "xn--e1afmkfd.xn--p1ai"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.record, got, tt.want)
		}
	}
}
