package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/checkpoint"
	"mailworthy/internal/field"
	"mailworthy/report"
	"mailworthy/report/format"
)

// names is a format whose rows are the domains, below a header.
var names = format.Format{
	Header: func(to *format.Text, _ format.Options) error { _, err := to.Write([]byte("domain\n")); return err },
	Row: func(to *format.Text, r *report.Report, _ format.Options) error {
		_, err := fmt.Fprintf(to, "%s\n", r.Domain)
		return err
	},
}

// listOf is a list of n domains.
func listOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "d%03d.example\n", i)
	}
	return b.String()
}

// slowly answers for domains in another order than they come.
func slowly(ctx context.Context, domain string) *report.Report {
	time.Sleep(time.Duration(domain[3]-'0') % 3 * time.Millisecond)
	return report.New(&audit.Result{Domain: domain}, report.DefaultScale(), "1.0.0")
}

func TestStream(t *testing.T) {
	const n = 60
	for _, ordered := range []bool{false, true} {
		var out bytes.Buffer
		calls := 0
		run := &Run{List: NewList(Source{Name: "list", Reader: strings.NewReader(listOf(n))}), Inspect: slowly, Format: names, To: &out,
			Concurrency: 8, Ordered: ordered, Standard: Standard{FailOn: finding.Error}, Each: func(c *Count) {
				if calls++; c.Tally.Domains != calls {
					t.Errorf("%d counted after %d rows", c.Tally.Domains, calls)
				}
			}}
		waits := !run.Begun()
		if err := errors.Join(run.Resume(), run.Stream(t.Context()), run.Finish(true)); err != nil {
			t.Fatal(err)
		}
		if !waits || !run.Begun() {
			t.Errorf("ordered %v: it has begun only when a domain is audited", ordered)
		}
		want := strings.Fields("domain " + listOf(n))
		got := strings.Fields(out.String())
		if len(got) == 0 || got[0] != "domain" {
			t.Fatalf("%q", got)
		}
		if !ordered {
			slices.Sort(got[1:])
		}
		if !slices.Equal(got, want) {
			t.Errorf("ordered %v: %q", ordered, got)
		}
		if calls != n || run.Count().Tally.Domains != n || run.Unanswered() != "" {
			t.Errorf("%d rows, %d counted, unanswered %q", calls, run.Count().Tally.Domains, run.Unanswered())
		}
	}
}

// TestStreamResumes: a run that is stopped finishes what is under way, and the next one
// with its checkpoint does the rest, each domain once and below one header.
func TestStreamResumes(t *testing.T) {
	const n = 100
	for _, ordered := range []bool{false, true} {
		dir := t.TempDir()
		state, output := filepath.Join(dir, "state"), filepath.Join(dir, "out")
		var audited atomic.Int64
		once := func(stopAfter int64) (*Run, error) {
			point, err := checkpoint.Open(state, "list", output, nil)
			if err != nil {
				return nil, err
			}
			defer point.Close()
			stop := make(chan struct{})
			begun := int64(0)
			run := &Run{List: NewList(Source{Name: "list", Reader: strings.NewReader(listOf(n))}), Format: names, Checkpoint: point, Concurrency: 4,
				Ordered: ordered, Stop: stop, Inspect: func(ctx context.Context, domain string) *report.Report {
					audited.Add(1)
					return slowly(ctx, domain)
				}, Each: func(*Count) {
					if begun++; begun == stopAfter {
						close(stop)
					}
				}}
			if err := errors.Join(run.Resume(), run.Stream(t.Context())); err != nil {
				return nil, err
			}
			return run, run.Finish(stopAfter == 0)
		}
		var last *Run
		for _, after := range []int64{20, 30, 0} {
			run, err := once(after)
			if err != nil {
				t.Fatal(err)
			}
			last = run
		}
		if last.Count().Tally.Domains != n || audited.Load() != n || last.Count().Seconds <= 0 {
			t.Errorf("%d domains counted, %d audited, %f seconds", last.Count().Tally.Domains, audited.Load(), last.Count().Seconds)
		}
		text, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(string(text))
		if slices.Sort(got[1:]); !slices.Equal(got, strings.Fields("domain "+listOf(n))) {
			t.Errorf("ordered %v: %q", ordered, got)
		}
	}
}

