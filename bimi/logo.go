// Package bimi reads the two files that a BIMI record names: the logo, an SVG of the
// profile Tiny PS (draft-svg-tiny-ps-abrotman), and its evidence, a mark certificate (VMC
// or CMC, draft-fetch-validation-vmc-wchuang) with the logo inside. Bytes become facts and
// faults; nothing is asked or fetched. Both files come from outside: they are bounded, and
// nothing in them is followed.
package bimi

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"mailworthy/internal/show"
)

// MaxLogo is how many bytes a logo may have, uncompressed.
const MaxLogo = 32 << 10

const (
	// maxRead is how much of a logo is read, uncompressed, so that its size can be said.
	maxRead = 2 * MaxLogo
	// maxDepth bounds how deep elements are nested.
	maxDepth = 100
	// maxFaults bounds the faults of a file that are kept.
	maxFaults = 20
	// maxTitle is the longest title, in characters.
	maxTitle = 64
)

// Kind is what a fault is about. Each is a check.
type Kind string

// The kinds of faults of a logo.
const (
	// NotSVG: it is no XML, or its root is no svg.
	NotSVG Kind = "not-svg"
	// TooLarge: it has more than MaxLogo bytes.
	TooLarge Kind = "too-large"
	// Unsafe: it runs, loads or links to something, or defines entities.
	Unsafe Kind = "unsafe"
	// Profile: it is not of the profile Tiny PS.
	Profile Kind = "profile"
	// NotSquare: its width is not its height.
	NotSquare Kind = "not-square"
	// NoTitle: its title is missing, empty or long.
	NoTitle Kind = "title"
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	Kind Kind `json:"kind"`
	// Text is a clause without a final stop; what it repeats of the file is escaped.
	Text string `json:"text"`
	// Line of the file, 0 for the file as a whole.
	Line int `json:"line"`
	// Minor: receivers hardly mind.
	Minor bool `json:"minor"`
}

// Faults are what is wrong with a file.
type Faults []Fault

// Of returns the faults of the kinds.
func (f Faults) Of(kinds ...Kind) Faults {
	var out Faults
	for _, one := range f {
		if slices.Contains(kinds, one.Kind) {
			out = append(out, one)
		}
	}
	return out
}

// Grave reports whether one of the faults is no minor one.
func (f Faults) Grave() bool {
	return slices.ContainsFunc(f, func(one Fault) bool { return !one.Minor })
}

// Texts are the faults in words, each with its line.
func (f Faults) Texts() []string {
	out := make([]string, len(f))
	for i, one := range f {
		out[i] = one.Text
		if one.Line > 0 {
			out[i] += fmt.Sprintf(" (line %d)", one.Line)
		}
	}
	return out
}

// Logo is what there is in the file of a logo.
type Logo struct {
	// Bytes is its size uncompressed; More: it is larger, and was not read to its end.
	Bytes      int    `json:"bytes"`
	More       bool   `json:"more"`
	Compressed bool   `json:"compressed"`
	Title      string `json:"title"`
	// ViewBox as it is written; empty if it has none.
	ViewBox string `json:"view_box"`
	Faults  Faults `json:"faults"`
	// text is the logo uncompressed.
	text []byte
}

// ReadLogo reads the file of a logo, which may be compressed by gzip.
func ReadLogo(file []byte) *Logo {
	l := &Logo{Faults: Faults{}}
	text, compressed, err := unpack(file)
	l.Compressed = compressed
	l.Bytes, l.More = min(len(text), maxRead), len(text) > maxRead
	switch {
	case err != nil:
		l.fault(NotSVG, 0, "it begins as a gzip file and cannot be uncompressed")
		return l
	case l.More:
		l.fault(TooLarge, 0, "it has more than %d bytes, and may have %d", maxRead, MaxLogo)
		return l
	}
	l.text = text
	if len(text) > MaxLogo {
		l.fault(TooLarge, 0, "it has %d bytes, and may have %d", len(text), MaxLogo)
	}
	(&reader{logo: l}).read(text)
	return l
}

// unpack returns a file uncompressed, as far as it is read.
func unpack(file []byte) (text []byte, compressed bool, err error) {
	if !bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		return file[:min(len(file), maxRead+1)], false, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, true, err
	}
	text, err = io.ReadAll(io.LimitReader(z, maxRead+1))
	if len(text) > maxRead {
		err = nil // the rest of a bomb is not looked at
	}
	return text, true, err
}

func (l *Logo) fault(kind Kind, line int, format string, args ...any) {
	if len(l.Faults) < maxFaults {
		l.Faults = append(l.Faults, Fault{Kind: kind, Line: line, Text: fmt.Sprintf(format, args...)})
	}
}

// Names of namespaces.
const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
)

// reader goes through the elements of a logo.
type reader struct {
	logo *Logo
	xml  *xml.Decoder
	// open are the elements around the place, the root first.
	open []string
	// titled: a title of the root was seen; said: faults that were said of the same thing.
	titled bool
	said   map[string]bool
}

