// Package logging makes loggers whose lines are harmless: what comes from the DNS and is
// logged moves no terminal, and no credentials of a URL are in it.
package logging

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"mailworthy/internal/rawjson"
	"mailworthy/internal/redact"
	"mailworthy/internal/show"
)

// New returns a logger that writes to w: warnings always, what is done if verbose is 1,
// every question if it is more. Format is "text" or "json".
func New(w io.Writer, format string, verbose int) (*slog.Logger, error) {
	level := slog.LevelWarn
	switch {
	case verbose >= 2:
		level = slog.LevelDebug
	case verbose == 1:
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: withoutCredentials}
	switch strings.ToLower(format) {
	case "text":
		return slog.New(slog.NewTextHandler(&harmless{w, func(line []byte) []byte { return []byte(show.Escape(string(line))) }}, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(&harmless{w, rawjson.EscapeInvisible}, o)), nil
	}
	return nil, fmt.Errorf("%q: it must be text or json", format)
}

// withoutCredentials takes the user information of URLs out of what is logged.
func withoutCredentials(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(redact.URLs(v))
	case error:
		a.Value = slog.StringValue(redact.URLs(v.Error()))
	}
	return a
}

// harmless writes lines of a log. What a handler leaves as it is in them, such as
// controls beyond ASCII, is escaped: it comes from the DNS and a terminal obeys it.
type harmless struct {
	to     io.Writer
	escape func(line []byte) []byte
}

// Write writes one line: handlers write each record at once.
func (h *harmless) Write(line []byte) (int, error) {
	text, ended := bytes.CutSuffix(line, []byte("\n"))
	out := h.escape(text)
	if ended {
		out = append(out, '\n')
	}
	if _, err := h.to.Write(out); err != nil {
		return 0, err
	}
	return len(line), nil
}
