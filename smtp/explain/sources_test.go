package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadAll: inputs come in their order whatever they are of, and one that cannot be
// read is named and holds up no other.
func TestReadAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reply.txt")
	if err := os.WriteFile(file, []byte("550 5.1.1 no such user\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, failed := (&Explainer{}).ReadAll(t.Context(), Sources{Texts: []string{"421"}, Names: []string{file, "nowhere.eml", "-", "450"}, Stdin: strings.NewReader("554 5.7.1 spam\n")})
	var names []string
	for _, i := range in {
		names = append(names, i.Name)
	}
	if got, want := strings.Join(names, " "), "text "+file+" - 450"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(failed) != 1 || failed[0].Error() != "nowhere.eml: there is no such file; --text takes the text itself" {
		t.Errorf("%v", failed)
	}
	if in, failed := (&Explainer{}).ReadAll(t.Context(), Sources{Names: []string{"550", "5.7.26"}}); len(failed) != 0 || len(in) != 1 || in[0].Code == nil {
		t.Errorf("words of one code: %+v, %v", in, failed)
	}
	if _, failed := (&Explainer{}).ReadAll(t.Context(), Sources{Names: []string{"-"}, Stdin: strings.NewReader(" ")}); len(failed) != 1 || failed[0].Error() != "standard input: "+ErrEmpty.Error() {
		t.Errorf("%v", failed)
	}
}
