package bulk

import (
	"cmp"
	"errors"
	"slices"

	"mailworthy/inspect"
	"mailworthy/internal/atomicfile"
	"mailworthy/internal/field"
	"mailworthy/report/format"
	"mailworthy/report/pdf"
)

// Statement is what somebody states about audits of one domain or many: the list, what is
// written of it, and what it is compared with.
type Statement struct {
	// Choice is what is written, and where to.
	format.Choice
	// File is the list; "-" is standard input, empty: there is none. Given is how many domains
	// are stated by themselves.
	File  string
	Given int
	// Concurrency is how many domains are audited at once; zero: as audit.Stream has it.
	Concurrency int
	// Ordered: rows come in the order of the list.
	Ordered bool
	// Checkpoint is the file that keeps how far a run is; empty: none.
	Checkpoint string
	// Plan adds what to do; Rowed is what a row of CSV is, if that is stated; Fields and JQ
	// pick from each line.
	Plan   bool
	Rowed  string
	Fields []string
	JQ     string
	// Chromium is the program that prints PDF; empty: the one that is found.
	Chromium string
	// Against is what the reports are compared with, Baseline the file of what is no reason to
	// fail; empty: nothing.
	Against, Baseline string
	// History is the file that keeps the audits; Changes shows what changed in it, and Confirm
	// is how often a change is seen before it is believed.
	History string
	Changes bool
	Confirm int
	// MinScore is the score below which a report fails.
	MinScore int
	// Zoned: the DNS is not asked alone, but with zone files before it.
	Zoned bool
}

// Writing is what a checked Statement says about its output.
type Writing struct {
	Outputs []format.Output
	Pick    *format.Pick
	// Chromium prints PDF.
	Chromium string
}

const (
	// maxConcurrency bounds the audits at once.
	maxConcurrency = 1 << 16
	// maxConfirm bounds Statement.Confirm.
	maxConfirm = 100
	// MaxCollected bounds the domains of a list in the formats that are written as a whole,
	// whose reports are all kept until then: each takes some 150 KB.
	MaxCollected = 5_000
)

// Compared reports whether a comparison is written, and no reports.
func (s *Statement) Compared() bool { return s.Against != "" || s.Changes }

// Check refuses what means nothing, or does not go together, and says what is written. Of a
// list it is rows if no format is stated. The error is a *field.Error.
func (s *Statement) Check() (*Writing, error) {
	s.Rows = s.File != ""
	if (s.Rows || s.JQ != "" || len(s.Fields) > 0) && !s.Stated && !s.Compared() {
		s.Format = "rows"
	}
	if err := s.Choice.Check(); err != nil {
		return nil, err
	}
	w := &Writing{Outputs: s.Outputs(), Chromium: s.Chromium}
	for _, to := range w.Outputs {
		if to.File != "" && s.File != "" && atomicfile.Same(s.File, to.File) {
			return nil, field.Errorf("output", " %s is the list of -f: it would be overwritten", to.File)
		}
	}
	return w, cmp.Or(w.findChromium(), s.checkPick(w), s.checkValues(w), s.checkComparison(), s.checkList(w), s.checkHistory())
}

// findChromium finds the browser that prints PDF, if it is to be written: not finding it
// is better said before an audit than after it.
func (w *Writing) findChromium() (err error) {
	if !slices.ContainsFunc(w.Outputs, func(to format.Output) bool { return to.Name == "pdf" }) {
		if w.Chromium != "" {
			return field.Together("${chromium} without PDF to write").With("add -o report.pdf")
		}
		return nil
	}
	w.Chromium, err = pdf.Find(w.Chromium)
	if errors.Is(err, pdf.ErrNoBrowser) {
		return (&field.Error{What: err.Error(), Err: err}).With("install it (Debian, Ubuntu: apt install chromium; Fedora: dnf install chromium; macOS, Windows: Chrome, Chromium or Edge), or name it with --chromium PATH; or write HTML (-o report.html) and print that")
	} else if err != nil {
		return &field.Error{Field: "chromium", What: " " + err.Error(), Err: err}
	}
	return nil
}

