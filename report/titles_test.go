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

	"mailworthy/internal/show"
)

// nouns are the words of the field. A title has at least one of them, so that it says
// what it is about if no heading of a section is above it.
var nouns = regexp.MustCompile(`\b(SPF|DKIM|DMARC|MX|PTR|HELO/EHLO|DNSBLs?|FCrDNS|SOA|TXT|CNAME|NXDOMAIN|DNS|Domain|domain|IPs?|resolver|Resolver|delegation|[Nn]ame servers?|[Ss]ender ID|` +
	`MTA-STS|TLS-RPT|TLSA|BIMI|DNSSEC|DNSKEY|DANE|SMTP|STARTTLS|From|MAIL FROM|Sender|Date|Message-ID|Subject|[Hh]eader|MIME-Version|Precedence|List-Unsubscribe(-Post)?|[Mm]essage|CRLF|CR|RFC 2047|A/AAAA|allow list)\b`)

// vague are phrases that say nothing outside their section, and metaphors.
var vague = regexp.MustCompile(`(?i)\bsending address(es)?\b|\b(the|its) (record|key|policy|term|name|selector|address|domain's own)\b( of (it|a|an)\b|$)|^(a|an|the) (record|key|policy|term|name|selector|tag|range|list|field|lookup|string|macro)\b|` +
	`\b(stands?|agrees?d?|holds?|leads? back|says? nothing|said|walks?|circle|nobody|block lists?)\b`)

// maxTitle is how long a title may be: a line of a terminal.
const maxTitle = 85

func judgeTitle(t *testing.T, where, title string) {
	t.Helper()
	switch {
	case title == "":
		t.Errorf("%s has no title", where)
	case !nouns.MatchString(title):
		t.Errorf("%s: %q has no noun of the field", where, title)
	case vague.MatchString(title) && !strings.Contains(title, "Public Suffix List"):
		t.Errorf("%s: %q says %q", where, title, vague.FindString(title))
	case strings.HasSuffix(title, "."):
		t.Errorf("%s: %q ends in a full stop", where, title)
	case show.Width(title) > maxTitle:
		t.Errorf("%s: %q has %d characters, at most %d", where, title, show.Width(title), maxTitle)
	}
}

// Every check has a title for a finding and one for a pass; each is complete in itself,
// and no two checks share one.
func TestTitles(t *testing.T) {
	seen := map[string]string{}
	for _, c := range AllChecks() {
		for _, title := range []string{c.Title, c.Passed} {
			judgeTitle(t, c.ID, title)
			if other := seen[title]; other != "" {
				t.Errorf("%s and %s: %q", c.ID, other, title)
			}
			seen[title] = c.ID
		}
	}
}

// So are the titles that the rules give to single findings.
func TestTitlesOfFindings(t *testing.T) {
	found := 0
	for _, dir := range []string{"spf/policy", "dkim", "dmarc", "rbl", "mailhost", "transport", "message", "provider/setup", "audit"} {
		files, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(filepath.Base(file), "checks_") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			judge := func(e ast.Expr) {
				for _, title := range literals(e) {
					found++
					judgeTitle(t, set.Position(e.Pos()).String(), title)
				}
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Title" {
						judge(n.Value)
					}
				case *ast.AssignStmt:
					for i, to := range n.Lhs {
						if s, ok := to.(*ast.SelectorExpr); ok && s.Sel.Name == "Title" && n.Tok == token.ASSIGN && i < len(n.Rhs) {
							judge(n.Rhs[i])
						}
					}
				case *ast.CallExpr:
					if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "unresolved" && dir == "mailhost" {
						judge(n.Args[0])
					}
				}
				return true
			})
		}
	}
	if found < 30 {
		t.Errorf("%d titles found: the test reads none", found)
	}
}

// literals is the text of an expression that is a literal, a sum of some or a format.
func literals(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return []string{strings.ReplaceAll(text, "%s", "X")}
		}
	case *ast.BinaryExpr:
		var text string
		for _, part := range []ast.Expr{e.X, e.Y} {
			if l := literals(part); len(l) == 1 {
				text += l[0]
			} else {
				text += "X"
			}
		}
		return []string{text}
	case *ast.CallExpr:
		if len(e.Args) > 0 {
			return literals(e.Args[0])
		}
	}
	return nil
}

// What people type finds the checks that they mean, first the ones named so.
func TestSearchChecks(t *testing.T) {
	for query, want := range map[string][]string{
		"ptr":         {"ptr-missing", "ptr-unconfirmed", "ptr-generic", "spf-ptr"},
		"FCrDNS":      {"ptr-unconfirmed", "ptr-missing"},
		"reverse":     {"ptr-missing", "ptr-unconfirmed", "ptr-generic"},
		"reverse dns": {"ptr-missing", "ptr-unconfirmed", "ptr-generic"},
		"rdns":        {"ptr-missing"},
		"5.7.26":      {"spf-ip-not-authorized", "dmarc-spf-unaligned"},
		"550 5.7.26":  {"spf-ip-not-authorized"},
		"5.7.25":      {"ptr-missing"},
		"void lookup": {"spf-void-lookup", "spf-too-many-void-lookups"},
		"permerror":   {"spf-multiple-records", "spf-syntax", "spf-too-many-lookups"},
		"blacklist":   {"rbl-listed", "rbl-domain-listed"},
		"rbl":         {"rbl-listed", "rbl-list-blocked"},
		"alignment":   {"dmarc-spf-unaligned", "dmarc-dkim-unaligned", "dmarc-alignment-mode-invalid"},
		"ehlo":        {"helo-unresolvable", "helo-mismatch"},
		"1024":        {"dkim-key-too-short"},
		"NXDOMAIN":    {"domain-missing", "spf-void-lookup"},
		"return-path": {"dmarc-spf-unaligned"},
		"key length":  {"dkim-key-too-short", "dkim-key-weak"},
		"unsubscribe": {"message-unsubscribe-missing", "message-one-click-missing"},
		"RFC 7505":    {"mx-null"},
		"spoofing":    {"dmarc-policy-none"},
		"mta-sts":     {"mta-sts-syntax", "mta-sts-id-invalid"},
		"xyzzy plugh": nil,
		// a misspelt ID is no word
		"spf-too-many-lookup": nil,
		"":                    nil,
	} {
		var got []string
		for _, c := range SearchChecks(query) {
			got = append(got, c.ID)
		}
		if want == nil && len(got) > 0 {
			t.Errorf("%q finds %v", query, got)
		}
		for _, id := range want {
			if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+id+" ") {
				t.Errorf("%q finds %v, not %s", query, got, id)
			}
		}
	}
	if got := SearchChecks("ptr"); len(got) == 0 || !strings.HasPrefix(got[0].ID, "ptr-") {
		t.Errorf("ptr finds first %v", got)
	}
	if got := SearchChecks("p"); len(got) == len(AllChecks()) {
		t.Error("a letter finds all checks")
	}
	for _, group := range synonyms {
		for _, word := range group {
			if word != strings.ToLower(word) || len(SearchChecks(word)) == 0 {
				t.Errorf("the synonym %q finds nothing", word)
			}
		}
	}
}
