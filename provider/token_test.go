package provider

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// TestTokens: what is pasted from the page of a service is read with what stands around
// it, and a value of another form is refused.
func TestTokens(t *testing.T) {
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 162))
	ses := "abcdefghijklmnopqrstuvwxyz234567"
	for _, tt := range []struct{ service, key, value, want string }{
		{"sendgrid", "u", "u123", "u123"},
		{"sendgrid", "u", "123", ""},
		{"sendgrid", "u", "s1.domainkey.u123", "u123"},
		{"sendgrid", "wl", "wl123", "wl123"},
		{"sendgrid", "wl", "u123.wl123.sendgrid.net.", ""},
		{"sendgrid", "number", "1234", "1234"},
		{"sendgrid", "number", "em1234", "1234"},
		{"sendgrid", "number", "x y", ""},
		{"postmark", "selector", "20260101120000pm", "20260101120000pm"},
		{"postmark", "selector", "20260101120000pm._domainkey.acme.example", "20260101120000pm"},
		{"postmark", "selector", "pm", ""},
		{"postmark", "key", key, key},
		{"postmark", "key", "k=rsa; p=" + key, key},
		{"postmark", "key", `"v=DKIM1; k=rsa; p=` + key[:100] + `" "` + key[100:] + `"`, key},
		{"postmark", "key", key[:100] + " " + key[100:], key},
		{"postmark", "key", "p=", ""},
		{"postmark", "key", "the key", ""},
		{"amazon-ses", "token1", ses, ses},
		{"amazon-ses", "token1", ses + ".dkim.amazonses.com", ses},
		{"amazon-ses", "token1", ses + "._domainkey.acme.example", ses},
		{"amazon-ses", "token1", ses[1:], ""},
		{"microsoft-365", "code", "ms12345678", "ms12345678"},
		{"microsoft-365", "code", "MS=ms12345678", "ms12345678"},
		{"microsoft-365", "code", "12345678", ""},
		{"microsoft-365", "tenant", "acme.onmicrosoft.com", "acme.onmicrosoft.com"},
		{"microsoft-365", "tenant", "selector1-acme-example._domainkey.acme.onmicrosoft.com", "acme.onmicrosoft.com"},
		{"google-workspace", "code", "abc", "abc"},
		{"google-workspace", "code", "google-site-verification=abc", "abc"},
		{"google-workspace", "code", " google-site-verification=abc ", "abc"},
		{"google-workspace", "code", "a b", ""},
		{"brevo", "code", "brevo-code:abc", "abc"},
		{"brevo", "code", `a"b`, ""},
		{"brevo", "code", "a;b", ""},
		{"proton-mail", "token", "dabc", "dabc"},
		{"proton-mail", "token", "protonmail.domainkey.dabc.domains.proton.ch", "dabc"},
		{"hubspot", "hs1", "hs1.example.net", "hs1.example.net"},
		{"hubspot", "hs1", "hs1/example", ""},
		{"mailjet", "hash", "a1b2", "a1b2"},
		{"mailjet", "hash", "mailjet._a1b2.acme.example", "a1b2"},
	} {
		s, _ := Builtin().Find(tt.service)
		if s == nil {
			t.Fatal(tt.service)
		}
		if got, err := s.Token(tt.key, tt.value); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s %s=%s: %q %v, want %q", tt.service, tt.key, tt.value, got, err, tt.want)
		}
	}
}

// TestShapes: each form in the catalogue is of a placeholder that the service has, and
// no other placeholder refuses a plain word.
func TestShapes(t *testing.T) {
	for _, s := range Builtin().All() {
		texts := NewValues(s).Texts
		for _, w := range s.Shapes {
			if k, _, _ := strings.Cut(w, "="); texts[k] == "" {
				t.Errorf("%s: there is no %q", s.ID, w)
			}
		}
		for k := range texts {
			if got, err := s.Token(k, "abc"); k != "key" && s.shape(k) == "" && (err != nil || got != "abc") {
				t.Errorf("%s: %s=abc: %q %v", s.ID, k, got, err)
			}
		}
	}
}
