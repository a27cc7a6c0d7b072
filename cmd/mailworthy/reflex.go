package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/audit"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
	"mailworthy/mailhost"
	"mailworthy/resolver"
)

// wordsOf is the annotation of a flag with the words that it takes, if its usage
// does not name them as `one|another`.
const wordsOf = "mailworthy_words"

// takesWords says that a flag takes these words, in any case and cut short.
func takesWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.Flags().SetAnnotation(flag, wordsOf, words)
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

var listedWords = lazyre.New("`([a-z0-9]+(?:[|-][a-z0-9]+)*)`")

// vocabulary are the words that a flag takes; nil for one that takes anything.
func vocabulary(flag *pflag.Flag) []string {
	if words, ok := flag.Annotations[wordsOf]; ok {
		return words
	}
	if found := listedWords.FindStringSubmatch(flag.Usage); found != nil && strings.Contains(found[1], "|") {
		return strings.Split(found[1], "|")
	}
	return nil
}

// otherWords are words that stand for another one wherever that is taken.
var otherWords = map[string]string{
	"text": "table", "txt": "table", "terminal": "table", "jsonl": "ndjson", "md": "markdown", "xml": "junit", "prom": "prometheus",
	"blocklists": "rbl", "blacklist": "rbl", "dnsbl": "rbl", "mx": "hosts", "ptr": "hosts",
	"warn": "warning", "err": "error", "fatal": "critical", "off": "never", "none": "never", "no": "never", "on": "always", "yes": "always",
}

// shortest is how many letters a word cut short must have.
const shortest = 3

// understood returns the word that is meant: in another case, by another name, or cut
// short. It returns what was written if that is none of them.
func understood(written string, words []string) string {
	lower := strings.ToLower(strings.TrimSpace(written))
	if slices.Contains(words, lower) {
		return lower
	}
	if other := otherWords[lower]; other != "" && slices.Contains(words, other) {
		return other
	}
	var longer []string
	for _, w := range words {
		if len(lower) >= shortest && strings.HasPrefix(w, lower) {
			longer = append(longer, w)
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	return written
}

// understand rewrites the values of the flags that take certain words as these words.
// A value that is none of them, but near to one, is an error that names it; the command
// refuses the others itself.
func understand(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		words := vocabulary(flag)
		if words == nil || err != nil {
			return
		}
		read := func(written string) string {
			meant := understood(written, words)
			if !slices.Contains(words, meant) && written != "" && err == nil {
				if near := hint.Nearest(strings.ToLower(written), min(2, len(written)/2), words...); near != "" {
					err = withHint(fmt.Errorf("--%s %q is not known", flag.Name, written), "%s", hint.DidYouMean(near))
				}
			}
			return meant
		}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values := list.GetSlice()
			for i, v := range values {
				values[i] = read(v)
			}
			_ = list.Replace(values)
			return
		}
		if meant := read(flag.Value.String()); err == nil && meant != flag.Value.String() {
			_ = flag.Value.Set(meant)
		}
	})
	return err
}

// otherFlags are flags of other programs, and what says the same here.
var otherFlags = map[string]string{
	"no-color": "--color never", "nocolor": "--color never", "colour": "--color", "server": "--resolver", "nameserver": "--resolver", "dns": "--resolver",
	"selector-name": "--selector", "verbosity": "-v", "debug": "-vv", "dry-run": "--offline", "input": "-f", "out": "-o", "output-file": "-o",
	"output-format": "--format", "exit-code": "--fail-on", "ipv4": "--ip", "ip-address": "--ip",
}

// flagError is what was wrong with a flag, in words, and what was meant by it.
func flagError(cmd *cobra.Command, err error) error {
	lists := cmd.CommandPath() + " --help lists the flags"
	var missing *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() == "":
		if near := nearFlag(cmd, missing.GetSpecifiedName()); near != "" {
			return withHint(err, "%s", hint.DidYouMean(near))
		}
	case errors.As(err, &missing) && strings.HasPrefix(cmd.Use, "lint "):
		return withHint(err, "put the record in quotes: mailworthy lint TYPE 'v=…'")
	case errors.As(err, &invalid):
		return badValue(invalid)
	}
	return withHint(err, "%s", lists)
}