// checkPick checks what is picked of lines, and what rows have not.
func (s *Statement) checkPick(w *Writing) (err error) {
	if s.Compared() && len(w.Outputs) > 1 {
		return field.Together("a comparison is written once: give ${output} once")
	}
	picks := len(s.Fields) > 0 || s.JQ != ""
	for _, to := range w.Outputs {
		switch {
		case s.Plan && to.Name == "rows":
			return field.Together("${plan} with ${format} rows: a row has no plan").With("add --format ndjson, or --format table")
		case picks && (to.Fields() == nil || s.Compared()):
			return field.Together("${fields} and ${jq} take lines of JSON, and ${format} %s has none", to.Name).With("add --format rows or --format ndjson")
		case picks && to.Name != s.Format:
			return field.Together("${fields} and ${jq} with ${output} in two formats, %s and %s", s.Format, to.Name)
		}
	}
	if picks {
		w.Pick, err = format.NewPick(w.Outputs[0].Format, s.Fields, s.JQ)
	}
	return err
}

// checkValues checks what goes with a format, and numbers.
func (s *Statement) checkValues(w *Writing) error {
	switch {
	case s.Rowed != "" && !slices.ContainsFunc(w.Outputs, func(to format.Output) bool { return to.Name == "csv" }):
		return field.Together("${csv} %s with ${format} %s", s.Rowed, s.Format).With("add --format csv")
	case s.MinScore < 0 || s.MinScore > 100:
		return field.Errorf("min_score", " %d: it must be 0 to 100", s.MinScore)
	case s.Concurrency < 0 || s.Concurrency > maxConcurrency:
		return field.Errorf("concurrency", " %d: it must be 1 to %d", s.Concurrency, maxConcurrency)
	}
	return nil
}

// checkComparison refuses what cannot be compared.
func (s *Statement) checkComparison() error {
	switch {
	case s.Against == "":
		return nil
	case !s.IsDocument():
		return field.Together("${against} with ${format} %s: a comparison is written as table, json, markdown or html", s.Format)
	case s.Against == inspect.Live && !s.Zoned:
		return field.Together("${against} live compares the live DNS with itself").With("add --zone FILE with what is to be published")
	}
	return nil
}

// checkList checks what is stated of the way through a list.
func (s *Statement) checkList(w *Writing) error {
	switch {
	case s.Checkpoint == "":
		return nil
	case len(w.Outputs) > 1:
		return field.Together("${checkpoint} with several ${output}: it keeps how far one file is written")
	case !s.Streams():
		return field.Together("${checkpoint} with ${format} %s, which is written as a whole", s.Format).With("add %s", format.RowFlags(" or "))
	case s.File == "" || s.Given > 0:
		return field.Together("${checkpoint} goes with a list alone").With("put the domains into a file and name it with -f")
	case w.Outputs[0].Standard():
		return field.Together("${checkpoint} needs a file to write to: what went to standard output cannot be taken back").With("add -o FILE")
	}
	return nil
}

// checkHistory refuses what cannot be combined with changes.
func (s *Statement) checkHistory() error {
	switch {
	case s.Changes && s.History == "":
		return field.Together("${changes} needs a history to compare with").With("add --history FILE")
	case s.Changes && s.Against != "":
		return field.Together("${changes} and ${against} exclude each other").With("leave one out")
	case s.Changes && !s.IsDocument():
		return field.Together("${changes} with ${format} %s: changes are written as table, json, markdown or html", s.Format)
	case s.Changes && (s.Confirm < 1 || s.Confirm > maxConfirm):
		return field.Errorf("confirm", " %d: it must be 1 to %d", s.Confirm, maxConfirm)
	case s.Confirm > 1 && !s.Changes:
		return field.Together("${confirm} says when a change is believed").With("add --changes")
	}
	return nil
}

// Streams reports whether the output is rows, which are written one by one.
func (s *Statement) Streams() bool {
	to := s.Outputs()
	return s.Against == "" && len(to) == 1 && to[0].Row != nil
}

// Planned reports whether a plan is shown, which takes further audits.
func (s *Statement) Planned() bool {
	return s.Plan || !s.Compared() && slices.ContainsFunc(s.Outputs(), func(to format.Output) bool { return to.NeedsPlan })
}

// tooMany is the error of a list that is too long to be written as a whole.
func (s *Statement) tooMany() error {
	what := "--format " + s.Format + ", which is written as a whole"
	if len(s.Files) > 1 {
		what = "several -o, which are written as a whole"
	}
	return field.Errorf("file", " %s has more than %d domains, too many for %s", s.File, MaxCollected, what).With("%s take any number, with one -o", format.RowFlags(" and "))
}
