// Package house has no code: its tests hold the imports of the project against the
// table of floors in docs/architecture.md, and see that only one package dials.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "mailworthy"

// plan is the table of docs/architecture.md.
type plan struct {
	// floor is the number of a package's floor from the top.
	floor map[string]int
	// within are the imports between packages of one floor that the table allows.
	within map[string][]string
}

// readPlan reads the two blocks of the page.
func readPlan(t *testing.T) plan {
	t.Helper()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string) []string {
		_, rest, ok := strings.Cut(string(text), "```"+name+"\n")
		body, _, closed := strings.Cut(rest, "```")
		if !ok || !closed {
			t.Fatalf("docs/architecture.md has no block %s", name)
		}
		return strings.Split(strings.TrimSpace(body), "\n")
	}
	p := plan{floor: map[string]int{}, within: map[string][]string{}}
	for i, line := range block("floors") {
		for _, pkg := range strings.Fields(line)[1:] {
			p.floor[pkg] = i
		}
	}
	for _, line := range block("within") {
		from, to, ok := strings.Cut(line, " -> ")
		if !ok {
			t.Fatalf("the line %q has no arrow", line)
		}
		p.within[from] = strings.Fields(to)
	}
	return p
}

// floorOf is the floor of a package: its own, or that of the folder that it is in.
func (p plan) floorOf(pkg string) (int, bool) {
	for {
		if n, ok := p.floor[pkg]; ok {
			return n, true
		}
		i := strings.LastIndexByte(pkg, '/')
		if i < 0 {
			return 0, false
		}
		pkg = pkg[:i]
	}
}

// imports are what the files of each package import, test files apart. Packages
// for tests alone (internal/dnstest, …) are no part of the house.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	read(t, parser.ImportsOnly, func(pkg, _ string, f *ast.File) {
		if out[pkg] == nil {
			out[pkg] = []string{} // it may import nothing
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(out[pkg], name) {
				out[pkg] = append(out[pkg], name)
			}
		}
	})
	return out
}

// read parses the files of all packages, test files apart.
func read(t *testing.T, mode parser.Mode, each func(pkg, path string, f *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || strings.HasPrefix(name, ".") && path != root {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, mode)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		each(filepath.ToSlash(pkg), path, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forTests are packages that only tests import.
func forTests(pkg string) bool {
	for _, p := range []string{"internal/dnstest", "internal/dnsfault", "internal/dnsworld", "internal/bouncesuite", "internal/debian", "internal/bombtest", "internal/peertest", "internal/rsatest", "internal/runtest", "internal/spftest", "internal/proctime", "internal/golden", "internal/typo", "internal/house", "bimi/bimitest", "report/reporttest", "resolver/resolvertest", "history/historytest"} {
		if pkg == p || strings.HasPrefix(pkg, p+"/") {
			return true
		}
	}
	return false
}

// TestFloors: every import goes down, or is one that the table names.
func TestFloors(t *testing.T) {
	p := readPlan(t)
	arrows := 0
	for pkg, list := range imports(t) {
		if forTests(pkg) {
			continue
		}
		from, ok := p.floorOf(pkg)
		if !ok {
			t.Errorf("docs/architecture.md gives %s no floor", pkg)
			continue
		}
		for _, name := range list {
			to, ok := strings.CutPrefix(name, module+"/")
			if !ok {
				continue
			}
			arrows++
			if forTests(to) {
				t.Errorf("%s imports %s, which is for tests", pkg, to)
				continue
			}
			n, ok := p.floorOf(to)
			if !ok || n < from || n == from && !slices.Contains(p.within[pkg], to) {
				t.Errorf("%s imports %s: not in the table of docs/architecture.md", pkg, to)
			}
		}
	}
	if arrows < 50 {
		t.Errorf("%d imports read: the walk missed the project", arrows)
	}
}

// TestTable: whatever the table names exists and is used as it says.
func TestTable(t *testing.T) {
	p := readPlan(t)
	have := imports(t)
	for pkg := range p.floor {
		if have[pkg] == nil {
			t.Errorf("the table names %s, which is no package", pkg)
		}
	}
	for from, list := range p.within {
		for _, to := range list {
			if !slices.Contains(have[from], module+"/"+to) {
				t.Errorf("the table allows %s to import %s, which it does not", from, to)
			}
		}
	}
}

// outgoing are what makes a connection, or asks the system's resolver, in the standard
// library: types and functions by package.
var outgoing = map[string][]string{
	"net": {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "Resolver", "DefaultResolver",
		"LookupAddr", "LookupCNAME", "LookupHost", "LookupIP", "LookupMX", "LookupNS", "LookupPort", "LookupSRV", "LookupTXT",
		"ResolveIPAddr", "ResolveTCPAddr", "ResolveUDPAddr"},
	"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
	"net/http":   {"Client", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm", "Transport"},
	"net/rpc":    {"Dial", "DialHTTP", "DialHTTPPath"},
	"net/smtp":   {"Dial", "SendMail"},
	"log/syslog": {"Dial", "New", "NewLogger"},
	"syscall":    {"Connect", "Socket"},
}

// mayDial are the packages that may.
var mayDial = []string{"resolver", "dial"}

// TestOneDialer: nothing but the DNS client and the dialer makes a connection.
func TestOneDialer(t *testing.T) {
	found := map[string]bool{}
	read(t, 0, func(pkg, path string, f *ast.File) {
		if forTests(pkg) {
			return
		}
		names := map[string]string{} // what the file calls each package
		for _, spec := range f.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if outgoing[name] == nil {
				continue
			}
			as := name[strings.LastIndexByte(name, '/')+1:]
			if spec.Name != nil {
				as = spec.Name.Name
			}
			if as == "." {
				t.Errorf("%s imports %s under no name", path, name)
			}
			names[as] = name
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(outgoing[names[x.Name]], sel.Sel.Name) {
				found[pkg] = true
				if !slices.Contains(mayDial, pkg) {
					t.Errorf("%s uses %s.%s: connections are made by package dial", path, names[x.Name], sel.Sel.Name)
				}
			}
			return true
		})
	})
	for _, pkg := range mayDial {
		if !found[pkg] {
			t.Errorf("%s does not dial: the test sees nothing", pkg)
		}
	}
}

// TestLibraries: what only some packages may import.
func TestLibraries(t *testing.T) {
	for library, allowed := range map[string][]string{
		"github.com/miekg/dns": {"resolver", "internal/dnstest", "internal/dnsfault", "internal/dnsworld"},
		// It dials by itself, unless it is given a dialer as notify does.
		"github.com/wneessen/go-mail": {"notify"},
	} {
		for pkg, list := range imports(t) {
			if slices.Contains(list, library) && !slices.Contains(allowed, pkg) {
				t.Errorf("%s imports %s", pkg, library)
			}
		}
	}
}
