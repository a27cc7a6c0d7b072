package inspect

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
)

// TestRequestRoundTrip: a target and options come back from their wire form, and none
// of their fields is forgotten by it.
func TestRequestRoundTrip(t *testing.T) {
	target := audit.Target{Domain: "acme.example", MailFrom: []string{"bounce.acme.example"}, LocalParts: map[string]string{"bounce.acme.example": "b+1"}, Selectors: []string{"s1", "s2"},
		DKIMDomains: []string{"esp.example"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::10")},
		HELO: []string{"mx1.acme.example"}, Providers: []string{"sendgrid"}, Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.DMARC}}
	options := audit.Options{MaxQueries: 700, Deadline: 1500 * time.Millisecond, MaxIPs: 9, Selectors: dkim.Inferred, Volume: "bulk",
		Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	for _, v := range []any{target, options} {
		for f, value := range reflect.ValueOf(v).Fields() {
			server := f.Name == "Catalogue" || f.Name == "Health" || f.Name == "Authoritative" || f.Name == "Transport" || f.Name == "Like" || f.Name == "Detail"
			if value.IsZero() != server {
				t.Errorf("%s of %T is not part of this test", f.Name, v)
			}
		}
	}
	for _, tt := range []struct {
		target  audit.Target
		options audit.Options
	}{{target, options}, {audit.Target{Domain: "acme.example"}, audit.Options{}}} {
		text, err := json.Marshal(Request{StatementOf(tt.target), SettingsOf(tt.options)})
		if err != nil {
			t.Fatal(err)
		}
		gotTarget, gotOptions, err := ReadRequest(strings.NewReader(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(gotTarget, tt.target) || !reflect.DeepEqual(gotOptions, tt.options) {
			t.Errorf("%s came back as\n%+v\n%+v", text, gotTarget, gotOptions)
		}
	}
}

// TestReadRequestSPF: of SPF alone any name may be asked for.
func TestReadRequestSPF(t *testing.T) {
	target, _, err := ReadRequest(strings.NewReader(`{"target": {"domain": "_spf.ESP.example.", "mail_from": ["ada@bounce.esp.example"], "sections": ["spf"]}}`))
	if err != nil || target.Domain != "_spf.esp.example" || target.MailFrom[0] != "bounce.esp.example" {
		t.Errorf("%+v, %v", target, err)
	}
}

func TestReadRequestRefuses(t *testing.T) {
	many := `"` + strings.Repeat(`s", "`, MaxStated) + `s"`
	for _, tt := range []struct{ name, text, field, want string }{
		{"empty", ``, "", "no JSON"},
		{"an array", `[]`, "", "no JSON"},
		{"null", `null`, "domain", "domain"},
		{"no domain", `{"target": {}}`, "domain", "domain"},
		{"no domain at all", `{}`, "domain", "domain"},
		{"a key that is not known", `{"target": {"domain": "acme.example", "ip": ["192.0.2.1"]}}`, "", `"ip"`},
		{"a key of the other part", `{"target": {"domain": "acme.example", "volume": "bulk"}}`, "", `"volume"`},
		{"a part that is not known", `{"target": {"domain": "acme.example"}, "policy": {}}`, "", `"policy"`},
		{"a key spelt otherwise", `{"target": {"Domain": "acme.example"}}`, "", `"Domain"`},
		{"a key twice", `{"target": {"domain": "acme.example", "domain": "esp.example"}}`, "", "twice"},
		{"a part twice", `{"target": {"domain": "acme.example"}, "target": {"domain": "esp.example"}}`, "", "twice"},
		{"another kind", `{"target": {"domain": 3}}`, "", "no JSON"},
		{"something behind", `{"target": {"domain": "acme.example"}} {}`, "", "follows"},
		{"too long", `{"target": {"domain": "acme.example"}}` + strings.Repeat(" ", MaxRequest), "", "bytes"},
		{"too many", `{"target": {"domain": "acme.example", "selectors": [` + many + `]}}`, "selectors", "101 values"},
		{"no address", `{"target": {"domain": "acme.example", "ips": ["192.0.2.300"]}}`, "ips", "192.0.2.300"},
		{"an address of this host", `{"target": {"domain": "acme.example", "ips": ["fe80::1%eth0"]}}`, "ips", "%eth0"},
		{"no domain in a list", `{"target": {"domain": "acme.example", "mail_from": ["-"]}}`, "mail_from", "mail_from: "},
		{"no selector", `{"target": {"domain": "acme.example", "selectors": ["a b"]}}`, "selectors", "selectors: "},
		{"no profile", `{"target": {"domain": "acme.example", "profile": "spammer"}}`, "profile", "spammer"},
		{"no section", `{"target": {"domain": "acme.example", "sections": ["bimbo"]}}`, "sections", "bimbo"},
		{"a name that only SPF has", `{"target": {"domain": "_spf.esp.example", "sections": ["spf", "dmarc"]}}`, "domain", "domain: "},
		{"too many questions", `{"target": {"domain": "acme.example"}, "options": {"max_queries": 1000000}}`, "max_queries", "at most"},
		{"negative questions", `{"target": {"domain": "acme.example"}, "options": {"max_queries": -1}}`, "max_queries", "at least"},
		{"too long a deadline", `{"target": {"domain": "acme.example"}, "options": {"deadline_ms": 3600000}}`, "deadline_ms", "at most"},
		{"negative deadline", `{"target": {"domain": "acme.example"}, "options": {"deadline_ms": -1}}`, "deadline_ms", "-1"},
		{"too many addresses", `{"target": {"domain": "acme.example"}, "options": {"max_ips": 1001}}`, "max_ips", "at most"},
		{"negative addresses", `{"target": {"domain": "acme.example"}, "options": {"max_ips": -1}}`, "max_ips", "at least"},
		{"no way to guess", `{"target": {"domain": "acme.example"}, "options": {"guess": "none"}}`, "guess", "none"},
		{"no volume", `{"target": {"domain": "acme.example"}, "options": {"volume": "huge"}}`, "volume", "huge"},
		{"no time", `{"target": {"domain": "acme.example"}, "options": {"now": "today"}}`, "", "no JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := ReadRequest(strings.NewReader(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %q in it", err, tt.want)
			}
			var wrong *FieldError
			if errors.As(err, &wrong) != (tt.field != "") || wrong != nil && wrong.Field != tt.field {
				t.Errorf("%#v is about another field than %q", err, tt.field)
			}
		})
	}
}