// once adds a fault that is said once of a thing, however often it is there.
func (r *reader) once(kind Kind, thing, format string, args ...any) {
	if r.said[thing] || len(r.said) >= maxFaults {
		return
	}
	r.said[thing] = true
	line, _ := r.xml.InputPos()
	r.logo.fault(kind, line, format, args...)
}

// read goes through the text of a logo.
func (r *reader) read(text []byte) {
	r.said = map[string]bool{}
	r.xml = xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.xml.CharsetReader = charset.NewReaderLabel
	roots := 0
	for {
		token, err := r.xml.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, _ := r.xml.InputPos()
			r.logo.fault(NotSVG, line, "it is no XML: %s", show.Cut(problem(err), 120))
			return
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(r.open) == 0 {
				if roots++; roots > 1 || !r.root(&token) {
					if roots > 1 {
						r.once(NotSVG, "roots", "it has more than one root element")
					}
					return
				}
			} else {
				r.element(&token)
			}
			if r.open = append(r.open, token.Name.Local); len(r.open) > maxDepth {
				r.once(Profile, "depth", "its elements are nested more than %d deep", maxDepth)
				return
			}
		case xml.EndElement:
			r.open = r.open[:len(r.open)-1]
		case xml.CharData:
			r.text(token)
		case xml.Directive:
			r.once(Unsafe, "doctype", "it has a document type (<!%s>), which can define entities", show.Cut(firstWord(string(token)), 20))
		case xml.ProcInst:
			if token.Target != "xml" {
				r.once(Unsafe, "?"+token.Target, "it has a processing instruction (<?%s?>), which can load a style sheet", show.Cut(token.Target, 30))
			}
		}
	}
	switch {
	case roots == 0:
		r.logo.fault(NotSVG, 0, "there is no element in it")
	case !r.titled:
		r.logo.fault(NoTitle, 0, "it has no <title> below <svg>")
	case strings.TrimSpace(r.logo.Title) == "":
		r.logo.fault(NoTitle, 0, "its <title> is empty")
	case utf8.RuneCountInString(r.logo.Title) > maxTitle:
		r.logo.Faults = append(r.logo.Faults, Fault{Kind: NoTitle, Minor: true, Text: fmt.Sprintf("its <title> has %d characters, more than %d", utf8.RuneCountInString(r.logo.Title), maxTitle)})
	}
	r.logo.Title = show.Cut(strings.Join(strings.Fields(r.logo.Title), " "), 2*maxTitle)
}

