package resolver_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"mailworthy/resolver"
)

// TestSecrets: a name, password or token in the address of a server is in no error
// and in no answer. Credentials are refused, as none of the protocols has them.
func TestSecrets(t *testing.T) {
	for _, spec := range []string{
		"https://user:hunter2@dns.example/dns-query", "https://hunter2@dns.example", "https://user:hun/ter2@dns.example/hunter2@x",
		"https://user:hunter2@", "udp://user:hunter2@192.0.2.1", "tcp://user:hunter2@192.0.2.1:53", "tls://user:hunter2@192.0.2.1#name",
		"user:hunter2@192.0.2.1", "user:hunter2@dns.example:53", "ftp://user:hunter2@192.0.2.1", "https://user:hunter2@[::1", "://user:hunter2@x",
		"https:/user:hunter2@dns.example/q", "https//user:hunter2@dns.example/", "https://user:hunter2?@dns.example/q",
		"ftp://192.0.2.1/?token=hunter2", "https:///?token=hunter2", "sdns://hunter2", "ftp://192.0.2.1/#hunter2", "https:///q#hunter2",
	} {
		c, err := resolver.New(resolver.Config{Servers: []string{spec}})
		if err == nil {
			c.Close()
			t.Errorf("%s is taken", spec)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: %v", spec, err)
		}
	}
	c, err := resolver.New(resolver.Config{Servers: []string{"https://127.0.0.1:9/dns-query?token=hunter2"}, Timeout: time.Second, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Lookup(context.Background(), "acme.example", resolver.TypeA)
	if e := resolver.AsError(err); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(e.Evidence().Server+e.Detail, "hunter2") || !strings.Contains(e.Server, "127.0.0.1:9/dns-query") {
		t.Errorf("%v", err)
	}
	if s := c.Servers()[0]; strings.Contains(s, "hunter2") {
		t.Error(s)
	}
}
