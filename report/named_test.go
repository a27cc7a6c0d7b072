package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mailworthy/finding"
)

// prefixes are what the IDs of checks begin with.
func prefixes() map[string]bool {
	out := map[string]bool{}
	for _, c := range AllChecks() {
		prefix, _, _ := strings.Cut(c.ID, "-")
		out[prefix] = true
	}
	return out
}

// Whoever names a check of another package names one that exists: a misspelt ID would
// be a rule that never applies.
func TestNamedChecksExist(t *testing.T) {
	id, of := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`), prefixes()
	named := 0
	for _, dir := range []string{"../audit", ".", "view", "terminal", "html", "export", "format"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				prefix, _, _ := strings.Cut(text, "-")
				if err != nil || !id.MatchString(text) || !of[prefix] {
					return true
				}
				named++
				if _, ok := FindCheck(text); !ok {
					t.Errorf("%s names the check %q, which does not exist", set.Position(lit.Pos()), text)
				}
				return true
			})
		}
	}
	if named < 40 {
		t.Errorf("%d checks are named: the test finds none", named)
	}
}

// A check whose title speaks of a section as a whole says so, so that a finding about a
// part of it is told apart.
func TestWholeSections(t *testing.T) {
	whole := map[finding.Section]string{}
	for _, c := range AllChecks() {
		if c.Whole {
			whole[c.Section] = c.ID
		}
	}
	for _, s := range finding.Audited {
		if whole[s] == "" {
			t.Errorf("no check says that %s is not known", s)
		}
	}
}
