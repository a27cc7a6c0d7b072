package audit

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/mailhost"
	"mailworthy/resolver"
)

// failing fails as told, and answers what fails does not name.
type failing struct {
	resolver.Resolver
	fails func(name string, t resolver.Type) resolver.Reason
}

func (f failing) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if why := f.fails(strings.ToLower(name), t); why != "" {
		return nil, &resolver.Error{Name: name, Type: t, Reason: why, Server: "udp://192.0.2.53:53"}
	}
	return f.Resolver.Lookup(ctx, name, t)
}

// TestSilenceIsOneCause: that nothing is answered is one finding, the first, with all that
// is unknown for it below it. What is answered only in part, and what is unknown for
// another reason, is said of what it concerns.
func TestSilenceIsOneCause(t *testing.T) {
	const domain = "tidy.example"
	srv := dnstest.Start(t, bundled(t)...)
	client := srv.Client(resolver.Config{})
	defer client.Close()
	all := func(why resolver.Reason) func(string, resolver.Type) resolver.Reason {
		return func(string, resolver.Type) resolver.Reason { return why }
	}
	zone := dnstest.Parse(t, "$ORIGIN tidy.example.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS ns\n@ 300 TXT \"v=spf1 ip4:192.0.2.10 include:spf.elsewhere.test -all\"\n")
	for _, tt := range []struct {
		name     string
		resolver resolver.Resolver
		sections []finding.Section
		one      bool   // all that is unknown is one finding
		detail   string // of the first finding
		beside   string // a finding that stands beside it
	}{
		{"timeout", failing{client, all(resolver.Timeout)}, nil, true, "udp://192.0.2.53:53: timeout", ""},
		{"refused", failing{client, all(resolver.Refused)}, nil, true, "udp://192.0.2.53:53: refused", ""},
		{"SERVFAIL", failing{client, all(resolver.ServFail)}, nil, true, "udp://192.0.2.53:53: servfail", ""},
		{"no connection", failing{client, all(resolver.Network)}, nil, true, "udp://192.0.2.53:53: network", ""},
		{"malformed", failing{client, all(resolver.Malformed)}, nil, true, "udp://192.0.2.53:53: malformed", ""},
		{"another rcode", failing{client, all(resolver.BadRcode)}, nil, true, "udp://192.0.2.53:53: rcode", ""},
		{"each another way", failing{client, func(name string, _ resolver.Type) resolver.Reason {
			return []resolver.Reason{resolver.Timeout, resolver.ServFail}[len(name)%2]
		}}, nil, true, "udp://192.0.2.53:53: ", ""},
		{"the time was over", failing{client, all(resolver.Canceled)}, nil, true, "The time of the audit was over", ""},
		{"some failed before the time was over", failing{client, func(name string, _ resolver.Type) resolver.Reason {
			return []resolver.Reason{resolver.Timeout, resolver.Canceled}[len(name)%2]
		}}, nil, true, "udp://192.0.2.53:53: timeout)", ""},
		{"one section", failing{client, all(resolver.Timeout)}, []finding.Section{finding.DMARC}, true, "timeout", ""},
		{"one question, and it was not reached", failing{client, all(resolver.Network)}, []finding.Section{finding.SPF}, true, "network", ""},
		{"transport alone", failing{client, all(resolver.Timeout)}, []finding.Section{finding.Transport}, true, "timeout", ""},
		{"a resolver that lies", liar{status: resolver.NXDomain}, nil, true, "It does not see the public DNS", ""},
		{"behind a zone", resolver.NewOverlay(failing{client, all(resolver.Timeout)}, zone), nil, true, "timeout", "spf-syntax"},

		{"one name", failing{client, func(name string, _ resolver.Type) resolver.Reason {
			if name == "_dmarc.tidy.example" {
				return resolver.Timeout
			}
			return ""
		}}, nil, false, "", "dmarc-unresolved"},
		{"one type", failing{client, func(_ string, q resolver.Type) resolver.Reason {
			if q == resolver.TypeMX {
				return resolver.ServFail
			}
			return ""
		}}, nil, false, "", "hosts-unresolved"},
		{"the servers of one zone", failing{client, func(name string, _ resolver.Type) resolver.Reason {
			if resolver.Within(name, domain) {
				return resolver.ServFail
			}
			return ""
		}}, nil, true, "Not one question about tidy.example was answered (udp://192.0.2.53:53: servfail)", "rbl-domain-listed"},
		{"the servers of one zone, behind an answer", failing{client, func(name string, q resolver.Type) resolver.Reason {
			if resolver.Within(name, domain) && q != resolver.TypeMX {
				return resolver.ServFail
			}
			return ""
		}}, nil, false, "", "spf-unresolved"},
		{"the servers of one zone, one section", failing{client, func(name string, _ resolver.Type) resolver.Reason {
			if resolver.Within(name, domain) {
				return resolver.ServFail
			}
			return ""
		}}, []finding.Section{finding.SPF}, false, "", "spf-unresolved"},
		{"all but one question", failing{client, func(name string, q resolver.Type) resolver.Reason {
			if name == domain && q == resolver.TypeMX {
				return ""
			}
			return resolver.Timeout
		}}, nil, false, "", "spf-unresolved"},
		{"behind a zone, one domain", resolver.NewOverlay(failing{client, all(resolver.ServFail)}, zone), []finding.Section{finding.SPF}, false, "", "spf-unresolved"},
		{"nobody was asked", resolver.NewOverlay(nil, zone), nil, false, "", "spf-unresolved"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), tt.resolver, Target{Domain: domain, Sections: tt.sections}, Options{Selectors: "inferred", Now: time.Unix(1800000000, 0)})
			var said, open []string
			for _, f := range r.Findings {
				said = append(said, f.Check)
				if f.Severity == finding.Unknown {
					open = append(open, f.Check)
				}
			}
			first := &r.Findings[0]
			root := mailhost.NothingKnown(first.Check)
			if root != tt.one || tt.one && (len(open) != 1 || len(first.Follows) == 0 || first.CouldBe == "" || !first.Undecides || !strings.Contains(first.Detail, tt.detail)) {
				t.Fatalf("open: %q, the first: %+v", open, first)
			}
			if tt.beside != "" && !slices.Contains(said, tt.beside) {
				t.Errorf("%s is not said: %q", tt.beside, said)
			}
			if !tt.one && slices.Contains(said, "resolver-silent") {
				t.Errorf("a resolver answered: %q", said)
			}
			// Nothing that was open vanishes, and each section is open by it.
			apart := finding.Apart(r.Findings)
			for _, s := range r.Examined.Sections {
				if tt.one && tt.beside == "" && !slices.ContainsFunc(apart, func(f finding.Finding) bool { return f.Section == s && f.Severity == finding.Unknown }) {
					t.Errorf("%s is not open", s)
				}
			}
			for _, v := range r.Receivers {
				if q := v.Cause(); tt.one && tt.beside == "" && !strings.HasPrefix(q.Because, first.Title) {
					t.Errorf("%s: %s", v.Receiver, q.Because)
				}
			}
		})
	}
}
