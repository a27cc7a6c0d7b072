package house

import (
	"bytes"
	"encoding/json"
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
	for _, module := range modules(t) {
		licence := listed[module]
		if licence == "" {
			t.Errorf("testdata/licences.txt does not have %s", module)
		}
		delete(listed, module)
	}
	for module := range listed {
		t.Errorf("testdata/licences.txt has %s, which go.mod does not", module)
	}

	at, looked := folders(), 0
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

// modules are those that go.mod requires.
func modules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && strings.HasPrefix(f[1], "v") && strings.Contains(f[0], ".") {
			out = append(out, f[0])
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d modules in go.mod", len(out))
	}
	return out
}

// folders returns where the modules lie on this machine; those that do not are left out.
func folders() map[string]string {
	cmd := exec.Command("go", "list", "-m", "-json", "all")
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	out, _ := cmd.Output() // it fails for a module that is missing, and says the others
	found := map[string]string{}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var m struct{ Path, Dir string }
		if dec.Decode(&m) != nil {
			return found
		}
		found[m.Path] = m.Dir
	}
}
