package explain

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/internal/bouncesuite"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

// printed is what the JSON says of one input, read back: the suites are of what users see.
func printed(t testing.TB, x *Explainer, name string, data []byte) []Input {
	t.Helper()
	in, err := x.Read(name, data)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	r := &Report{Schema: Schema, Inputs: in}
	r.Prove(context.Background(), proof.New(nil, audit.Options{}))
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out Report
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out.Inputs
}

func codeOf(i *Item) string {
	if i.ReplyCode == nil {
		return ""
	}
	return strconv.Itoa(*i.ReplyCode)
}

// TestSuiteExplainBounces: the corpus of bounces through all of explain.
func TestSuiteExplainBounces(t *testing.T) {
	all := bouncesuite.Cases(t)
	byFile := map[string]bouncesuite.Case{}
	for _, c := range all {
		byFile[c.File] = c
	}
	x := &Explainer{}
	var recipients, reasons, codes, codesAll, kinds, said int
	for _, c := range all {
		data, err := os.ReadFile(filepath.Join(bouncesuite.Dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		inputs := printed(t, x, c.File, data)
		var got []Item
		for _, in := range inputs {
			got = append(got, in.Items...)
			if in.Kind == bounce.KindReply || in.Kind == bounce.KindText || in.Kind == bounce.KindLog {
				t.Errorf("%s is taken for a %s", c.File, in.Kind)
			}
		}
		want := c.Expect
		if c.SameAs != "" {
			want = byFile[c.SameAs].Expect
		}
		if want == nil {
			continue
		}
		_, known := bouncesuite.DifferentBounce(c.File)
		if len(want) == 0 {
			kinds++
		}
		for i, w := range want {
			recipients++
			if i >= len(got) {
				if !known {
					t.Errorf("%s: recipient %d is missing", c.File, i+1)
				}
				continue
			}
			if bouncesuite.Right(w.Reason, string(got[i].Reason)) {
				reasons++
			} else if !known {
				t.Errorf("%s: %s for %s", c.File, got[i].Reason, w.Reason)
			}
			if w.Replycode != "" {
				codesAll++
				if codeOf(&got[i]) == w.Replycode {
					codes++
				} else if !known {
					t.Errorf("%s: %q for %s", c.File, codeOf(&got[i]), w.Replycode)
				}
			}
			if got[i].SaidBy != reply.SpeakerUnknown {
				said++
			}
		}
	}
	t.Logf("explain, bounces: reasons %d of %d, reply codes %d of %d; who said it is known of %d", reasons, recipients, codes, codesAll, said)
	if reasons*100 < recipients*95 || codes*100 < codesAll*95 {
		t.Error("under 95 %")
	}
}

// TestSuiteExplainReplies: the replies of both files through all of explain, as texts.
func TestSuiteExplainReplies(t *testing.T) {
	x := &Explainer{}
	right, all, codes, codesAll := 0, 0, 0, 0
	for _, l := range bouncesuite.Replies(t, "replies.ndjson") {
		in := printed(t, x, "text", []byte(l.Text))
		if len(in) == 0 || len(in[0].Items) == 0 {
			continue
		}
		item := &in[0].Items[len(in[0].Items)-1]
		// Without the host and the codes of the report, the text alone decides.
		all++
		for i := range in[0].Items {
			if bouncesuite.Right(l.Reason, string(in[0].Items[i].Reason)) {
				right++
				break
			}
		}
		if l.Replycode != "" && strings.Contains(l.Text, l.Replycode) {
			codesAll++
			if codeOf(item) == l.Replycode || codeOf(&in[0].Items[0]) == l.Replycode {
				codes++
			} else {
				t.Logf("code %s, want %s: %.120s", codeOf(item), l.Replycode, l.Text)
			}
		}
	}
	named, codesNamed, manual := 0, 0, 0
	for _, l := range bouncesuite.Replies(t, "field-manual-replies.ndjson") {
		in := printed(t, x, "text", []byte(l.Text))
		if len(in) == 0 || len(in[0].Items) == 0 {
			continue
		}
		manual++
		item := &in[0].Items[0]
		if item.Reason != reply.Unknown {
			named++
		} else {
			t.Errorf("unknown: %s", l.Text)
		}
		if codeOf(item) == l.Replycode || !strings.Contains(l.Text, l.Replycode) {
			codesNamed++
		}
	}
	t.Logf("explain, replies as texts: reasons %d of %d, codes %d of %d; field manual: a reason for %d of %d, codes %d", right, all, codes, codesAll, named, manual, codesNamed)
	if codes*100 < codesAll*95 || named*100 < manual*95 || codesNamed*100 < manual*95 || right*100 < all*90 {
		t.Error("under 95 % (90 % of reasons, which the text alone does not always show)")
	}
}

// BenchmarkExplain explains the bounces of the corpus: 1,000 of them must take less than
// 5 seconds.
func BenchmarkExplain(b *testing.B) {
	var all [][]byte
	for _, c := range bouncesuite.Cases(b) {
		data, err := os.ReadFile(filepath.Join(bouncesuite.Dir, c.File))
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data)
	}
	x := &Explainer{}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		in, err := x.Read("x", all[n%len(all)])
		if err != nil {
			b.Fatal(err)
		}
		r := &Report{Schema: Schema, Inputs: in}
		r.Prove(context.Background(), proof.New(nil, audit.Options{}))
		n++
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(n)*1000, "s/1000bounces")
}
