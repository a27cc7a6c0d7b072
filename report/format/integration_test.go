//go:build integration

package format

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/debian"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/smtp/roundtrip"
)

// The tests below hand the output to programs that others wrote for the format:
// promtool and Chromium from Debian, the rest from npm.

func TestIntegrationPromtool(t *testing.T) {
	debian.Install(t, map[string]string{"promtool": "prometheus"})
	promtool, err := debian.Program("promtool")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(rendered(t, "report.prom"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// npm installs packages into a folder of its own and returns it.
func npm(t *testing.T, packages ...string) string {
	t.Helper()
	program, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts"}, packages...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return dir
}

// written writes a rendered format into a folder.
func written(t *testing.T, dir, name string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, rendered(t, name), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// sarif-multitool is the validator of the format's editors.
func TestIntegrationSARIF(t *testing.T) {
	dir := npm(t, "@microsoft/sarif-multitool@5.7.0")
	tool := filepath.Join(dir, "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool")
	if err := os.Chmod(tool, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "validate", written(t, dir, "report.sarif")).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("1 files scanned")) || bytes.Contains(out, []byte(": error SARIF")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestIntegrationHTMLValidates(t *testing.T) {
	dir := npm(t, "html-validate@10.17.0")
	cmd := exec.Command(filepath.Join(dir, "node_modules/.bin/html-validate"), "--preset", "standard", written(t, dir, "report.html"))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// axe looks for what keeps people from reading the page, on a phone and on a
// desk, in light and in dark. Whatever the page loads or runs would be noticed:
// only the page itself may be requested.
func TestIntegrationHTMLInChromium(t *testing.T) {
	debian.Install(t, map[string]string{"chromium": "chromium"})
	chromium, err := debian.Program("chromium")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	dir := npm(t, "playwright-core@1.64.1", "axe-core@4.14.1")
	page := written(t, dir, "report.html")
	script, err := os.ReadFile("testdata/axe.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "axe.mjs"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "axe.mjs", chromium, page)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var looks []struct {
		Width, Scroll int
		Scheme        string
		Violations    []string
		Requests      []string
		Dialogs       int
	}
	if err := json.Unmarshal(out, &looks); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(looks) != 4 {
		t.Errorf("%d looks, want 4", len(looks))
	}
	for _, l := range looks {
		if len(l.Violations) > 0 || l.Scroll > l.Width || l.Dialogs > 0 {
			t.Errorf("%d pixels, %s: wide as %d, %d dialogs; %s", l.Width, l.Scheme, l.Scroll, l.Dialogs, strings.Join(l.Violations, "\n"))
		}
		if len(l.Requests) != 1 {
			t.Errorf("%d pixels, %s: requests %v", l.Width, l.Scheme, l.Requests)
		}
	}
}

// Every jq command of docs/json.md runs on a report and prints something.
func TestIntegrationJQ(t *testing.T) {
	debian.Install(t, map[string]string{"jq": "jq"})
	page, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	one, err := report.MarshalJSON(reports()[0], "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), one, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "reports.ndjson"), rendered(t, "report.ndjson"), 0o644); err != nil {
		t.Fatal(err)
	}
	var run bytes.Buffer
	took := int64(4200)
	beside := &report.Beside{Schema: report.RunSchemaID, Configured: true, Roundtrips: []report.Roundtrip{{Name: "own",
		Report: roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Arrived, DeliverMS: &took}}}}
	if err := report.WriteRunJSON(&run, beside, reports()[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.json"), run.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "jq ") {
			continue
		}
		commands++
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || len(bytes.TrimSpace(out)) == 0 {
			t.Errorf("%s%v\n%s", line, err, out)
		}
	}
	if commands < 5 {
		t.Errorf("%d commands on the page", commands)
	}
}

// A PDF of a domain with much to say has about five pages, all its text, and no button.
func TestIntegrationPDF(t *testing.T) {
	debian.Install(t, map[string]string{"chromium": "chromium", "pdfinfo": "poppler-utils"})
	chromium, err := debian.Program("chromium")
	if err != nil {
		t.Fatal(err)
	}
	r := bundledReport(t, reporttest.BundledTargets["acme"], reporttest.BundledZones(t))
	brand := &report.Brand{Title: "Example Consulting"}
	if err := brand.SetLogo([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="20"/></svg>`)); err != nil {
		t.Fatal(err)
	}
	for pages, o := range map[string]Options{"5": {Chromium: chromium}, "6": {Chromium: chromium, Brand: brand}} {
		var b bytes.Buffer
		pdf, _ := Find("pdf")
		if err := pdf.Write(&b, []*report.Report{r}, o); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "report.pdf")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := exec.Command("pdfinfo", file).CombinedOutput()
		if err != nil || !strings.Contains(strings.Join(strings.Fields(string(info)), " "), "Pages: "+pages+" ") {
			t.Errorf("%v, not %s pages:\n%s", err, pages, info)
		}
		text, err := exec.Command("pdftotext", "-layout", file, "-").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, want := range []string{`acme.example. TXT "v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all"`, "What to do", "dmarc-report-not-authorized", "Score calculation"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%q is not in the PDF:\n%s", want, text)
			}
		}
		if strings.Contains(string(text), "Example Consulting") != (o.Brand != nil) {
			t.Error("the cover is not that of the brand")
		}
		for _, wrong := range []string{"Copy", "Evidence", "A click selects"} {
			if strings.Contains(string(text), wrong) {
				t.Errorf("%q is in the PDF", wrong)
			}
		}
	}
}
