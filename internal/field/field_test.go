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
	} {
		if tt.err.Error() != tt.message || tt.err.Hint() != tt.hint || errors.Is(tt.err, fs.ErrNotExist) != tt.wrapsNotExists {
			t.Errorf("%q, hint %q, %v", tt.err, tt.err.Hint(), tt.err.Err)
		}
	}
}
