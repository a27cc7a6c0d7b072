package bulk

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/internal/field"
	"mailworthy/report"
	"mailworthy/report/format"
)

// stated is what the command states by default.
func stated() Statement {
	return Statement{Choice: format.Choice{Format: "table", Formats: format.Names()}, Confirm: 1, Given: 1}
}

// TestStatement: what means nothing, or does not go together, is refused in words.
func TestStatement(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte("acme.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ofList := func(s *Statement) { s.File, s.Given = list, 0 }
	for want, change := range map[string]func(*Statement){
		`format "xls" is not known here`:                                                         func(s *Statement) { s.Format = "xls" },
		"is the list of -f: it would be overwritten":                                             func(s *Statement) { ofList(s); s.Files = []string{list} },
		"chromium without PDF to write":                                                          func(s *Statement) { s.Chromium = "/bin/true" },
		"a comparison is written once: give output once":                                         func(s *Statement) { s.Against, s.Files = "old.zone", []string{"a.json", "b.html"} },
		"plan with format rows: a row has no plan":                                               func(s *Statement) { s.Plan, s.Format, s.Stated = true, "rows", true },
		"fields and jq take lines of JSON, and format table has none":                            func(s *Statement) { s.Fields, s.Stated = []string{"domain"}, true },
		"fields and jq with output in two formats, rows and ndjson":                              func(s *Statement) { s.JQ, s.Files = ".", []string{"-", "a.ndjson"} },
		`fields: a line of rows has no field "nothing"`:                                          func(s *Statement) { s.Fields = []string{"nothing"} },
		"csv findings with format table":                                                         func(s *Statement) { s.Rowed = "findings" },
		"min_score 101: it must be 0 to 100":                                                     func(s *Statement) { s.MinScore = 101 },
		"concurrency -1: it must be 1 to 65536":                                                  func(s *Statement) { s.Concurrency = -1 },
		"against with format sarif: a comparison is written as table, json, markdown or html":    func(s *Statement) { s.Against, s.Format, s.Stated = "old.zone", "sarif", true },
		"against live compares the live DNS with itself":                                         func(s *Statement) { s.Against = inspect.Live },
		"checkpoint with several output: it keeps how far one file is written":                   func(s *Statement) { ofList(s); s.Checkpoint, s.Files = "state", []string{"a.csv", "b.ndjson"} },
		"checkpoint with format html, which is written as a whole":                               func(s *Statement) { ofList(s); s.Checkpoint, s.Files = "state", []string{"a.html"} },
		"checkpoint goes with a list alone":                                                      func(s *Statement) { s.Checkpoint, s.Files = "state", []string{"a.ndjson"} },
		"checkpoint needs a file to write to: what went to standard output cannot be taken back": func(s *Statement) { ofList(s); s.Checkpoint = "state" },
		"changes needs a history to compare with":                                                func(s *Statement) { s.Changes = true },
		"changes and against exclude each other":                                                 func(s *Statement) { s.Changes, s.History, s.Against = true, "mail.db", "old.zone" },
		"changes with format csv: changes are written as table, json, markdown or html":          func(s *Statement) { s.Changes, s.History, s.Format, s.Stated = true, "mail.db", "csv", true },
		"confirm 101: it must be 1 to 100":                                                       func(s *Statement) { s.Changes, s.History, s.Confirm = true, "mail.db", 101 },
		"confirm says when a change is believed":                                                 func(s *Statement) { s.Confirm = 2 },
	} {
		s := stated()
		change(&s)
		_, err := s.Check()
		var wrong *field.Error
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// TestStatementWrites: a list is rows, and so is what is picked of lines; what has a plan is
// planned, and what is compared is not.
func TestStatementWrites(t *testing.T) {
	for _, tt := range []struct {
		name             string
		change           func(*Statement)
		format           string
		streams, planned bool
	}{
		{"a domain", func(*Statement) {}, "table", false, false},
		{"a list", func(s *Statement) { s.File = "-" }, "rows", true, false},
		{"a list in a format", func(s *Statement) { s.File, s.Format, s.Stated = "-", "csv", true }, "csv", true, false},
		{"a filter", func(s *Statement) { s.JQ = ".domain" }, "rows", true, false},
		{"two files", func(s *Statement) { s.File, s.Files = "-", []string{"a.csv", "b.html"} }, "csv", false, true},
		{"a page", func(s *Statement) { s.Files = []string{"a.html"} }, "html", false, true},
		{"a page of changes", func(s *Statement) { s.Files, s.Changes, s.History = []string{"a.html"}, true, "mail.db" }, "html", false, false},
		{"a plan of what is compared", func(s *Statement) { s.Plan, s.Against = true, "old.zone" }, "table", false, true},
	} {
		s := stated()
		tt.change(&s)
		w, err := s.Check()
		if err != nil || w.Outputs[0].Name != tt.format || s.Format != tt.format || s.Streams() != tt.streams || s.Planned() != tt.planned || (w.Pick != nil) != (s.JQ != "") {
			t.Errorf("%s: %s, streams %v, planned %v, %v", tt.name, s.Format, s.Streams(), s.Planned(), err)
		}
	}
}

// TestOpen: what a run writes goes to standard output, or to a file that has its name when
// the run is complete, or goes on where a checkpoint says; each error names its field.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	out, state := filepath.Join(dir, "rows"), filepath.Join(dir, "state")
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte(listOf(5)), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	through := func(files []string, checkpoint string, complete bool) error {
		s := Statement{File: list, Checkpoint: checkpoint, Choice: format.Choice{Files: files}}
		l, closing, err := s.OpenList(t.Context(), strings.NewReader(""), Source{Parse: audit.ParseAuthorDomain})
		if err != nil {
			return err
		}
		defer closing()
		run := &Run{List: l, Inspect: slowly, Format: names}
		if err := run.Open(&s, map[string]string{"--only": "spf"}, &stdout); err != nil {
			return err
		}
		defer run.Close()
		return errors.Join(run.Resume(), run.Stream(t.Context()), run.Finish(complete))
	}
	rows := func() int {
		text, _ := os.ReadFile(out)
		return bytes.Count(text, []byte("\n"))
	}
	if err := through(nil, "", true); err != nil || strings.Count(stdout.String(), "\n") != 6 {
		t.Errorf("standard output: %q, %v", stdout.String(), err)
	}
	if err := through([]string{out}, "", false); err != nil || rows() != 0 {
		t.Errorf("a run that was stopped: %d rows, %v", rows(), err)
	}
	if err := through([]string{out}, "", true); err != nil || rows() != 6 {
		t.Errorf("a file: %d rows, %v", rows(), err)
	}
	var wrong *field.Error
	if err := through([]string{out}, state, true); !errors.As(err, &wrong) || wrong.Field != "output" || wrong.Hint() == "" {
		t.Errorf("a file that is there, and of no checkpoint: %v", err)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if err := through([]string{out}, state, true); err != nil || rows() != 6 {
		t.Errorf("a checkpoint: %d rows, %v", rows(), err)
	}
	if err := through([]string{out}, list, true); !errors.As(err, &wrong) || wrong.Error() != "checkpoint "+list+" is "+list+": it needs a file of its own" {
		t.Errorf("a checkpoint in the list: %v", err)
	}
	if err := through([]string{filepath.Join(dir, "none", "rows")}, "", true); !errors.As(err, &wrong) || wrong.Field != "output" {
		t.Errorf("a file in no folder: %v", err)
	}
	list = dir
	if err := through(nil, "", true); !errors.As(err, &wrong) || wrong.Error() != "file "+dir+" is a folder, not a list" {
		t.Errorf("a folder: %v", err)
	}
	if list = filepath.Join(dir, "none"); !errors.As(through(nil, "", true), &wrong) || wrong.Field != "file" {
		t.Errorf("no list: %v", wrong)
	}
	full := errors.New("no space left")
	if _, err := (inFile{broken{full}, "rows"}).Write(nil); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "output rows: ") {
		t.Errorf("a full disk: %v", err)
	}
}

// TestCollect: the reports of a list in its order, counted; of more than are kept in memory
// none, and of a list that is none its error.
func TestCollect(t *testing.T) {
	collect := func(ctx context.Context, s Statement, text string) (*Run, []*report.Report, error) {
		l, _, err := s.OpenList(ctx, strings.NewReader(text), Source{})
		if err != nil {
			return nil, nil, err
		}
		run := &Run{List: l, Inspect: func(_ context.Context, domain string) *report.Report {
			return &report.Report{Result: audit.Result{Domain: domain}, Unanswered: "no route to " + domain}
		}}
		reports, err := run.Collect(ctx, &s, func(int) {})
		return run, reports, err
	}
	s := Statement{File: "-", Choice: format.Choice{Format: "html"}}
	run, reports, err := collect(t.Context(), s, listOf(9))
	if err != nil || len(reports) != 9 || reports[8].Domain != "d008.example" || run.Count().Tally.Domains != 9 || run.Unanswered() != "no route to d000.example" {
		t.Errorf("%d reports, %q, %v", len(reports), run.Unanswered(), err)
	}
	var wrong *field.Error
	if _, _, err := collect(t.Context(), s, listOf(MaxCollected+1)); !errors.As(err, &wrong) || !strings.Contains(wrong.Error(), "has more than 5000 domains, too many for --format html") {
		t.Errorf("too many: %v", err)
	}
	if _, _, err := collect(t.Context(), s, "\xff\xfea\x00"); !errors.As(err, &wrong) || wrong.Error() != "file standard input is UTF-16" || wrong.Hint() == "" {
		t.Errorf("no list: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := collect(ended, s, listOf(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}

// TestEarlier: an earlier audit is read from its JSON, or done again as things are elsewhere;
// what it does not have cannot be compared.
func TestEarlier(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	zone := file("acme.zone", "$ORIGIN acme.example.\n@ 3600 IN SOA ns hostmaster 1 2 3 4 5\n@ 3600 IN TXT \"v=spf1 -all\"\n")
	asked := inspect.Asking{Offline: true, Zones: []string{zone}, Timeout: time.Second, Deadline: time.Minute, MaxQueries: 500, Now: "2026-11-21T09:00:00Z"}
	session, err := asked.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	i := &inspect.Inspector{Resolver: session.Stack}
	session.Bound(&i.Options)
	target := audit.Target{Domain: "acme.example"}
	now := i.Inspect(t.Context(), target)
	var text bytes.Buffer
	if err := report.WriteJSON(&text, now); err != nil {
		t.Fatal(err)
	}
	for _, against := range []string{zone, file("earlier.json", text.String())} {
		s := Statement{Against: against}
		before, err := s.Earlier(t.Context(), asked, i, []audit.Target{target})
		if err != nil || len(before) != 1 {
			t.Fatalf("%s: %d reports, %v", against, len(before), err)
		}
		if c, err := s.Compare(before, []*report.Report{now}); err != nil || !c[0].Same() {
			t.Errorf("%s: %+v, %v", against, c, err)
		}
		if _, err := s.Compare(before, []*report.Report{{Result: audit.Result{Domain: "other.example"}}}); err == nil || !strings.HasSuffix(err.Error(), ": it has no report of other.example") {
			t.Error(err)
		}
	}
	for _, against := range []string{filepath.Join(dir, "none.json"), file("broken.json", "{"), filepath.Join(dir, "none.zone"), file("broken.zone", "$ORIGIN ..\n"), inspect.Live} {
		s := Statement{Against: against}
		var wrong *field.Error
		if before, err := s.Earlier(t.Context(), asked, i, nil); !errors.As(err, &wrong) || wrong.Field != "against" {
			t.Errorf("%s: %d reports, %v", against, len(before), err)
		}
	}
	for baseline, ok := range map[string]bool{"": true, file("base.json", text.String()): true, filepath.Join(dir, "none"): false, file("base.txt", "hello"): false} {
		s := Statement{Baseline: baseline, Choice: format.Choice{Format: "table"}}
		var wrong *field.Error
		b, err := s.OpenBaseline(t.Context())
		if (err == nil) != ok || !ok && (!errors.As(err, &wrong) || wrong.Field != "baseline") || ok && (b == nil) != (baseline == "") {
			t.Errorf("%q: %v, %v", baseline, b, err)
		}
	}
	s := Statement{Baseline: zone, Choice: format.Choice{Format: "nagios"}}
	if _, err := s.OpenBaseline(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "baseline with format nagios") {
		t.Error(err)
	}
}
