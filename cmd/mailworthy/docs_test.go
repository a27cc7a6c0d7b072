package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var (
	mdLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdFence = regexp.MustCompile("(?s)```[a-z]*\n(.*?)```")
	mdSpan  = regexp.MustCompile("`([^`\n]+)`")
	mdHead  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	flag    = regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	// call is a command of the program, up to what is another command.
	call   = regexp.MustCompile(`(?:^|[\s(;|&/])mailworthy((?: +[^\s|;&#>]+)*)`)
	goTest = regexp.MustCompile(`go test (\./\S*)(?:.*? -(?:run|fuzz) '?\^?((?:Test|Fuzz)\w+))?`)
)

// docPages are the pages that people read.
func docPages(t *testing.T) map[string]string {
	t.Helper()
	t.Chdir("../..")
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string]string)
	for _, file := range append(files, top...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[file] = string(text)
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages", len(pages))
	}
	return pages
}

// code is what stands in blocks and spans of code.
func code(page string) []string {
	var out []string
	for _, m := range mdFence.FindAllStringSubmatch(page, -1) {
		out = append(out, strings.Split(strings.ReplaceAll(m[1], "\\\n", " "), "\n")...)
	}
	for _, m := range mdSpan.FindAllStringSubmatch(mdFence.ReplaceAllString(page, ""), -1) {
		out = append(out, m[1])
	}
	return out
}

// TestDocsLinks: a link within the project leads to a file that is there, and to a
// heading that it has.
func TestDocsLinks(t *testing.T) {
	n := 0
	for file, page := range docPages(t) {
		for _, m := range mdLink.FindAllStringSubmatch(mdFence.ReplaceAllString(page, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			n++
			path, anchor, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			text, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
				err = nil
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchor != "" && !hasHeading(string(text), anchor) {
				t.Errorf("%s links to %s: %s has no such heading", file, m[1], target)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d links", n)
	}
}

// hasHeading reports whether the page has a heading that GitHub gives this anchor.
func hasHeading(page, anchor string) bool {
	for _, m := range mdHead.FindAllStringSubmatch(page, -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case strings.ContainsRune("`.,:;()/'\"!?", r):
				return -1
			}
			return r
		}, strings.ToLower(strings.TrimSpace(m[1])))
		if slug == anchor {
			return true
		}
	}
	return strings.Contains(page, `id="`+anchor+`"`)
}

// TestDocsCommands: every command and flag that the docs or the examples of the help
// name is there.
func TestDocsCommands(t *testing.T) {
	root := newRoot()
	root.InitDefaultHelpFlag()
	root.InitDefaultCompletionCmd()
	every := make(map[string]bool)
	places := make(map[string][]string)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		for _, name := range flag.FindAllString(c.LocalFlags().FlagUsages(), -1) {
			if c.Flag(name[2:]) != nil {
				every[name] = true
			}
		}
		places["help of "+c.CommandPath()] = append(strings.Split(c.Example, "\n"), code(c.Long)...)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for file, page := range docPages(t) {
		places[file] = code(page)
	}
	calls, flags := 0, 0
	for where, lines := range places {
		for _, line := range lines {
			if strings.HasPrefix(line, "--") {
				name := flag.FindString(line)
				flags++
				if name != "" && !every[name] {
					t.Errorf("%s: no command has the flag of %q", where, line)
				}
			}
			for _, m := range call.FindAllStringSubmatch(line, -1) {
				cmd, rest := root, strings.Fields(m[1])
				for len(rest) > 0 {
					sub, _, err := cmd.Find(rest[:1])
					if err != nil || sub == cmd {
						break
					}
					cmd, rest = sub, rest[1:]
				}
				calls++
				if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && rest[0] != "help" && !cmd.Runnable() {
					t.Errorf("%s: %q: %s has no command %q", where, line, cmd.CommandPath(), rest[0])
				}
				for _, word := range rest {
					name := flag.FindString(word)
					if name == "" || !strings.HasPrefix(word, "--") {
						continue
					}
					flags++
					if cmd.Flag(name[2:]) == nil && cmd.InheritedFlags().Lookup(name[2:]) == nil {
						t.Errorf("%s: %q: %s has no flag %s", where, line, cmd.CommandPath(), name)
					}
				}
			}
		}
	}
	t.Logf("%d commands, %d flags", calls, flags)
	if calls < 40 || flags < 40 {
		t.Errorf("only %d commands and %d flags found", calls, flags)
	}
}

// TestDocsTests: a test that the docs say how to run is there.
func TestDocsTests(t *testing.T) {
	n := 0
	for file, page := range docPages(t) {
		for _, line := range code(page) {
			for _, m := range goTest.FindAllStringSubmatch(line, -1) {
				n++
				dir := strings.TrimSuffix(m[1], "/...")
				sources, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
				if _, gone := os.Stat(dir); gone != nil || err != nil {
					t.Errorf("%s: %q: no folder %s", file, line, dir)
					continue
				}
				found := m[2] == ""
				for _, source := range sources {
					text, err := os.ReadFile(source)
					if err != nil {
						t.Fatal(err)
					}
					found = found || strings.Contains(string(text), "func "+m[2])
				}
				if !found {
					t.Errorf("%s: %q: %s has no test %s", file, line, dir, m[2])
				}
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d tests named", n)
	}
}
