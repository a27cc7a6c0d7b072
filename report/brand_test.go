package report

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
)

func TestLogo(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	const svg = `<svg xmlns="http://www.w3.org/2000/svg"/>`
	for _, tt := range []struct{ content, url, wrong string }{
		{picture.String(), "data:image/png;base64,iVBOR", ""},
		{svg, "data:image/svg+xml;base64,PHN2Z", ""},
		{"\ufeff" + svg, "data:image/svg+xml;base64,", ""},
		{"<!DOCTYPE svg>\n" + svg, "data:image/svg+xml;base64,", ""},
		{`<svg/>`, "", "its first element is no svg"},
		{"<html xmlns=\"http://www.w3.org/2000/svg\"/>", "", "its first element"},
		{"GIF89a", "", "neither PNG nor SVG"},
		{"", "", "neither"},
		{picture.String()[:20], "", "unexpected EOF"},
		{strings.Repeat("x", MaxLogo+1), "", "more than 512 KB"},
	} {
		var b Brand
		err := b.SetLogo([]byte(tt.content))
		if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) || !strings.HasPrefix(b.DataURL(), tt.url) || (err != nil) != (b.DataURL() == "") {
			t.Errorf("%.30q: %v, %.40s", tt.content, err, b.DataURL())
		}
	}
	if (*Brand)(nil).DataURL() != "" {
		t.Error("no brand has a logo")
	}
}

func TestBrandInPolicy(t *testing.T) {
	for text, wrong := range map[string]string{
		"brand: {title: Example, logo: logo.svg}":          "",
		"brand: {title: Example}":                          "",
		"brand: {}":                                        "a title or a logo",
		"brand: {logo: \"https://www.example/l.svg\"}":     "nothing is fetched",
		"brand: {colour: red}":                             "colour",
		"brand: {title: " + strings.Repeat("x", 201) + "}": "more than 200",
	} {
		p, err := LoadPolicy([]byte(text))
		if (err != nil) != (wrong != "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%.40s: %v", text, err)
		}
		if err == nil && (p.Brand == nil || p.Brand.Title != "Example") {
			t.Errorf("%s: %+v", text, p.Brand)
		}
	}
}
