package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDocs: the configurations in the documentation can be read, and its other YAML
// is YAML.
func TestDocs(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal("no documentation", err)
	}
	set := func(string) (string, bool) { return "https://hooks.acme.example/0123456789abcdef", true }
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "```yaml")[1:] {
			block, _, _ = strings.Cut(block, "```")
			kind, content, _ := strings.Cut(block, "\n")
			if strings.TrimSpace(kind) == "mailworthy" {
				found++
				if _, err := Parse(file, []byte(content), set); err != nil {
					t.Errorf("%s: %v", file, err)
				}
				continue
			}
			var v any
			if err := yaml.Unmarshal([]byte(content), &v); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d configurations in the documentation", found)
	}
}
