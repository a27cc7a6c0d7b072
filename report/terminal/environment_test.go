package terminal

import (
	"bytes"
	"testing"
)

// TestEnvironment: what is no terminal is drawn for a reader of a file, as wide as COLUMNS
// says within bounds, and coloured only if that is asked for.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		env   map[string]string
		color string
		want  Options
	}{
		{nil, "auto", Options{Width: 80}},
		{nil, "always", Options{Width: 80, Color: true}},
		{map[string]string{"TERM": "xterm-kitty"}, "always", Options{Width: 80, Color: true}},
		{map[string]string{"COLUMNS": "100", "LANG": "de_DE.UTF-8"}, "never", Options{Width: 100}},
		{map[string]string{"COLUMNS": "1000", "LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "auto", Options{Width: 120, ASCII: true}},
		{map[string]string{"COLUMNS": "1", "LC_CTYPE": "en_GB.utf8"}, "auto", Options{Width: 40}},
		{map[string]string{"COLUMNS": "wide"}, "auto", Options{Width: 80}},
	} {
		if got := Of(new(bytes.Buffer), tt.color, func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v, %s: %+v, want %+v", tt.env, tt.color, got, tt.want)
		}
	}
}

func TestLinking(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        bool
	}{
		{"VTE_VERSION", "7200", true}, {"VTE_VERSION", "4900", false}, {"VTE_VERSION", "new", false},
		{"TERM_PROGRAM", "vscode", true}, {"TERM_PROGRAM", "Apple_Terminal", false},
		{"TERM", "foot", true}, {"TERM", "xterm-256color", false}, {"KITTY_WINDOW_ID", "1", true}, {"NOTHING", "1", false},
	} {
		if got := linking(func(name string) string {
			if name == tt.name {
				return tt.value
			}
			return ""
		}); got != tt.want {
			t.Errorf("%s=%s: %t", tt.name, tt.value, got)
		}
	}
}
