package mailhost

import "testing"

// Nobody is told to register what cannot be registered (RFC 2606, RFC 6761).
func TestHowToExist(t *testing.T) {
	for _, tt := range []struct{ name, organizational, want string }{
		{"acme-shop.de", "acme-shop.de", "Register acme-shop.de, or repair its delegation."},
		{"mail.acme-shop.de", "acme-shop.de", "Register acme-shop.de, or repair its delegation."},
		{"contest.org", "contest.org", "Register contest.org, or repair its delegation."},
		{"myexample.com", "myexample.com", "Register myexample.com, or repair its delegation."},
		{"acme.test", "acme.test", "Nobody can register acme.test: test is reserved. Send from a domain that exists."},
		{"mail.acme.example", "acme.example", "Nobody can register mail.acme.example: example is reserved. Send from a domain that exists."},
		{"gone.example.com", "example.com", "Nobody can register gone.example.com: example.com is reserved. Send from a domain that exists."},
		{"acme.invalid", "acme.invalid", "Nobody can register acme.invalid: invalid is reserved. Send from a domain that exists."},
		{"mail.localhost", "mail.localhost", "Nobody can register mail.localhost: localhost is reserved. Send from a domain that exists."},
		{"exchange.corp.local", "corp.local", "Nobody can register exchange.corp.local: local is reserved. Send from a domain that exists."},
		{"mx.internal", "mx.internal", "Nobody can register mx.internal: internal is reserved. Send from a domain that exists."},
		{"expyuzz4wqqyqhjn.onion", "expyuzz4wqqyqhjn.onion", "Nobody can register expyuzz4wqqyqhjn.onion: onion is reserved. Send from a domain that exists."},
		{"internal", "internal", "Nobody can register internal: internal is reserved. Send from a domain that exists."},
	} {
		if got := howToExist(tt.name, tt.organizational); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