// problem is an error of the decoder without what is said anyway.
func problem(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return strings.TrimPrefix(err.Error(), "xml: ")
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// text is what stands between elements.
func (r *reader) text(data xml.CharData) {
	if len(r.open) == 2 && r.open[1] == "title" {
		r.logo.Title += string(data)
	}
}

// root judges the root element; false: it is no svg, and nothing more is said.
func (r *reader) root(e *xml.StartElement) bool {
	if e.Name.Local != "svg" {
		r.once(NotSVG, "root", "its root element is <%s>, not <svg>", show.Cut(e.Name.Local, 40))
		return false
	}
	if e.Name.Space != svgSpace {
		r.once(Profile, "xmlns", `its <svg> is not of the namespace of SVG: xmlns="%s" is missing`, svgSpace)
	}
	values := map[string]string{}
	for _, a := range e.Attr {
		if a.Name.Space == "" {
			values[a.Name.Local] = a.Value
		}
	}
	for _, want := range []struct{ name, value string }{{"version", "1.2"}, {"baseProfile", "tiny-ps"}} {
		switch got, ok := values[want.name]; {
		case !ok:
			r.once(Profile, want.name, `%s="%s" is missing at <svg>`, want.name, want.value)
		case got != want.value:
			r.once(Profile, want.name, `%s is %s and must be "%s"`, want.name, show.Quote(got, 40), want.value)
		}
	}
	for _, name := range []string{"x", "y"} {
		if _, ok := values[name]; ok {
			r.once(Profile, name, "<svg> has the attribute %s, which the root may not have", name)
		}
	}
	for _, only := range fixed {
		if got, ok := values[only.name]; ok && got != only.value {
			r.once(Profile, only.name, `%s is %s and can only be "%s"`, only.name, show.Quote(got, 40), only.value)
		}
	}
	r.square(values)
	r.attributes(e)
	return true
}

// square judges the shape: that of the view box, or without one width and height.
func (r *reader) square(values map[string]string) {
	box, ok := values["viewBox"]
	if !ok {
		width, height := values["width"], values["height"]
		if width == "" || width != height || strings.HasSuffix(width, "%") {
			r.once(NotSquare, "viewBox", "<svg> has no viewBox, and no width and height that are equal")
		}
		return
	}
	r.logo.ViewBox = show.Cut(box, 60)
	parts := strings.FieldsFunc(box, func(c rune) bool { return strings.ContainsRune(" \t\r\n,", c) })
	var numbers [4]float64
	for i, part := range parts {
		n, err := strconv.ParseFloat(part, 64)
		if i >= len(numbers) || err != nil {
			parts = nil
			break
		}
		numbers[i] = n
	}
	switch width, height := numbers[2], numbers[3]; {
	case len(parts) != len(numbers):
		r.once(NotSquare, "viewBox", "its viewBox is %s, which are not four numbers", show.Quote(box, 60))
	case !(width > 0 && height > 0):
		r.once(NotSquare, "viewBox", "its viewBox is %s: it has no width or no height", show.Quote(box, 60))
	case width != height:
		r.once(NotSquare, "viewBox", "its viewBox is %s: %s wide and %s high", show.Quote(box, 60), show.Cut(parts[2], 20), show.Cut(parts[3], 20))
	}
}

// element judges an element below the root.
func (r *reader) element(e *xml.StartElement) {
	name := e.Name.Local
	shown := show.Cut(name, 40)
	switch {
	case e.Name.Space != svgSpace && e.Name.Space != "":
		if !slices.Contains(r.open, "metadata") {
			r.once(Profile, "<"+e.Name.Space+name, "<%s> is no element of SVG", shown)
		}
		r.events(e)
		return
	case running[name] != "":
		r.once(Unsafe, "<"+name, "<%s> %s", shown, running[name])
	case !elements[name]:
		r.once(Profile, "<"+name, "<%s> is no element of SVG Tiny PS", shown)
	case name == "title" && len(r.open) == 1:
		if r.titled {
			r.once(Profile, "title", "it has more than one <title> below <svg>")
		}
		r.titled = true
	}
	r.attributes(e)
}

// attributes judges the attributes of an element of SVG.
func (r *reader) attributes(e *xml.StartElement) {
	r.events(e)
	own := e.Name.Local
	for _, a := range e.Attr {
		name := a.Name.Local
		switch {
		case a.Name.Space == "xmlns" || name == "xmlns" && a.Name.Space == "":
		case isEvent(a), isHref(a):
		case a.Name.Space == xmlSpace || a.Name.Space == "xml":
			if !slices.Contains([]string{"id", "base", "lang", "space"}, name) {
				r.once(Profile, "xml:"+name, "the attribute xml:%s is not of SVG Tiny PS", show.Cut(name, 40))
			}
		case a.Name.Space == xlinkSpace && own == "use":
		case a.Name.Space != "":
			r.once(Profile, a.Name.Space+name, "the attribute %s at <%s> is of another namespace than SVG's", show.Cut(name, 40), show.Cut(own, 40))
		case len(r.open) == 0 && (name == "x" || name == "y"): // said of the root
		case !elements[own] || free[own]: // said of the element; attributes of fonts are many
		case !common[name] && !slices.Contains(particular[own], name):
			r.once(Profile, "@"+name, "the attribute %s at <%s> is not of SVG Tiny PS", show.Cut(name, 40), show.Cut(own, 40))
		}
	}
}

// events judges what in the attributes of any element runs or loads something.
func (r *reader) events(e *xml.StartElement) {
	for _, a := range e.Attr {
		name, value := show.Cut(a.Name.Local, 40), strings.TrimSpace(a.Value)
		switch {
		case isEvent(a):
			r.once(Unsafe, "@"+name, "the attribute %s runs a script", name)
		case isHref(a):
			if !strings.HasPrefix(value, "#") {
				r.once(Unsafe, "@"+name, "%s leads to %s: nothing but a part of the file itself (#…) may be used", name, show.Quote(value, 60))
			}
		case name == "base" && strings.Contains(value, "//"):
			r.once(Unsafe, "@"+name, "xml:base is %s: it leads out of the file", show.Quote(value, 60))
		case a.Name.Space != "xmlns" && leadsOut(value):
			r.once(Unsafe, "url"+name, "the attribute %s has %s: nothing but a part of the file itself (#…) may be used", name, show.Quote(value, 60))
		}
	}
}

func isEvent(a xml.Attr) bool {
	return a.Name.Space == "" && len(a.Name.Local) > 2 && strings.EqualFold(a.Name.Local[:2], "on")
}

func isHref(a xml.Attr) bool {
	return a.Name.Local == "href" && (a.Name.Space == xlinkSpace || a.Name.Space == "xlink" || a.Name.Space == "") || a.Name.Local == "src" && a.Name.Space == ""
}

// leadsOut reports whether a value has a url() of something else than a part of the file.
func leadsOut(value string) bool {
	value = strings.ToLower(value)
	for {
		_, rest, ok := strings.Cut(value, "url(")
		if !ok {
			return false
		}
		if value = strings.TrimLeft(rest, " \t\r\n\"'"); !strings.HasPrefix(value, "#") {
			return true
		}
	}
}
