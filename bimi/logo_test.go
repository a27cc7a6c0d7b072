package bimi_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailworthy/bimi"
	"mailworthy/bimi/bimitest"
)

// kinds are those of faults, in their order, each once.
func kinds(faults bimi.Faults) string {
	var out []string
	for _, f := range faults {
		kind := string(f.Kind)
		if f.Minor {
			kind += " (minor)"
		}
		if len(out) == 0 || out[len(out)-1] != kind {
			out = append(out, kind)
		}
	}
	return strings.Join(out, ", ")
}

// TestLogo: what mailboxes refuse has a fault of its kind, with its line; what they take has
// none.
func TestLogo(t *testing.T) {
	good := bimitest.Logo
	with := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in the logo", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	inside := func(text string) string { return with("</svg>", text+"</svg>") }
	for _, tt := range []struct{ name, file, want, text string }{
		{"good", good, "", ""},
		{"byte order mark", "\ufeff" + good, "", ""},
		{"commas in the view box", with("0 0 100 100", "0,0,100,100"), "", ""},
		{"commas and spaces", with("0 0 100 100", " 0, 0, 100.0, 100 "), "", ""},
		{"width and height alone", with(`viewBox="0 0 100 100"`, `width="96" height="96"`), "", ""},
		{"gradient by url(#)", inside(`<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><path d="M0 0" fill="url(#a)"/>`), "", ""},
		{"use of a part", inside(`<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#a"/>`), "", ""},
		{"desc and metadata", inside(`<desc>words</desc><metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li/></rdf:RDF></metadata>`), "", ""},
		{"a prefix of its own", `<s:svg xmlns:s="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 1 1"><s:title>A</s:title></s:svg>`, "", ""},
		{"latin 1", strings.Replace(with("Acme", "Caf\xe9"), "UTF-8", "ISO-8859-1", 1), "", ""},

		{"empty", "", "not-svg", "no element"},
		{"HTML", "<html><body></body></html>", "not-svg", "<html>"},
		{"PNG", "\x89PNG\r\n\x1a\n", "not-svg", ""},
		{"cut off", good[:150], "not-svg", "XML"},
		{"two roots", good + "<svg/>", "not-svg", "more than one root"},
		{"entity", with("Acme", "&brand;"), "not-svg", "entity"},
		{"entity that is defined", with("<svg", "<!DOCTYPE svg [<!ENTITY brand \"Acme\">]>\n<svg"), "unsafe", "<!DOCTYPE>"},
		{"external document type", with("<svg", "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/x.dtd\">\n<svg"), "unsafe", ""},

		{"no namespace", with(` xmlns="http://www.w3.org/2000/svg"`, ""), "profile", "namespace"},
		{"no version", with(` version="1.2"`, ""), "profile", `version="1.2" is missing`},
		{"version 1.1", with(`version="1.2"`, `version="1.1"`), "profile", `version is "1.1"`},
		{"no profile", with(` baseProfile="tiny-ps"`, ""), "profile", "baseProfile"},
		{"tiny", with(`tiny-ps`, `tiny`), "profile", `"tiny"`},
		{"x on the root", with(`baseProfile=`, `x="0" baseProfile=`), "profile", "attribute x"},
		{"y on the root", with(`baseProfile=`, `y="0px" baseProfile=`), "profile", "attribute y"},
		{"zoom", with(`baseProfile=`, `zoomAndPan="magnify" baseProfile=`), "profile", "zoomAndPan"},
		{"filter", inside(`<filter id="f"/>`), "profile", "<filter>"},
		{"clip path", inside(`<clipPath id="c"><rect/></clipPath>`), "profile", "<clipPath>"},
		{"text span", inside(`<tspan>x</tspan>`), "profile", "<tspan>"},
		{"style attribute", inside(`<path style="fill:red" d="M0 0"/>`), "profile", "attribute style"},
		{"opacity", inside(`<g opacity="0.5"/>`), "profile", "attribute opacity"},
		{"attribute of an editor", inside(`<g xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:label="x"/>`), "profile", "another namespace"},
		{"element of an editor", inside(`<i:page xmlns:i="http://www.inkscape.org/namespaces/inkscape"/>`), "profile", "no element of SVG"},
		{"deep", inside(strings.Repeat("<g>", 200) + strings.Repeat("</g>", 200)), "profile", "deep"},

		{"script", inside(`<script>alert(1)</script>`), "unsafe", "line 6"},
		{"event", with(`<rect `, `<rect onload="x()" `), "unsafe", "onload"},
		{"event on the root", with(`baseProfile=`, `onclick="x" baseProfile=`), "unsafe", "onclick"},
		{"animation", inside(`<animate attributeName="x"/>`), "unsafe", "animation"},
		{"set", inside(`<set attributeName="x"/>`), "unsafe", ""},
		{"image", inside(`<image width="1" height="1"/>`), "unsafe", "another image"},
		{"foreign object", inside(`<foreignObject/>`), "unsafe", ""},
		{"link", inside(`<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://acme.example/"><g/></a>`), "unsafe", "link"},
		{"use of another file", inside(`<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://acme.example/x.svg#a"/>`), "unsafe", "acme.example"},
		{"script by href", inside(`<use href="javascript:alert(1)"/>`), "unsafe", ""},
		{"fill of another file", inside(`<path d="M0 0" fill="url(https://acme.example/x#a)"/>`), "unsafe", "attribute fill"},
		{"fill quoted", inside(`<path d="M0 0" fill="url( 'https://acme.example/x#a')"/>`), "unsafe", ""},
		{"style sheet", inside(`<style>@import url(x.css);</style>`), "unsafe", "style sheet"},
		{"style sheet of the file", with("<svg", "<?xml-stylesheet href=\"x.css\"?>\n<svg"), "unsafe", "xml-stylesheet"},
		{"base elsewhere", with(`baseProfile=`, `xml:base="https://acme.example/" baseProfile=`), "unsafe", "xml:base"},
		{"event of a foreign element", inside(`<metadata><x xmlns="urn:x" onclick="y"/></metadata>`), "unsafe", ""},

		{"wide", with("0 0 100 100", "0 0 200 100"), "not-square", "200 wide and 100 high"},
		{"no size", with("0 0 100 100", "0 0 0 0"), "not-square", ""},
		{"not a number", with("0 0 100 100", "0 0 NaN NaN"), "not-square", ""},
		{"three numbers", with("0 0 100 100", "0 0 100"), "not-square", "four numbers"},
		{"no view box", with(` viewBox="0 0 100 100"`, ""), "not-square", "no viewBox"},
		{"no title", with("<title>Acme</title>", ""), "title", "no <title>"},
		{"empty title", with("Acme", " "), "title", "empty"},
		{"title of a part", with("<title>Acme</title>", "<g><title>Acme</title></g>"), "title", "no <title>"},
		{"long title", with("Acme", strings.Repeat("Acme ", 14)), "title (minor)", "70 characters"},
		{"two titles", with("<title>", "<title>A</title><title>"), "profile", ""},

		{"32 KB", with("\n</svg>", "<!--"+strings.Repeat("x", bimi.MaxLogo-len(good)-len("<!---->")+1)+"--></svg>"), "", ""},
		{"a byte more", with("\n</svg>", "<!--"+strings.Repeat("x", bimi.MaxLogo-len(good)-len("<!---->")+2)+"--></svg>"), "too-large", "32769 bytes"},
		{"much more", with("</svg>", strings.Repeat(" ", 1<<20)+"</svg>"), "too-large", "more than 65536"},
		{"compressed", string(bimitest.Gzip([]byte(good))), "", ""},
		{"bomb", string(bimitest.Gzip(bytes.Repeat([]byte{' '}, 8<<20))), "too-large", "more than 65536"},
		{"compressed and cut off", string(bimitest.Gzip([]byte(good))[:60]), "not-svg", "uncompressed"},
		{"begins as gzip", "\x1f\x8b", "not-svg", "gzip"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := bimi.ReadLogo([]byte(tt.file))
			if got := kinds(l.Faults); got != tt.want {
				t.Errorf("%q, want %q (%q)", got, tt.want, l.Faults.Texts())
			}
			if all := strings.Join(l.Faults.Texts(), "; "); !strings.Contains(all, tt.text) {
				t.Errorf("no %q in %q", tt.text, all)
			}
		})
	}
	l := bimi.ReadLogo([]byte(good))
	if l.Title != "Acme" || l.ViewBox != "0 0 100 100" || l.Bytes != len(good) || l.Compressed {
		t.Errorf("%+v", l)
	}
}

