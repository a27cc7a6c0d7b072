package spf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

const suiteFile = "../../shared/conformance/rfc7208-spf.json"

type suite struct {
	Scenarios []struct {
		ID       string
		ZoneData []struct {
			Name, Type string
			Value      json.RawMessage
		}
		Tests []struct {
			ID, HELO, MailFrom, Host string
			Result                   []string
			Explanation              string
		}
	}
}

// TestSuite runs the public suite of RFC 7208 over UDP: every test, no retries,
// type 99 never asked for.
func TestSuite(t *testing.T) {
	data, err := os.ReadFile(suiteFile)
	if err != nil {
		t.Skip("the suite is not beside this project: " + suiteFile)
	}
	var s suite
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	types := map[string]resolver.Type{"A": resolver.TypeA, "AAAA": resolver.TypeAAAA, "MX": resolver.TypeMX, "TXT": resolver.TypeTXT,
		"SPF": resolver.TypeSPF, "PTR": resolver.TypePTR, "CNAME": resolver.TypeCNAME}
	var results, passed, explanations, explained int
	for _, sc := range s.Scenarios {
		server := dnstest.Start(t)
		for _, z := range sc.ZoneData {
			if z.Type == "*" {
				server.SilenceRest(lower(z.Name))
				continue
			}
			server.Add(z.Name, types[z.Type], values(t, z.Value)...)
		}
		client := server.Patient(-1)
		for _, test := range sc.Tests {
			results++
			got := spf.CheckHost(context.Background(), client, spf.Client{IP: netip.MustParseAddr(test.Host), HELO: test.HELO, MailFrom: test.MailFrom})
			if slices.Contains(test.Result, string(got.Result)) {
				passed++
			} else {
				t.Errorf("%s %s: %s (%s), not %v", sc.ID, test.ID, got.Result, got.Error, test.Result)
			}
			if test.Explanation == "" {
				continue
			}
			explanations++
			want := test.Explanation
			if want == "DEFAULT" { // the domain gives none
				want = ""
			}
			if got.Explanation == want {
				explained++
			} else {
				t.Errorf("%s %s: explanation %q, not %q", sc.ID, test.ID, got.Explanation, want)
			}
		}
		if n := server.Count("", resolver.TypeSPF); n != 0 {
			t.Errorf("%s: type 99 was asked for %d times", sc.ID, n)
		}
	}
	line := fmt.Sprintf("rfc7208 suite: %d of %d results, %d of %d explanations", passed, results, explained, explanations)
	t.Log(line)
	if testing.Verbose() {
		fmt.Println(line)
	}
}

// values reads a value of the zone data: strings are Latin-1 for raw bytes.
func values(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := []string{}
	for _, x := range list {
		switch x := x.(type) {
		case string:
			out = append(out, latin1(x))
		case float64:
			out = append(out, fmt.Sprint(x))
		}
	}
	return out
}

func latin1(s string) string {
	b := []byte{}
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
