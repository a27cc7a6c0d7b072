package format

import (
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/golden"
	"mailworthy/internal/show"
	"mailworthy/report/reporttest"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// everything is a document with each kind of block, and text from outside in all.
func everything(text string) *view.Doc {
	ten, ninety := 10, 90
	day := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	record := finding.Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:192.0.2.10 include:_spf.esp.example ip6:2001:db8:1:2:3:4:5:6 include:_spf.of.a.long.name.example -all"}
	node := view.Node{Lead: "1", Text: "include:_spf.esp.example", Notes: []string{"1 lookup in it", text},
		Children: []view.Node{{Text: "ip4:192.0.2.0/28"}, {Lead: "1", Text: text, Severity: finding.Critical, Notes: []string{"void lookup"}}}}
	return &view.Doc{Version: "1.0.0", Blocks: []view.Block{
		view.Title{Text: view.T("bounce.eml"), Status: view.Marked(finding.Error, "failed for good"), Right: view.SoftText("1 of 2"), Lines: view.Texts("said by mx.google.com", text)},
		view.Paragraph("Gmail refuses mail that neither SPF nor DKIM vouches for. | * _x_ <b> @someone " + text),
		view.Aside("soft line one", "soft line two"),
		view.Details{Title: "More " + text, Blocks: []view.Block{view.Paragraph("a detail")}},
		view.Note{Severity: finding.Warning, Text: view.Joined(view.T("The clock of this host is "), view.StrongText("4 hours"), view.T(" late: "), view.CodeText("a|b `c`"))},
		view.Items{Items: []view.Item{{Text: view.T("a point")}, {Severity: finding.Pass, Text: view.T(text)}}},
		view.Facts{Facts: []view.Fact{{Key: "reply", Value: view.CodeText("550 5.7.26")}, {Key: "empty"}, {Key: "text " + text, Value: view.T(text + strings.Repeat(" and more words", 12))}}},
		view.Table{Header: []string{"", "receiver", "messages", "why"}, Align: []view.Align{"", "", view.Right}, Rows: [][]view.Text{
			{view.Marked(finding.Error, ""), view.T("gmail"), view.T("12,345"), view.Joined(view.Colored(finding.Error, "not authenticated"), view.T(": "+strings.Repeat("words ", 12)), view.CodeText("a|b"))},
			{view.Marked(finding.Pass, ""), view.T(text), view.T("7"), view.T(text)}}},
		view.Tree{Lead: "lookups", Nodes: []view.Node{node, {Group: true, Text: "acme.example: several records", Severity: finding.Critical}, {Text: "-all"}}, Caption: "authorises 17 addresses"},
		view.Pre{Caption: "What the server said:", Lines: []string{"220 mx.acme.example", "    indented, and " + strings.Repeat("long ", 20), text}},
		view.Chart{Label: "Score of " + text, Caption: "2 runs", Max: 100, Grid: []int{0, 100},
			Points: []view.Point{{At: day, Value: &ten, Text: text}, {At: day.AddDate(0, 0, 1)}, {At: day.AddDate(0, 0, 2), Value: &ninety, Flag: true}}},
		view.Bars{Bars: []view.Bar{{Label: "gmail", Value: 120, Text: "7 deferred"}, {Label: text, Value: 3, Severity: finding.Error, Text: text}, {Label: "none"}}},
		view.Section{Title: "What to publish", Status: view.SoftText("2 records"), Lines: view.Texts("as soon as you can"), Blocks: []view.Block{
			view.Records{Comments: []string{"of " + text}, Add: []finding.Record{record}},
			view.Records{Remove: []finding.Record{{Name: "acme.example", Type: "TXT", Value: text}}, Add: []finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:<the address> -all"}}},
			view.Section{Title: "Within " + text, Loose: true, Blocks: []view.Block{view.Paragraph("one"), view.Paragraph("two"), view.Items{Items: []view.Item{{Text: view.T("three")}}}}},
			view.Diff{Lines: []view.DiffLine{{Op: "~", Text: "acme.example. TXT [-a-] {+b+}"}, {Op: "-", Text: text}, {Op: "+", Text: "b"}}},
		}},
		view.Findings{Domain: "acme.example", List: reporttest.Hostile().Findings},
		view.Counted{Findings: reporttest.Hostile().Findings, Queries: 3, DurationMS: 12},
		view.Next{Steps: []view.Step{{Command: "mailworthy audit acme.example", Does: "examines the domain"}, {Command: text}}},
	}}
}

// Every block is in the document, so that no writer forgets one.
func TestEveryBlock(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range everything("").Blocks {
		seen[reflect.TypeOf(b).Name()] = true
	}
	section := everything("").Blocks[12].(view.Section)
	for _, b := range section.Blocks {
		seen[reflect.TypeOf(b).Name()] = true
	}
	for _, b := range view.Kinds {
		if name := reflect.TypeOf(b).Name(); !seen[name] {
			t.Errorf("no %s is in the document", name)
		}
	}
	// A writer without a case for a block would write nothing of it.
	for _, f := range All {
		if f.Doc == nil {
			continue
		}
		for _, b := range append(everything("text").Blocks, section.Blocks...) {
			var with, without bytes.Buffer
			usual := usual
			usual.Table.Verbose = true
			if err := f.Doc(&with, &view.Doc{Blocks: []view.Block{view.Title{}, b}}, usual); err != nil {
				t.Fatal(err)
			}
			if err := f.Doc(&without, &view.Doc{Name: (&view.Doc{Blocks: []view.Block{b}}).PageName(), Blocks: []view.Block{view.Title{}}}, usual); err != nil {
				t.Fatal(err)
			}
			if with.Len() <= without.Len() {
				t.Errorf("%s writes nothing of a %T", f.Name, b)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	for _, f := range All {
		if f.Doc == nil {
			continue
		}
		for name, o := range map[string]Options{"": usual, "-color": {Table: terminal.Options{Width: 100, Color: true}}, "-40-ascii": {Table: terminal.Options{Width: 40, ASCII: true}}} {
			if name != "" && f.Name != "table" {
				continue
			}
			var b bytes.Buffer
			if err := f.Doc(&b, everything(bombtest.Attack), o); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "testdata/document/everything"+name+f.Extensions[0], b.Bytes())
			text := b.String()
			for _, r := range text {
				if r != '\n' && show.Invisible(r) && (r != 0x1b || !o.Table.Color) || o.Table.ASCII && r > 0x7e {
					t.Errorf("%s: %q stands in the output", f.Name, r)
				}
			}
			if f.Name == "html" && strings.Count(text, "<script") != 1 {
				t.Errorf("%s: text is markup", f.Name)
			}
			// The record can be copied as a whole.
			if o.Table.Width == 100 && !strings.Contains(text, "include:_spf.of.a.long.name.example -all") {
				t.Errorf("%s: the record is broken up", f.Name)
			}
			if !o.Table.ASCII && !strings.Contains(text, view.IncompleteText[:40]) && !strings.Contains(text, "Not to be published") {
				t.Errorf("%s: nothing says that a record has a place to fill in", f.Name)
			}
		}
	}
}

// A page is well-formed, and no two of its parts have the same name.
func TestDocumentPage(t *testing.T) {
	var b bytes.Buffer
	html, _ := Find("html")
	if err := html.Doc(&b, everything(bombtest.Attack), usual); err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(&b)
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	labels := map[string]bool{}
	depth := 0
	for {
		token, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			region, label := false, ""
			for _, a := range e.Attr {
				region = region || a.Name.Local == "role" && a.Value == "region"
				if a.Name.Local == "aria-label" {
					label = a.Value
				}
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" {
					t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
				}
			}
			if region && (label == "" || labels[label]) {
				t.Errorf("a region is named %q", label)
			}
			labels[label] = true
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 {
		t.Errorf("%d elements are left open", depth)
	}
}

// A text of 64 KB in each place makes no output of a size that hurts.
func TestDocumentIsBounded(t *testing.T) {
	for _, f := range All {
		if f.Doc == nil {
			continue
		}
		var b bytes.Buffer
		if err := f.Doc(&b, everything(strings.Repeat("\x1b[31m\xff\u202e", 8192)), usual); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 800<<10 {
			t.Errorf("%s: %d KB", f.Name, b.Len()>>10)
		}
	}
}

// FuzzDocument: no text of a document moves a terminal or is markup of a page.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", bombtest.Attack, "</title><script>", "a\nb\r\n", "\n\r\n", "  spaces  ", "\xff\x00", "é́́́́", "|`|", "日本語 日本語"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range All {
			if format.Doc == nil {
				continue
			}
			for _, color := range []bool{false, true} {
				var b bytes.Buffer
				o := Options{Table: terminal.Options{Width: 60, Color: color}}
				if err := format.Doc(&b, everything(text), o); err != nil {
					t.Fatal(err)
				}
				out := b.String()
				if format.Name == "html" && strings.Count(out, "<script") != 1 {
					t.Errorf("%s: %q is markup", format.Name, text)
				}
				for _, r := range out {
					if r != '\n' && show.Invisible(r) && (r != 0x1b || !color || format.Name != "table") {
						t.Fatalf("%s: %q stands in the output", format.Name, r)
					}
				}
			}
		}
	})
}
