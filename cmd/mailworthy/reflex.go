package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/audit"
	"mailworthy/internal/cli"
)

// habits are what people type who know other programs.
var habits = cli.Habits{Words: otherWords, Flags: otherFlags, File: fileCommand, HelpExample: "  mailworthy help audit\n  mailworthy help spf flatten",
	// What most people type first is a domain. What stands for one, such as a URL, goes to audit
	// too, which says what is meant by it.
	Default: "audit", Subject: likeDomain,
	// The sender of a message may be empty, and the names that SPF is evaluated for.
	MayBeEmpty: func(cmd *cobra.Command, flag *pflag.Flag) bool {
		return flag.Value.Type() == "string" && (flag.Name == "mail-from" || cmd.Name() == "evaluate")
	}}

// otherWords are words that stand for another one wherever that is taken.
var otherWords = map[string]string{
	"text": "table", "txt": "table", "terminal": "table", "jsonl": "ndjson", "md": "markdown", "xml": "junit", "prom": "prometheus",
	"blocklists": "rbl", "blacklist": "rbl", "dnsbl": "rbl", "mx": "hosts", "ptr": "hosts",
	"warn": "warning", "err": "error", "fatal": "critical", "off": "never", "none": "never", "no": "never", "on": "always", "yes": "always",
}

// otherFlags are flags of other programs, and what says the same here.
var otherFlags = map[string]string{
	"no-color": "--color never", "nocolor": "--color never", "colour": "--color", "server": "--resolver", "nameserver": "--resolver", "dns": "--resolver",
	"selector-name": "--selector", "verbosity": "-v", "debug": "-vv", "dry-run": "--offline", "input": "-f", "out": "-o", "output-file": "-o",
	"output-format": "--format", "exit-code": "--fail-on", "ipv4": "--ip", "ip-address": "--ip",
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
// its name does not say it.
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

// sayOfAddresses says of each argument that is an address, and no domain to audit, which
// commands are about it: its block lists, and the audit of the domain that its PTR record is
// of, if the DNS says so.
func sayOfAddresses(ctx context.Context, stderr io.Writer, s *session, args []string) {
	for _, arg := range args {
		if addr, ok := address(arg); ok {
			fmt.Fprintf(stderr, "hint: mailworthy rbl check %s asks the block lists; mailworthy audit --ip %[1]s %s audits the domain that sends from it\n", addr, cmp.Or(s.SenderOf(ctx, addr), "DOMAIN"))
		}
	}
}
