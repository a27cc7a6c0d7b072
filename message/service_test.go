package message

import (
	"strings"
	"testing"

	"mailworthy/provider"
)

// TestServicesKnown: a service whose fields are judged is one of the catalogue, by the
// same name; the catalogue says all else that is known of it.
func TestServicesKnown(t *testing.T) {
	for _, s := range services {
		known, near := provider.Builtin().Find(s.name)
		if known == nil {
			t.Errorf("%s: not in the catalogue, but %v", s.name, near)
		} else if !strings.Contains(s.title, known.Name) {
			t.Errorf("%s: %q here, %q in the catalogue", s.name, s.title, known.Name)
		}
	}
}
