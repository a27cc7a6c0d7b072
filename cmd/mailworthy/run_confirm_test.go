package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
)

// TestRunConfirms: with history.confirm a change is told in the run that sees it
// only if another resolver says the same.
func TestRunConfirms(t *testing.T) {
	t.Parallel()
	serve := func(all string) string {
		var zones []string
		files, err := filepath.Glob("../../testdata/zones/*.zone")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			zones = append(zones, strings.Replace(string(text), `"v=spf1 mx include:_spf.esp.example -all"`, `"v=spf1 mx include:_spf.esp.example `+all+`"`, 1))
		}
		return dnstest.Start(t, zones...).Addr()
	}
	before, after := serve("-all"), serve("?all")
	for _, tt := range []struct {
		name      string
		resolvers []string
		told      bool
	}{
		{"one resolver", []string{after}, false},
		{"another says the same", []string{after, serve("?all")}, true},
		{"another says what was", []string{after, before}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorkplace(t, "history: {file: "+filepath.Join(t.TempDir(), "history.db")+", confirm: 2}\ndomains: [tidy.example]\n")
			night := func(resolvers []string) string {
				w.day++
				args := []string{"run", "--config", filepath.Join(w.dir, "mailworthy.yaml"), "--now", fmt.Sprintf("2026-11-%02dT06:17:00Z", w.day)}
				for _, r := range resolvers {
					args = append(args, "--resolver", r)
				}
				var out, errs bytes.Buffer
				run(t.Context(), args, strings.NewReader(""), &out, &errs)
				if errs.Len() > 0 {
					t.Errorf("standard error: %s", errs.String())
				}
				return out.String()
			}
			night([]string{before})
			if told := strings.Contains(night(tt.resolvers), "?all"); told != tt.told {
				t.Errorf("the change was told in the run that saw it first: %v, want %v", told, tt.told)
			}
			// A resolver that still says what was begins the count anew.
			later := night([]string{after}) + night([]string{after})
			if told := strings.Contains(later, "?all"); told == tt.told {
				t.Errorf("the change was told in a later run: %v, want %v: %s", told, !tt.told, later)
			}
		})
	}
}
