package html_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/html"
	"mailworthy/report/reporttest"
)

func pageOf(t *testing.T, brand *report.Brand, names ...string) string {
	t.Helper()
	var list []*report.Report
	for _, name := range names {
		list = append(list, report.New(reporttest.Results()[name], report.DefaultScale(), "1.0.0"))
	}
	var b bytes.Buffer
	if err := html.Write(&b, list, nil, brand); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The policy of the page allows its style and its script, and nothing else: what is in a
// record is neither, and nothing is loaded.
func TestPolicy(t *testing.T) {
	text := pageOf(t, nil, "flawed", "hostile")
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]+)"`).FindStringSubmatch(text)
	if policy == nil || strings.Contains(policy[1], "unsafe") || !strings.HasPrefix(policy[1], "default-src &#39;none&#39;; img-src data:; style-src ") {
		t.Fatalf("policy %q", policy)
	}
	for _, element := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(text, -1)
		if len(found) != 1 {
			t.Fatalf("%d %s", len(found), element)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		want := element + "-src &#39;sha256-" + strings.NewReplacer("+", "&#43;").Replace(base64.StdEncoding.EncodeToString(sum[:]))
		if !strings.Contains(policy[1], want) {
			t.Errorf("%s of hash %s is not in %s", element, want, policy[1])
		}
	}
	for _, bad := range []string{` style="`, ` on[a-z]+="`, `<link`, `url\(`, `@import`, `src="http`, `<iframe`} {
		if at := regexp.MustCompile(bad).FindString(text); at != "" {
			t.Errorf("%q stands in the page", at)
		}
	}
}

// Every entry of the contents leads to a part, every part has one name, and what can be
// shown alone is there.
func TestContents(t *testing.T) {
	text := pageOf(t, nil, "flawed", "clean")
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if ids[m[1]]++; ids[m[1]] > 1 {
			t.Errorf("two parts are named %s", m[1])
		}
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(links) < 20 {
		t.Errorf("%d links within the page", len(links))
	}
	for _, m := range links {
		if ids[m[1]] == 0 {
			t.Errorf("there is no part %s", m[1])
		}
	}
	shown := 0
	for _, s := range finding.Audited {
		if _, scored := ids["only-"+string(s)]; !scored {
			continue // neither report has it
		}
		shown++
		if ids["only-"+string(s)] != 1 || !strings.Contains(text, "of of-"+string(s)) || !strings.Contains(text, "body:has(#only-"+string(s)+":checked") {
			t.Errorf("%s cannot be shown alone", s)
		}
	}
	if shown < 5 {
		t.Errorf("%d sections can be shown alone", shown)
	}
}

// A record can be copied as a line of a zone file and by its value alone, and links lead
// to what is referred to.
func TestCopyAndLinks(t *testing.T) {
	text := pageOf(t, nil, "flawed")
	for _, want := range []string{
		`<code data-value="v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all">acme.example. TXT &#34;v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all&#34;</code>`,
		`<a href="https://www.rfc-editor.org/rfc/rfc7208#section-4.5" rel="noreferrer">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
	if strings.Contains(text, "authorises 0") || strings.Contains(text, "or more.") {
		t.Error("addresses are counted that nobody could count")
	}
}

func TestCover(t *testing.T) {
	brand := &report.Brand{Title: "Example & Consulting <b>"}
	if err := brand.SetLogo([]byte(`<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>`)); err != nil {
		t.Fatal(err)
	}
	text := pageOf(t, brand, "flawed")
	for _, want := range []string{`<p class="covertitle">Example &amp; Consulting &lt;b&gt;</p>`, `<img class="logo" src="data:image/svg&#43;xml;base64,`, `<p class="coverfor">acme.example</p>`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
	if strings.Count(text, "<script") != 1 {
		t.Error("the logo is part of the page's markup")
	}
	if text := pageOf(t, nil, "flawed"); strings.Contains(text, "<img") || strings.Contains(text, `class="cover"`) {
		t.Error("a cover without a brand")
	}
}
