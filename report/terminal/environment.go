package terminal

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// maxScreen is the widest that is drawn: lines over 120 columns are hard to read, however
// wide the window.
const maxScreen = 120

// Plain describes a screen without colour by the variables of the environment.
func Plain(getenv func(string) string) Options {
	o := Options{Width: defaultWidth, ASCII: !unicodeLocale(getenv)}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		o.Width = n
	}
	return o
}

// Of describes the screen that out is shown on, if it is shown on one. color is "always",
// "never", or "auto" for what the screen and the environment want.
func Of(out io.Writer, color string, getenv func(string) string) Options {
	o := Plain(getenv)
	file, isScreen := out.(*os.File)
	if isScreen {
		width, _, err := term.GetSize(int(file.Fd()))
		if isScreen = err == nil; isScreen {
			o.Width = width
		}
	}
	switch color {
	case "always":
		o.Color = true
	case "auto":
		// https://no-color.org: any value that is not empty.
		o.Color = isScreen && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
	o.Links = isScreen && o.Color && linking(getenv)
	o.Width = min(max(o.Width, minWidth), maxScreen)
	return o
}

// linking reports whether the terminal is one of those that show OSC 8 as links.
func linking(getenv func(string) string) bool {
	for _, name := range []string{"WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "DOMTERM"} {
		if getenv(name) != "" {
			return true
		}
	}
	if n, err := strconv.Atoi(getenv("VTE_VERSION")); err == nil && n >= 5000 {
		return true
	}
	switch getenv("TERM_PROGRAM") {
	case "iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby":
		return true
	}
	switch getenv("TERM") {
	case "xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour":
		return true
	}
	return false
}

// unicodeLocale reports whether the environment's locale can show more than ASCII. Without
// any locale, as under cron, UTF-8 is taken for granted.
func unicodeLocale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}
