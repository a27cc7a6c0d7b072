package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notChecks are strings that read like the ID of a check and name something else.
var notChecks = map[string]string{
	"dkim-domain": "a flag", "dkim-key": "a flag", "dkim-selector": "a flag", "tls-ca": "a flag",
	"tls-rpt": "a type of record, and what lint takes", "mta-sts": "a type of record, and what lint takes", "mta-sts-policy": "a type of record, and what lint takes",
	"dkim-signature": "a field of a header", "message-id": "a field of a header",
	"dmarc-reports":    "a mailbox",
	"resolver-answers": "a check of doctor",
	"tls-versions":     "a flag",
	"tls-failed":       "an outcome of a connection",
	"ptr-required":     "a reason of a reply", "message-too-big": "a reason of a reply", "tls-failure": "a reason of a reply", "domain-unknown": "a reason of a reply",
	"message-format": "a requirement of a receiver", "spf-or-dkim": "a requirement of a receiver", "domain-unlisted": "a requirement of a receiver", "dkim-key-length": "a requirement of a receiver",
	"smtp-in": "a word of a log", "smtp-out": "a word of a log", "smtp-amavis": "a word of a log",
}

// TestCheckIDs: whatever in the code reads like the ID of a check is one. A rule, a fact
// about a receiver or the proof of a cause that names a check that was renamed, or never
// was, would otherwise be silent for ever.
func TestCheckIDs(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	prefix := map[string]bool{}
	for _, c := range AllChecks() {
		before, _, _ := strings.Cut(c.ID, "-")
		prefix[before] = true
	}
	found, excused := 0, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if before, _, _ := strings.Cut(text, "-"); err != nil || !id.MatchString(text) || !prefix[before] {
				return true
			}
			if _, ok := FindCheck(text); ok {
				found++
			} else if notChecks[text] != "" {
				excused[text] = true
			} else {
				t.Errorf("%s: there is no check %s", set.Position(lit.Pos()), text)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for text := range notChecks {
		if !excused[text] {
			t.Errorf("%s is excused and nowhere", text)
		}
	}
	if found < len(AllChecks()) {
		t.Errorf("%d IDs found, of %d checks: the test reads too little", found, len(AllChecks()))
	}
}
