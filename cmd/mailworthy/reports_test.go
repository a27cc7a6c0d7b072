package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// reported are the inputs of public reports, one folder each.
const reported = "../../../shared/conformance/reports"

// expectation is what one run of the command must show. Texts are compared without
// regard to line breaks and runs of spaces.
type expectation struct {
	// says and never are pieces of what is written to both outputs.
	says, never []string
	// found are findings that must be there, "check" or "severity check"; absent
	// those that must not.
	found, absent []string
	// fixes are records that a complete fix publishes; records is all that complete
	// fixes publish, if it is set; unproposed are pieces of records that no fix,
	// complete or not, may propose.
	fixes, records, unproposed []string
	// status is the exit status, + 1: zero is not looked at.
	status int
}

// Exit statuses of an expectation.
const (
	exits0 = 1 + iota
	exits1
	exits2
	exits3
)

// faulty is one case: a folder of reported faults, or a sibling with its zone here.
type faulty struct {
	name string
	// pending names who mends what the row shows today; "" is done.
	pending string
	// zone is the zone of a sibling, served as files; live records instead are
	// served by a resolver. Commands may name files of the case.
	zone string
	live []live
	// faults make the resolver of live records fail.
	faults func(s *dnstest.Server)
	files  map[string]string
	// commands are those of a sibling; stdin follows " < ".
	commands []string
	want     []expectation
}

// live is a record of records.json.
type live struct {
	Name, Type string
	Value      any
}

// TestReports runs every reported fault and its siblings.
func TestReports(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(reported)
	if err != nil {
		t.Log("no reported faults here: siblings alone")
	}
	have := make(map[string]bool)
	for _, r := range reportedRows {
		have[r.name] = true
	}
	for _, f := range folders {
		if !have[f.Name()] {
			t.Errorf("%s/%s has no row", reported, f.Name())
		}
	}
	var pending []string
	for _, r := range slices.Concat(reportedRows, siblingRows()) {
		t.Run(r.name, func(t *testing.T) {
			dir := filepath.Join(reported, r.name)
			if r.commands != nil {
				dir = t.TempDir()
			} else if len(folders) == 0 {
				t.Skip("no reported faults here")
			}
			wrong := r.run(t, dir)
			switch {
			case r.pending == "":
				for _, w := range wrong {
					t.Error(w)
				}
			case len(wrong) == 0:
				t.Errorf("it is right now: take pending %q away", r.pending)
			default:
				pending = append(pending, r.pending+" "+r.name)
				t.Logf("pending (%s):\n%s", r.pending, strings.Join(wrong, "\n"))
			}
		})
	}
	slices.Sort(pending)
	t.Logf("%d rows pending:\n%s", len(pending), strings.Join(pending, "\n"))
}

// run runs all commands of a case and says what is wrong.
func (r faulty) run(t *testing.T, dir string) (wrong []string) {
	t.Helper()
	commands := r.commands
	if commands == nil {
		commands = commandsOf(t, filepath.Join(dir, "cmd"))
	}
	for name, text := range r.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r.zone != "" {
		if err := os.WriteFile(filepath.Join(dir, "zone"), []byte(r.zone), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(commands) != len(r.want) {
		t.Fatalf("%d commands, and %d expectations", len(commands), len(r.want))
	}
	for i, c := range commands {
		args, stdin, _ := strings.Cut(c, " < ")
		var server string
		if rest, ok := strings.CutPrefix(args, "live "); ok {
			records, rest, _ := strings.Cut(rest, " ")
			server, args = r.serve(t, dir, records), rest
		}
		fields := strings.Fields(args)
		for j, a := range fields {
			if j > 0 && (fields[j-1] == "--zone" || strings.HasSuffix(a, ".eml")) {
				fields[j] = filepath.Join(dir, a)
			}
		}
		if server != "" {
			fields = append(fields, "--resolver", server)
		}
		input := ""
		if stdin != "" {
			text, err := os.ReadFile(filepath.Join(dir, stdin))
			if err != nil {
				text = []byte(stdin)
			}
			input = strings.TrimRight(string(text), "\n") + "\n"
		}
		for _, w := range r.want[i].judge(t, fields, input) {
			wrong = append(wrong, fmt.Sprintf("%s: %s", c, w))
		}
	}
	return wrong
}

// commandsOf reads the command lines of a folder.
func commandsOf(t *testing.T, file string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		for c := range strings.SplitSeq(strings.TrimSpace(line), "; ") {
			record, piped := strings.CutPrefix(c, `printf '%s\n' "$(cat record)" | `)
			if piped {
				c = record
			}
			switch {
			case strings.HasPrefix(c, "mailworthy-live "):
				c = "live " + strings.TrimPrefix(c, "mailworthy-live ")
			case strings.HasPrefix(c, "python3 ../live.py "):
				c = "live " + strings.TrimPrefix(c, "python3 ../live.py ")
			case strings.HasPrefix(c, "mailworthy "):
				c = strings.TrimPrefix(c, "mailworthy ")
			case c == "" || strings.HasPrefix(c, "#") || strings.HasPrefix(c, "cd "):
				continue
			default:
				t.Fatalf("%s: not a command that this test knows: %s", file, c)
			}
			if piped {
				c += " < record"
			}
			out = append(out, c)
		}
	}
	return out
}

// serve serves the records of a file, or those of the case.
func (r faulty) serve(t *testing.T, dir, file string) string {
	t.Helper()
	records := r.live
	if records == nil {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &records); err != nil {
			t.Fatal(err)
		}
	}
	// A name with servers of its own is a zone, and not delegated away.
	var zones []string
	for _, rec := range records {
		if zone := "$ORIGIN " + rec.Name + ".\n@ 300 SOA ns1 hostmaster 1 7200 3600 1209600 300\n"; rec.Type == "NS" && !slices.Contains(zones, zone) {
			zones = append(zones, zone)
		}
	}
	s := dnstest.Start(t, zones...)
	for _, rec := range records {
		typ, ok := resolver.ParseType(rec.Type)
		if !ok {
			t.Fatalf("type %s", rec.Type)
		}
		var values []string
		switch v := rec.Value.(type) {
		case string:
			values = []string{v}
			for typ == resolver.TypeTXT && len(values[len(values)-1]) > 255 {
				last := values[len(values)-1]
				values = append(values[:len(values)-1], last[:255], last[255:])
			}
		case []any:
			for _, x := range v {
				if n, ok := x.(float64); ok {
					x = strconv.Itoa(int(n))
				}
				values = append(values, fmt.Sprint(x))
			}
		default:
			t.Fatalf("value %v", rec.Value)
		}
		s.Add(rec.Name, typ, values...)
	}
	if r.faults != nil {
		r.faults(s)
	}
	return s.Addr()
}

