package transport

import "testing"

// TestCompareSTS: a policy that changed under the same id is said to be stale, and nothing
// if the id changed, too, or if one of the two is not known.
func TestCompareSTS(t *testing.T) {
	const enforce = "version: STSv1\nmode: enforce\nmx: a.example\nmx: b.example\nmax_age: 604800\n"
	facts := func(id, policy string) *STSFacts {
		f := &STSFacts{Domain: "acme.example", ID: id}
		if policy != "" {
			f.Policy = ParsePolicy([]byte(policy))
		}
		return f
	}
	for _, tt := range []struct {
		name          string
		before, after *STSFacts
		want          string
	}{
		{"the same", facts("1", enforce), facts("1", enforce), ""},
		{"another order", facts("1", enforce), facts("1", "version: STSv1\nmode: enforce\nmx: b.example\nmx: a.example\nmax_age: 604800\n"), ""},
		{"another host", facts("1", enforce), facts("1", "version: STSv1\nmode: enforce\nmx: c.example\nmax_age: 604800\n"), "mta-sts-id-stale error"},
		{"another mode", facts("1", "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 604800\n"), facts("1", enforce), "mta-sts-id-stale warning"},
		{"another max_age", facts("1", enforce), facts("1", "version: STSv1\nmode: enforce\nmx: a.example\nmx: b.example\nmax_age: 86400\n"), "mta-sts-id-stale error"},
		{"a new id", facts("1", enforce), facts("2", "version: STSv1\nmode: none\nmax_age: 86400\n"), ""},
		{"not fetched before", facts("1", ""), facts("1", enforce), ""},
		{"not fetched now", facts("1", enforce), facts("1", ""), ""},
		{"no id", facts("", enforce), facts("", "version: STSv1\nmode: none\nmax_age: 86400\n"), ""},
		{"not audited", nil, facts("1", enforce), ""},
	} {
		if got := notable(CompareSTS(tt.before, tt.after)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
