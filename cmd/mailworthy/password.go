package main

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

// passwordSource is where a password comes from: a file, the environment, or the one who
// is asked. It is never an argument, which everybody on the machine could read.
type passwordSource struct {
	// flag names the file, variable the one of the environment, user whose it is.
	flag, file, variable, user string
}

func (p passwordSource) read(cmd *cobra.Command) (string, error) {
	first := func(text string) (string, error) {
		line, _, _ := strings.Cut(text, "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			return "", fmt.Errorf("the password of %s is empty", p.user)
		}
		return line, nil
	}
	if p.file != "" {
		line, err := readfile.FirstLine(p.file)
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", p.flag, p.file, err)
		}
		return line, nil
	}
	if text, ok := os.LookupEnv(p.variable); ok {
		return first(text)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "password of %s: ", p.user)
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
		return "", withHint(errors.New("there is no password on standard input"), "%s FILE, or %s", p.flag, p.variable)
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