// TestResumeOther: a checkpoint of another list is refused, with what to do.
func TestResumeOther(t *testing.T) {
	dir := t.TempDir()
	for i, list := range []string{listOf(9), "other.example\n" + listOf(9)} {
		point, err := checkpoint.Open(filepath.Join(dir, "state"), "list", filepath.Join(dir, "out"), nil)
		if err != nil {
			t.Fatal(err)
		}
		run := &Run{List: NewList(Source{Name: "list", Reader: strings.NewReader(list)}), Format: names, Checkpoint: point, Inspect: slowly}
		err = run.Resume()
		if i == 0 {
			err = errors.Join(err, run.Stream(t.Context()), run.Finish(false))
		}
		point.Close()
		var wrong *field.Error
		if errors.As(err, &wrong) != (i == 1) || i == 1 && (wrong.Field != "checkpoint" || wrong.Hint() == "") {
			t.Errorf("run %d: %v", i, err)
		}
	}
}

// TestStreamEnds: if the context ends nothing more is written, and a row that cannot
// be written ends the run with its error.
func TestStreamEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	run := &Run{List: NewList(Source{Name: "list", Reader: strings.NewReader(listOf(50))}), Format: names, To: new(bytes.Buffer), Concurrency: 2,
		Inspect: slowly, Each: func(*Count) { cancel() }}
	if err := errors.Join(run.Resume(), run.Stream(ctx)); err != nil || run.Count().Tally.Domains != 1 {
		t.Errorf("%d rows, %v", run.Count().Tally.Domains, err)
	}
	full := errors.New("no space left")
	run = &Run{List: NewList(Source{Name: "list", Reader: strings.NewReader(listOf(50))}), Format: names, To: broken{full}, Inspect: slowly}
	if err := errors.Join(run.Resume(), run.Stream(t.Context())); !errors.Is(err, full) {
		t.Error(err)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestStandard(t *testing.T) {
	score := func(n int) report.Score { return report.Score{Value: &n} }
	of := func(severity, couldBe finding.Severity, s report.Score) *report.Report {
		return &report.Report{Score: s, Result: audit.Result{Findings: []finding.Finding{{Severity: severity, CouldBe: couldBe}}}}
	}
	for _, tt := range []struct {
		name     string
		standard Standard
		r        *report.Report
		want     int
	}{
		{"met", Standard{FailOn: finding.Error}, of(finding.Warning, "", score(80)), 0},
		{"failed", Standard{FailOn: finding.Warning}, of(finding.Warning, "", score(80)), 1},
		{"never", Standard{FailOn: report.Never}, of(finding.Critical, "", score(10)), 0},
		{"a low score", Standard{FailOn: report.Never, MinScore: 90}, of(finding.Warning, "", score(80)), 1},
		{"no score", Standard{FailOn: report.Never, MinScore: 90}, of(finding.Warning, "", report.Score{}), 0},
		{"not known", Standard{FailOn: finding.Error}, of(finding.Unknown, finding.Error, score(80)), 3},
		{"not known and no matter", Standard{FailOn: finding.Error, UnknownOK: true}, of(finding.Unknown, finding.Error, score(80)), 0},
	} {
		if got := tt.standard.Status(tt.r); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ a, b, want int }{{0, 0, 0}, {0, 3, 3}, {3, 0, 3}, {3, 1, 1}, {1, 3, 1}, {0, 1, 1}} {
		c := Count{Status: tt.a}
		if c.Add(report.Count{}, tt.b); c.Status != tt.want {
			t.Errorf("%d and %d: %d, want %d", tt.a, tt.b, c.Status, tt.want)
		}
	}
}

func TestCountLines(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]int64{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "\n\n": 2} {
		file := filepath.Join(dir, "list")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := CountLines(file); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := CountLines(dir); got != -1 {
		t.Errorf("a folder: %d", got)
	}
}
