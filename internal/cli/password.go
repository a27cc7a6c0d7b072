package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailworthy/internal/readfile"
)

// Password is where a password comes from: a file, the environment, or the one who is asked.
// It is never an argument, which everybody on the machine could read.
type Password struct {
	// Flag names the File, Variable is that of the environment, User is whose it is.
	Flag, File, Variable, User string
}

// Read returns the password, which is never empty: the first line of the file, or of the
// variable, or else of what is typed or of standard input.
func (p Password) Read(cmd *cobra.Command) (string, error) {
	first := func(text string) (string, error) {
		line, _, _ := strings.Cut(text, "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			return "", fmt.Errorf("the password of %s is empty", p.User)
		}
		return line, nil
	}
	if p.File != "" {
		line, err := readfile.FirstLine(p.File)
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", p.Flag, p.File, err)
		}
		return line, nil
	}
	if text, ok := os.LookupEnv(p.Variable); ok {
		return first(text)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "password of %s: ", p.User)
	defer fmt.Fprintln(cmd.ErrOrStderr())
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		text, err := term.ReadPassword(int(in.Fd()))
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return first(string(text))
	}
	line, err := readOneLine(cmd.InOrStdin())
	if err != nil && line == "" {
		return "", WithHint(errors.New("there is no password on standard input"), "%s FILE, or %s", p.Flag, p.Variable)
	}
	return first(line)
}

// readOneLine reads no further than the line: the next password is behind it.
func readOneLine(from io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < 64<<10; {
		n, err := from.Read(one)
		if n > 0 {
			if one[0] == '\n' {
				break
			}
			line = append(line, one[0])
		}
		if err != nil {
			return string(line), err
		}
	}
	return string(line), nil
}
