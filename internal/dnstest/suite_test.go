package dnstest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"mailworthy/resolver"
)

// TestSPFSuiteZones serves the zones of the RFC 7208 test suite, odd names and raw
// bytes included, and asks for every record.
func TestSPFSuiteZones(t *testing.T) {
	data, err := os.ReadFile("../../../shared/conformance/rfc7208-spf.json")
	if err != nil {
		t.Skip("no conformance data here")
	}
	var suite struct {
		Scenarios []struct {
			Description string
			ZoneData    []struct {
				Name, Type string
				Value      json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	for _, sc := range suite.Scenarios {
		t.Run(sc.Description, func(t *testing.T) {
			t.Parallel()
			s := Start(t)
			type key struct {
				name string
				typ  resolver.Type
			}
			want := map[key][]string{}
			silent := map[string]bool{}
			for _, r := range sc.ZoneData {
				if r.Type == "*" {
					s.SilenceRest(r.Name)
					silent[r.Name] = true
					continue
				}
				typ, ok := resolver.ParseType(r.Type)
				if !ok {
					t.Fatalf("type %s", r.Type)
				}
				value := values(t, r.Value)
				s.Add(r.Name, typ, value...)
				if len(value) == 0 { // what the suite writes as no string is an empty one
					value = []string{""}
				}
				k := key{plainName(fqdn(r.Name)), typ}
				switch typ {
				case resolver.TypeMX, resolver.TypePTR, resolver.TypeCNAME:
					value[len(value)-1] = plainName(fqdn(value[len(value)-1]))
				case resolver.TypeAAAA:
					value[0] = netip.MustParseAddr(value[0]).String()
				}
				want[k] = append(want[k], fmt.Sprintf("%q", value))
			}
			c := s.Client(resolver.Config{Timeout: 5 * time.Second})
			for k, v := range want {
				a, err := c.Lookup(context.Background(), k.name, k.typ)
				if err != nil {
					t.Errorf("%v: %v", k, err)
					continue
				}
				var got []string
				for _, r := range a.Records {
					data := []string{r.String()}
					switch k.typ {
					case resolver.TypeMX:
						data = []string{fmt.Sprint(r.Preference), r.Host}
					case resolver.TypeTXT, resolver.TypeSPF:
						data = r.TXT
					}
					got = append(got, fmt.Sprintf("%q", data))
				}
				// A name of the suite has a record twice. A set has each once (RFC 2181, 5).
				if !slices.Equal(got, slices.Compact(v)) {
					t.Errorf("%v: got %s, want %s", k, got, v)
				}
			}
			for name := range silent {
				q := Query{Name: name, Type: 300}
				if f := s.match(&q); f == nil {
					t.Errorf("%s answers for type 300", name)
				}
			}
		})
	}
}

// values reads a string, or a list of strings and numbers; the characters of a
// string are bytes.
func values(t *testing.T, raw json.RawMessage) []string {
	var list []any
	if json.Unmarshal(raw, &list) != nil {
		list = make([]any, 1)
		if err := json.Unmarshal(raw, &list[0]); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	for _, v := range list {
		var b []byte
		for _, r := range fmt.Sprint(v) {
			b = append(b, byte(r))
		}
		out = append(out, string(b))
	}
	return out
}