// judge runs one command and says what is wrong.
func (e expectation) judge(t *testing.T, args []string, stdin string) (wrong []string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	text := strings.Join(strings.Fields(out.String()+"\n"+errs.String()), " ")
	complain := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	if e.status != 0 && status != e.status-1 {
		complain("exit status %d, not %d", status, e.status-1)
	}
	for _, s := range e.says {
		if !strings.Contains(text, s) {
			complain("does not say %q", s)
		}
	}
	for _, s := range e.never {
		if strings.Contains(text, s) {
			complain("says %q", s)
		}
	}
	shown := out.String() + errs.String()
	defer func() {
		if len(wrong) > 0 {
			complain("the output is\n%.2500s", shown)
		}
	}()
	if len(e.found)+len(e.absent)+len(e.fixes)+len(e.unproposed) == 0 && e.records == nil {
		return wrong
	}
	out.Reset()
	run(t.Context(), append(slices.Clone(args), "--format", "json"), strings.NewReader(stdin), &out, &errs)
	var doc struct{ Findings []finding.Finding }
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		complain("no JSON: %v: %.300s", err, out.String()+errs.String())
		return wrong
	}
	var complete []string
	for _, f := range doc.Findings {
		if f.Severity == finding.Pass {
			continue
		}
		for _, a := range e.absent {
			if severity, check, ok := strings.Cut(a, " "); a == f.Check || ok && check == f.Check && finding.Severity(severity) == f.Severity {
				complain("finds %s %s: %s", f.Severity, f.Check, f.Detail)
			}
		}
		if f.Fix == nil {
			continue
		}
		records := f.Fix.Records()
		if len(records) == 0 && f.Fix.Value != "" {
			records = []finding.Record{{Value: f.Fix.Value}} // of lint
		}
		for _, rec := range records {
			if f.Fix.Complete && !slices.Contains(complete, rec.Value) {
				complete = append(complete, rec.Value)
			}
			for _, u := range e.unproposed {
				if strings.Contains(rec.Value, u) {
					complain("%s proposes %q", f.Check, rec.Value)
				}
			}
		}
	}
	for _, w := range e.found {
		if !slices.ContainsFunc(doc.Findings, func(f finding.Finding) bool {
			return f.Severity != finding.Pass && (w == f.Check || w == string(f.Severity)+" "+f.Check)
		}) {
			complain("does not find %s", w)
		}
	}
	for _, v := range e.fixes {
		if !slices.Contains(complete, v) {
			complain("no complete fix is %q: they are %.600q", v, complete)
		}
	}
	if e.records != nil {
		slices.Sort(complete)
		want := slices.Sorted(slices.Values(e.records))
		if !slices.Equal(complete, slices.DeleteFunc(want, func(s string) bool { return s == "" })) {
			complain("complete fixes are %.600q, not %.600q", complete, e.records)
		}
	}
	return wrong
}
