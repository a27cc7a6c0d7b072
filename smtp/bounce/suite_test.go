package bounce

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailworthy/internal/bouncesuite"
	"mailworthy/smtp/reply"
)

func TestSuiteBounces(t *testing.T) {
	k := reply.Default()
	all := bouncesuite.Cases(t)
	byFile := map[string]bouncesuite.Case{}
	for _, c := range all {
		byFile[c.File] = c
	}
	n := struct{ recipients, reasons, codes, codesAll, statuses, statusesAll, addresses, addressesAll, observed, observedAll int }{}
	for _, c := range all {
		data, err := os.ReadFile(filepath.Join(bouncesuite.Dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		want := c.Expect
		if c.SameAs != "" {
			want = byFile[c.SameAs].Expect
		}
		reviewed := want != nil
		if want == nil {
			for _, o := range c.Observed {
				want = append(want, bouncesuite.Expectation{Reason: o.Reason})
			}
		}
		say := t.Errorf
		if why, ok := bouncesuite.DifferentBounce(c.File); ok {
			say = func(format string, args ...any) { t.Logf("difference: %s: "+format, append([]any{why}, args...)...) }
		}
		var got []Recipient
		var kind Kind
		for _, m := range Split(data) {
			p := Parse(m, k)
			got, kind = append(got, p.Recipients...), p.Kind
		}
		if len(got) != len(want) {
			say("%s: %d recipients, want %d (%s)", c.File, len(got), len(want), kind)
		}
		for i, w := range want {
			if reviewed {
				n.recipients++
			} else {
				n.observedAll++
			}
			if i >= len(got) {
				continue
			}
			g := got[i]
			e := g.Explanation
			if i < len(c.Observed) && strings.Contains(c.Observed[i].Recipient, "@") && !strings.Contains(c.Observed[i].Recipient, ".invalid") {
				n.addressesAll++
				if strings.EqualFold(g.Address, c.Observed[i].Recipient) {
					n.addresses++
				} else {
					say("%s: %s for %s", c.File, g.Address, c.Observed[i].Recipient)
				}
			}
			right := bouncesuite.Right(w.Reason, string(e.Reason))
			if !reviewed {
				if right {
					n.observed++
				} else {
					say("%s: %s (%s %q) for %s: %.200q", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, g.Text)
				}
				continue
			}
			if right {
				n.reasons++
			} else {
				say("%s: %s (%s %q) for %s [%s %s]: %.250q", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, w.Replycode, w.Status, g.Text)
			}
			if w.Replycode != "" {
				n.codesAll++
				if strconv.Itoa(g.Explanation.Code) == w.Replycode {
					n.codes++
				} else {
					say("%s: %q for %s: %.250q", c.File, strconv.Itoa(g.Explanation.Code), w.Replycode, g.Text)
				}
			}
			if w.Status != "" && strings.Contains(string(data), w.Status) {
				n.statusesAll++
				if e.Enhanced == w.Status {
					n.statuses++
				} else {
					say("%s: %q for %s: %.250q", c.File, e.Enhanced, w.Status, g.Text)
				}
			}
		}
	}
	t.Logf("bounces: reasons %d of %d, reply codes %d of %d, status %d of %d, recipients %d of %d; observed only: reasons %d of %d",
		n.reasons, n.recipients, n.codes, n.codesAll, n.statuses, n.statusesAll, n.addresses, n.addressesAll, n.observed, n.observedAll)
	for _, share := range [][2]int{{n.reasons, n.recipients}, {n.codes, n.codesAll}, {n.statuses, n.statusesAll}, {n.addresses, n.addressesAll}} {
		if share[0]*100 < share[1]*95 {
			t.Errorf("%d of %d is under 95 %%", share[0], share[1])
		}
	}
}