// FuzzReadRequest: whatever is accepted is within the bounds and comes back from its
// wire form as it was.
func FuzzReadRequest(f *testing.F) {
	f.Add(`{"target": {"domain": "acme.example", "ips": ["192.0.2.1"], "mail_from": ["a@b.example"]}, "options": {"max_ips": 3}}`)
	f.Add(`{"target": {"domain": "bücher.example", "sections": ["spf"]}, "options": {"now": "2026-11-21T09:00:00+01:00", "deadline_ms": 5}}`)
	f.Add(`{"target": null, "options": []}`)
	f.Fuzz(func(t *testing.T, text string) {
		target, options, err := ReadRequest(strings.NewReader(text))
		if err != nil {
			return
		}
		if options.MaxQueries > MostQueries || options.MaxIPs > MostIPs || options.Deadline > LongestDeadline || len(target.IPs) > MaxStated {
			t.Errorf("%+v", options)
		}
		again, err := json.Marshal(Request{StatementOf(target), SettingsOf(options)})
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > MaxRequest {
			return
		}
		target2, options2, err := ReadRequest(strings.NewReader(string(again)))
		if err != nil || !reflect.DeepEqual(target, target2) || !options.Now.Equal(options2.Now) {
			t.Errorf("%s: %v\n%+v\n%+v", again, err, target, target2)
		}
	})
}
