package ownership

import "testing"

func TestNamed(t *testing.T) {
	for name, want := range map[string]bool{"MS": true, "google-site-verification": true, "apple-domain": true, "Verified-By": true,
		"": false, "p": false, "rua": false, "v": false, "include": false, "msn": false} {
		if Named(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
