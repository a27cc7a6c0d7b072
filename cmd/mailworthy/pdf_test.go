package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Without a browser, that is said before an audit is made, with what to install.
func TestNoChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(t.TempDir(), "report.pdf")
	var out, errs bytes.Buffer
	status := run(context.Background(), []string{"audit", "--offline", "--zone", "../../testdata/zones", "-o", file, "acme.example"}, strings.NewReader(""), &out, &errs)
	if said := errs.String(); status != exitUsage || !strings.Contains(said, "error: no Chromium is found, which prints PDF") || !strings.Contains(said, "apt install chromium") || !strings.Contains(said, "--chromium PATH") {
		t.Errorf("status %d: %s%s", status, said, out.String())
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file is written")
	}
}
