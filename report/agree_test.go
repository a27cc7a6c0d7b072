package report

import (
	"strconv"
	"strings"
	"testing"

	"mailworthy/finding"
)

// TestAgree: what stays complete can be published together; a fix that changes a
// record which one before it changes in another way waits for that one.
func TestAgree(t *testing.T) {
	txt := func(name, value string, remove ...string) *finding.Fix {
		f := &finding.Fix{Summary: "Mend it.", Name: name, Type: "TXT", Value: value, Complete: true}
		for _, v := range remove {
			f.Remove = append(f.Remove, finding.Record{Name: name, Type: "TXT", Value: v})
		}
		return f
	}
	of := func(rtype, name, value string) *finding.Fix {
		return &finding.Fix{Summary: "Mend it.", Name: name, Type: rtype, Value: value, Complete: true}
	}
	const d = "acme.example"
	for _, tt := range []struct {
		name          string
		first, second *finding.Fix
		agree         bool
	}{
		{"two SPF records at one name", txt(d, "v=spf1 -all", "v=spf1 mx -all"), txt(d, "v=spf1 mx ~all", "v=spf1 mx -all"), false},
		{"the same fix twice", txt(d, "v=spf1 -all", "v=spf1 a"), txt(d, "v=spf1 -all", "v=spf1 a"), true},
		{"records of two kinds", txt(d, "v=spf1 -all"), txt(d, "other=1"), true},
		{"names that differ by case alone", txt(d, "v=spf1 -all"), txt("Acme.example", "v=spf1 ~all"), false},
		{"two policies", txt("_dmarc."+d, "v=DMARC1; p=none"), txt("_dmarc."+d, "v=DMARC1;p=reject"), false},
		{"a policy moved and a policy made", txt("_dmarc."+d, "v=DMARC1; p=reject"), txt("_dmarc."+d, "v=DMARC1; p=none; rua=mailto:a@acme.example"), false},
		{"one removes what the other adds", txt(d, "v=spf1 -all"), &finding.Fix{Remove: []finding.Record{{Name: d, Type: "TXT", Value: "v=spf1 -all"}}, Complete: true}, false},
		{"one adds what the other removes", &finding.Fix{Remove: []finding.Record{{Name: d, Type: "TXT", Value: "v=spf1 -all"}}, Complete: true}, txt(d, "v=spf1 -all"), false},
		{"both remove the same", &finding.Fix{Summary: "1", Remove: []finding.Record{{Name: d, Type: "TXT", Value: "x"}}, Complete: true},
			&finding.Fix{Summary: "2", Remove: []finding.Record{{Name: d, Type: "TXT", Value: "x"}}, Complete: true}, true},
		{"two addresses of one host", of("A", "mx1."+d, "192.0.2.1"), of("A", "mx1."+d, "192.0.2.2"), true},
		{"two aliases of one name", of("CNAME", "s1._domainkey."+d, "a.example"), of("CNAME", "s1._domainkey."+d, "b.example"), false},
		{"names apart", txt("a."+d, "v=spf1 -all"), txt("b."+d, "v=spf1 ~all"), true},
		{"two records of a linter", &finding.Fix{Value: "v=spf1 -all", Complete: true}, &finding.Fix{Value: "v=spf1 ~all", Complete: true}, false},
	} {
		list := []finding.Finding{{Check: "first", Fix: tt.first}, {Check: "second", Fix: tt.second}}
		second := *tt.second
		Agree(list)
		if !list[0].Fix.Complete || list[0].Fix.After != "" {
			t.Errorf("%s: the first fix is not complete any more", tt.name)
		}
		if got := list[1].Fix; got.Complete != tt.agree || (got.After == "first") == tt.agree {
			t.Errorf("%s: the second is complete: %v, after %q", tt.name, got.Complete, got.After)
		}
		if tt.second.Key() != second.Key() {
			t.Errorf("%s: a fix that others may share was changed", tt.name)
		}
	}
	// What is not complete holds up nothing that is, and waits for it. Nor have two of them
	// that are to be filled in the same record in two ways. A step for later is apart.
	open := &finding.Fix{Name: d, Type: "TXT", Value: "v=spf1 ip4:<the address of mx> -all"}
	other := &finding.Fix{Name: d, Type: "TXT", Value: "v=spf1 ip4:<the address of mx> ~all"}
	later := &finding.Fix{Name: d, Type: "TXT", Value: "v=spf1 -all", When: "nobody sends"}
	for _, tt := range []struct {
		name  string
		fixes []*finding.Fix
		after string
	}{
		{"to fill in, and complete", []*finding.Fix{open, txt(d, "v=spf1 -all")}, "1 "},
		{"complete, and to fill in", []*finding.Fix{txt(d, "v=spf1 -all"), open}, " 0"},
		{"to fill in twice", []*finding.Fix{open, other}, " 0"},
		{"the same twice", []*finding.Fix{open, open}, " "},
		{"for later", []*finding.Fix{open, later}, " "},
		{"elsewhere", []*finding.Fix{open, txt("a."+d, "v=spf1 -all")}, " "},
		{"no record", []*finding.Fix{open, {Summary: "Do it."}, other}, "  0"},
	} {
		var list []finding.Finding
		for i, f := range tt.fixes {
			list = append(list, finding.Finding{Check: strconv.Itoa(i), Fix: f})
		}
		Agree(list)
		var after []string
		for i, f := range list {
			if after = append(after, f.Fix.After); f.Fix.Complete != tt.fixes[i].Complete {
				t.Errorf("%s: fix %d is complete: %v", tt.name, i, f.Fix.Complete)
			}
		}
		if got := strings.Join(after, " "); got != tt.after {
			t.Errorf("%s: they wait for %q, want %q", tt.name, got, tt.after)
		}
	}
}