// nearFlag is what was probably meant by the name of a flag that there is not; "" if
// nothing is near.
func nearFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	lower := strings.ToLower(name)
	if slices.Contains(names, lower) {
		return "--" + lower
	}
	if f := cmd.Flags().Lookup("format"); f != nil {
		if meant := understood(lower, vocabulary(f)); slices.Contains(vocabulary(f), meant) {
			return "--format " + meant
		}
	}
	if other := otherFlags[lower]; other != "" {
		flag := strings.TrimLeft(strings.Fields(other)[0], "-")
		if cmd.Flags().Lookup(flag) != nil || len(flag) <= 2 && cmd.Flags().ShorthandLookup(flag[:1]) != nil {
			return other
		}
	}
	if near := hint.Nearest(lower, min(2, len(lower)/2), names...); near != "" {
		return "--" + near
	}
	var longer []string
	for _, n := range names {
		if len(lower) >= shortest && strings.HasPrefix(n, lower) {
			longer = append(longer, "--"+n)
		}
	}
	return strings.Join(longer, " or ")
}

var number = lazyre.New(`^[0-9]+(\.[0-9]+)?$`)

// badValue says which value a flag cannot take, and which it could.
func badValue(e *pflag.InvalidValueError) error {
	name, value := e.GetFlag().Name, e.GetValue()
	switch e.GetFlag().Value.Type() {
	case "duration":
		if number.MatchString(value) {
			return withHint(fmt.Errorf("--%s %s has no unit", name, value), "%s", hint.DidYouMean(value+"s"))
		}
		return withHint(fmt.Errorf("--%s %q is no length of time", name, value), "write it as 500ms, 5s, 2m or 1h")
	case "int", "int64", "uint":
		return withHint(fmt.Errorf("--%s %q is no whole number", name, value), "write it as --%s 10", name)
	case "float64":
		return withHint(fmt.Errorf("--%s %q is no number", name, value), "write it as --%s 10 or --%[1]s 2.5", name)
	case "bool":
		return withHint(fmt.Errorf("--%s=%q is neither true nor false", name, value), "write --%s alone, or leave it out", name)
	}
	return fmt.Errorf("--%s %q: %w", name, value, e.Unwrap())
}

// withCommand puts audit before arguments that name no command but a domain: what most
// people type first. What stands for a domain, such as a URL, goes there too: audit says
// what is meant by it.
func withCommand(root *cobra.Command, args []string) []string {
	subject := ""
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if strings.HasPrefix(arg, "-") {
			continue
		}
		if isCommand(root, arg) {
			return args
		}
		if subject == "" && likeDomain(arg) {
			subject = arg
		}
	}
	// A value of a flag may stand for the domain only if the flags come first.
	if subject == "" || !strings.HasPrefix(args[0], "-") && args[0] != subject {
		return args
	}
	return append([]string{"audit"}, args...)
}

func isCommand(root *cobra.Command, word string) bool {
	return word == "help" || strings.HasPrefix(word, "__complete") || slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == word || c.HasAlias(word) })
}

// likeDomain reports whether a word is a domain, or something with one in it.
func likeDomain(word string) bool {
	if !strings.ContainsAny(word, ".:") || strings.ContainsAny(word, " /\\") && !strings.Contains(word, "://") {
		return false
	}
	if _, err := audit.ParseDomain(word); err != nil {
		return strings.Contains(word, "://") || strings.Contains(word, "@") || isAddress(word)
	}
	return fileCommand(word) == ""
}

// fileCommand is the command that reads a file of this name; "" if there is no such file, or
// nothing that its name tells.
func fileCommand(word string) string {
	if info, err := os.Stat(word); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	switch strings.ToLower(filepath.Ext(word)) {
	case ".eml", ".msg":
		return "message"
	case ".log", ".gz":
		return "logs"
	case ".zone", ".db":
		return "audit --offline --zone"
	case ".txt":
		return "audit -f"
	}
	return ""
}

// address is the IP address that a word is, with or without the brackets of mail.
func address(word string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(word), "[]"))
	return addr, err == nil && addr.Zone() == ""
}

func isAddress(word string) bool {
	_, ok := address(word)
	return ok
}

// sayOfAddress says which commands are about an address, which is no domain to audit: its
// block lists, and the audit of the domain that its PTR record is of, if the DNS says so.
func sayOfAddress(ctx context.Context, stderr io.Writer, s *session, addr netip.Addr) {
	domain := "DOMAIN"
	ctx, cancel := context.WithTimeout(ctx, min(s.deadline, 3*time.Second))
	defer cancel()
	for _, a := range mailhost.ExamineAddresses(ctx, s.stack, []netip.Addr{addr}) {
		for _, name := range a.Names {
			if name, err := audit.ParseAuthorDomain(name.Name); err == nil && domain == "DOMAIN" {
				domain = resolver.Registrable(name)
			}
		}
	}
	fmt.Fprintf(stderr, "hint: mailworthy rbl check %s asks the block lists; mailworthy audit --ip %[1]s %s audits the domain that sends from it\n", addr, domain)
}