// TestLogoFaults: however much is wrong, so much is said, and nothing twice.
func TestLogoFaults(t *testing.T) {
	var text strings.Builder
	text.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 1 1"><title>A</title>`)
	for i := range 1000 {
		fmt.Fprintf(&text, `<e%d/><script/>`, i)
	}
	text.WriteString("</svg>")
	l := bimi.ReadLogo([]byte(text.String()))
	if n := len(l.Faults); n > 20 || n < 10 {
		t.Errorf("%d faults", n)
	}
	if n := len(l.Faults.Of(bimi.Unsafe)); n != 1 {
		t.Errorf("%d faults about one kind of element", n)
	}
}

// FuzzLogo: whatever the file is, reading ends, with faults of a bounded number; a logo
// without faults has a title, and no word of a script in it.
func FuzzLogo(f *testing.F) {
	f.Add([]byte(bimitest.Logo))
	f.Add(bimitest.Gzip([]byte(bimitest.Logo)))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>`))
	f.Add([]byte(strings.Replace(bimitest.Logo, "<rect", `<use xlink:href="x#a" onload="y"/><rect`, 1)))
	f.Fuzz(func(t *testing.T, file []byte) {
		l := bimi.ReadLogo(file)
		if len(l.Faults) > 20 {
			t.Errorf("%d faults", len(l.Faults))
		}
		if len(l.Faults) == 0 && (l.Title == "" || l.Bytes == 0) {
			t.Errorf("no faults: %+v", l)
		}
		if !l.Faults.Grave() && !l.Compressed && bytes.Contains(file, []byte("<script")) && !bytes.Contains(file, []byte("<!")) {
			t.Errorf("a script and no fault: %q", file)
		}
	})
}
