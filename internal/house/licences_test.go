package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// licences are those that a module may have, with words that every such text has.
var licences = map[string]string{
	"Apache-2.0": "apache license",
	"BSD":        "redistribution and use in source and binary forms",
	"MIT":        "permission is hereby granted, free of charge",
	"MPL-2.0":    "mozilla public license",
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(\.(txt|md))?$`)

// TestLicences: testdata/licences.txt names every module of go.mod with its licence,
// and the licence is what the module's own file says, if the module is on this machine.
func TestLicences(t *testing.T) {
	listed := map[string]string{}
	text, err := os.ReadFile("testdata/licences.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 2 || licences[f[1]] == "" {
			t.Fatalf("testdata/licences.txt: %q is not a module and one of the licences", line)
		}
		listed[f[0]] = f[1]
	}
	required := modules(t)
	for module := range required {
		licence := listed[module]
		if licence == "" {
			t.Errorf("testdata/licences.txt does not have %s", module)
		}
		delete(listed, module)
	}
	for module := range listed {
		t.Errorf("testdata/licences.txt has %s, which go.mod does not", module)
	}

	at, looked := folders(required), 0
	for line := range strings.Lines(string(text)) {
		module, licence := strings.Fields(line)[0], strings.Fields(line)[1]
		dir := at[module]
		if dir == "" {
			continue // not needed on this platform, or not downloaded
		}
		looked++
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		said := false
		for _, file := range files {
			if licenceFile.MatchString(file.Name()) {
				text, err := os.ReadFile(filepath.Join(dir, file.Name()))
				if err != nil {
					t.Fatal(err)
				}
				words := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
				said = said || strings.Contains(words, licences[licence])
			}
		}
		if !said {
			t.Errorf("%s: its licence is not %s", module, licence)
		}
	}
	t.Logf("%d licences read", looked)
	if looked < 20 {
		t.Errorf("only %d modules found on this machine", looked)
	}
}

// modules returns the version of each module that go.mod requires.
func modules(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && strings.HasPrefix(f[1], "v") && strings.Contains(f[0], ".") {
			out[f[0]] = f[1]
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d modules in go.mod", len(out))
	}
	return out
}

// folders returns where the modules of go.mod lie in this machine's module cache; those
// that were not downloaded are left out. It reads no module graph: that needs go.mod
// files that a build never downloads.
func folders(modules map[string]string) map[string]string {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for path, version := range modules {
		dir := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(escaped(path)+"@"+escaped(version)))
		if _, err := os.Stat(dir); err == nil {
			found[path] = dir
		}
	}
	return found
}

// escaped returns a path as the module cache writes it: an upper case letter is an
// exclamation mark and the lower case letter.
func escaped(path string) string {
	var b strings.Builder
	for _, r := range path {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('!')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
