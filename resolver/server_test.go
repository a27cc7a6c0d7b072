package resolver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/resolver"
)

func TestServers(t *testing.T) {
	for _, tc := range []struct{ spec, want string }{
		{"192.0.2.53", "udp://192.0.2.53:53"},
		{"192.0.2.53:5353", "udp://192.0.2.53:5353"},
		{"2001:db8::53", "udp://[2001:db8::53]:53"},
		{"[2001:db8::53]", "udp://[2001:db8::53]:53"},
		{"[2001:db8::53]:5353", "udp://[2001:db8::53]:5353"},
		{"fe80::1%lo", "udp://[fe80::1%lo]:53"},
		{"udp://192.0.2.53", "udp://192.0.2.53:53"},
		{"tcp://192.0.2.53", "tcp://192.0.2.53:53"},
		{"tls://192.0.2.53", "tls://192.0.2.53:853 as 192.0.2.53"},
		{"tls://192.0.2.53:8853#dns.example", "tls://192.0.2.53:8853 as dns.example"},
		{"https://dns.example", "https://dns.example/dns-query"},
		{"https://192.0.2.53:8443/q", "https://192.0.2.53:8443/q"},
		{"localhost:5353", "udp://127.0.0.1:5353"},
		{"", "error"}, {"udp://", "error"}, {"192.0.2.53:", "error"}, {"192.0.2.53:0", "error"},
		{"192.0.2.53:99999", "error"}, {"http://dns.example/", "error"}, {"https://", "error"},
		{"a b", "error"}, {"192.0.2.53/24", "error"}, {"https://user@dns.example/", "error"},
	} {
		got, err := resolver.ParseServer(tc.spec)
		if err != nil {
			got = "error"
			if !strings.Contains(err.Error(), fmt.Sprintf("%q", resolver.WithoutSecrets(tc.spec))) {
				t.Errorf("%q: the error %q does not name it", tc.spec, err)
			}
		}
		if strings.HasPrefix(tc.spec, "localhost") {
			got = strings.Replace(got, "[::1]", "127.0.0.1", 1)
		}
		if got != tc.want {
			t.Errorf("%q: got %s, want %s (%v)", tc.spec, got, tc.want, err)
		}
	}
}

func TestSystemServers(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"# one\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\nsearch x.test\noptions timeout:1\n", []string{"192.0.2.53", "2001:db8::53", "fe80::1%eth0"}},
		{"search x.test\n", []string{"127.0.0.1"}},
	} {
		got, err := resolver.ResolvConf(writeFile(t, "resolv.conf", tc.text))
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%q: %v, %v", tc.text, got, err)
		}
	}
	if _, err := resolver.ResolvConf("/nonexistent/resolv.conf"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
