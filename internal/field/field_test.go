package field

import (
	"errors"
	"io/fs"
	"testing"
)

func TestError(t *testing.T) {
	for _, tt := range []struct {
		err            *Error
		message, hint  string
		wrapsNotExists bool
	}{
		{Errorf("ip", " %q is not an IP address", "x").With("write it as %s", "192.0.2.10"), `ip "x" is not an IP address`, "write it as 192.0.2.10", false},
		{Because("providers", Errorf("", "there is none").With("did you mean x?")), "providers: there is none", "did you mean x?", false},
		{Because("file", fs.ErrNotExist), "file: file does not exist", "", true},
		{BecauseOf("against", "a.json", fs.ErrNotExist), "against a.json: file does not exist", "", true},
	} {
		if tt.err.Error() != tt.message || tt.err.Hint() != tt.hint || errors.Is(tt.err, fs.ErrNotExist) != tt.wrapsNotExists {
			t.Errorf("%q, hint %q, %v", tt.err, tt.err.Hint(), tt.err.Err)
		}
	}
}

// TestNamed: fields are called what their reader calls them, in errors of several, too; what
// was stated is left as it is.
func TestNamed(t *testing.T) {
	flag := func(key string) string { return "--" + key }
	for _, tt := range []struct {
		err          *Error
		plain, named string
	}{
		{Errorf("ip", " %q is not an IP address", "${ip}"), `ip "${ip}" is not an IP address`, `--ip "${ip}" is not an IP address`},
		{Errorf("", "nothing is stated"), "nothing is stated", "nothing is stated"},
		{Together("${key} needs ${selector}").With("state it"), "key needs selector", "--key needs --selector"},
		{Together("${key} %s needs ${selector}", "${key}"), "key ${key} needs selector", "--key ${key} needs --selector"},
	} {
		named := tt.err.Named(flag)
		if tt.err.Error() != tt.plain || named.Error() != tt.named || named.Hint() != tt.err.Hint() {
			t.Errorf("%q and %q, want %q and %q; hint %q", tt.err, named, tt.plain, tt.named, named.Hint())
		}
	}
}
