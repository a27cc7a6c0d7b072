package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// maxSuggested bounds the findings that a written configuration offers to accept.
const maxSuggested = 10

// New writes a configuration with comments from audits of the domains: what was
// found is stated, what is a matter of choice stands there to be uncommented. The
// text is one that Parse takes. list is the file of further domains, as it is to stand
// there; empty for none.
func New(reports []*report.Report, list string, now time.Time) []byte {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# What mailworthy run and mailworthy watch audit, and who is told.")
	p("# mailworthy config check names every mistake in it; mailworthy config schema")
	p("# writes its JSON Schema for editors:")
	p("# yaml-language-server: $schema=mailworthy.schema.json")
	p("#")
	p("# ${NAME} in a text is replaced by the environment's variable: for what is secret.")
	p("")
	if list != "" {
		p("# A list with a domain a line, read in every run.")
		p("domains_file: %s", quoted(list))
	}
	if len(reports) > 0 {
		p("domains:")
	}
	for _, r := range reports {
		stateDomain(p, r, now)
	}
	p("")
	p("# The severity at which a run fails: critical, error, warning, notice or never.")
	p("fail_on: error")
	p("")
	p("# Where runs are kept, so that a run tells what changed and is silent if nothing did.")
	p("# A relative path starts at the folder of this file.")
	p("history: {file: mailworthy.db, keep: 400d}")
	p("")
	p("# The resolvers to ask. Block lists refuse public ones.")
	p("# resolvers: [192.0.2.53, \"tls://192.0.2.54\"]")
	p("")
	p("# Block lists to add, to remove, and keys for those that ask for one.")
	p("# lists:")
	p("#   - {zone: zen.spamhaus.org, key: \"${SPAMHAUS_KEY}\"}")
	p("# remove_lists: [bl.spamcop.net]")
	p("")
	p("# Where findings are judged otherwise than by default (mailworthy checks).")
	p("# policy:")
	p("#   severities: {mx-single: info}")
	p("")
	suggestions(p, reports, now)
	p("")
	p("# Who is told: of every change (when: change, which needs a history), or of what")
	p("# newly stands at a severity or above (when: threshold).")
	p("# notifications:")
	p("#   - {type: slack, url: \"${SLACK_WEBHOOK}\"}")
	p("#   - {type: teams, url: \"${TEAMS_WORKFLOW}\", when: threshold, severity: error}")
	p("#   - {type: webhook, url: \"https://hooks.acme.example/mail\", secret: \"${WEBHOOK_SECRET}\"}")
	p("#   - type: email")
	p("#     to: [postmaster@acme.example]")
	p("#     from: mailworthy@acme.example")
	p("#     server: smtp.acme.example:587")
	p("#     username: mailworthy")
	p("#     password: ${SMTP_PASSWORD}")
	p("")
	p("# Synthetic mails: each run sends one, waits for it and tells what became of it")
	p("# (docs/roundtrip.md).")
	p("# roundtrips:")
	p("#   - via: smtp://me@smtp.acme.example")
	p("#     password: ${SMTP_PASSWORD}")
	p("#     from: me@acme.example")
	p("#     to: me@other.example")
	p("#     wait: {at: imaps://me@imap.other.example, password: \"${IMAP_PASSWORD}\"}")
	p("#     slow: 5m")
	p("")
	p("# For mailworthy watch: when to run, and where health and metrics are asked for.")
	p("# watch: {schedule: \"17 6 * * *\", listen: \"127.0.0.1:9599\", jitter: 10m}")
	return []byte(b.String())
}

// stateDomain writes what an audit found out about a domain, and offers what it could not.
func stateDomain(p func(string, ...any), r *report.Report, now time.Time) {
	p("  - domain: %s", quoted(r.Domain))
	verdict := string(r.Verdict)
	if r.Score.Value != nil {
		verdict += fmt.Sprintf(", %d/100", *r.Score.Value)
	}
	p("    # On %s it was %s.", now.UTC().Format(time.DateOnly), verdict)
	if r.Profile != "" {
		p("    # What it is for: sender, parked or receiver. It was %s.", comment(r.ProfileWhy))
		p("    profile: %s", r.Profile)
	}
	selectors := keySelectors(r)
	switch {
	case len(selectors) > 0:
		p("    # DKIM selectors with a key, a broken one too. Those in use that could not be guessed: add them.")
		p("    selectors: %s", flow(selectors))
	case r.Profile != finding.Parked:
		p("    # No DKIM key was found: selectors cannot be listed. They stand as s= in the")
		p("    # DKIM-Signature of a message that you sent.")
		p("    # selectors: [s1]")
	}
	if r.Profile != finding.Parked {
		p("    # Envelope domains (return path), if they are not the domain itself.")
		p("    # mail_from: [%s]", quoted("bounce."+r.Domain))
		var senders []string
		for _, s := range r.Examined.Senders {
			senders = append(senders, s.Addr.String())
		}
		if len(senders) == 0 {
			senders = []string{"192.0.2.10"}
		}
		p("    # The addresses that send. Not stated they are found out again in every run, as")
		p("    # this time; stated, a new one in the DNS is not examined.")
		p("    # ips: %s", flow(senders))
		p("    # How much it sends, as receivers ask more of bulk senders: bulk or low.")
		p("    # volume: bulk")
	}
	p("    # Who to ask about it; part of notifications.")
	p("    # owner: %s", quoted("postmaster@"+r.Domain))
}

// suggestions offers what was found to be accepted.
func suggestions(p func(string, ...any), reports []*report.Report, now time.Time) {
	p("# Findings that you live with: shown with their reason, not counted, until a day.")
	var lines []string
	for _, r := range reports {
		for _, f := range r.Findings {
			if f.Severity != finding.Unknown && f.Severity.AtLeast(finding.Warning) {
				lines = append(lines, fmt.Sprintf("#   - {check: %s, subject: %s, until: %s, reason: \"\"}  # %s: %s", f.Check, quoted(f.Subject),
					now.UTC().AddDate(0, 3, 0).Format(time.DateOnly), f.Severity, comment(f.Title)))
			}
		}
	}
	if len(lines) == 0 {
		lines = []string{fmt.Sprintf("#   - {check: ptr-missing, subject: 192.0.2.11, until: %s, reason: \"the provider moves it\"}", now.UTC().AddDate(0, 3, 0).Format(time.DateOnly))}
	}
	p("# accept:")
	for i, l := range lines {
		if i == maxSuggested {
			p("#   # and %d more", len(lines)-i)
			break
		}
		p("%s", l)
	}
}

// keySelectors are the selectors with a key that verifies signatures, or that would if it were
// not broken: whoever publishes one signs with it.
func keySelectors(r *report.Report) []string {
	var out []string
	if r.DKIM == nil {
		return nil
	}
	for _, k := range r.DKIM.Keys {
		if (k.Live() || !k.Revoked && !k.Wildcard) && !slices.Contains(out, k.Selector) {
			out = append(out, k.Selector)
		}
	}
	return out
}

// flow is a list in one line.
func flow(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// quoted is a text as a YAML scalar: as it is if nothing in it means anything.
func quoted(s string) string {
	plain := s != "" && !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._-@", c))
	})
	// What looks like a number, a date or another type's word is quoted.
	if plain && strings.ContainsFunc(s, func(c rune) bool { return 'g' <= c && c <= 'w' }) && s != "null" && s != "true" {
		return s
	}
	return strconv.Quote(show.Escape(strings.ReplaceAll(s, "${", "$${")))
}

// comment is a text that stays within its line.
func comment(s string) string { return show.Escape(s) }

// ListPlace returns the path of a list of domains as a configuration has it: relative to the
// folder of the configuration, if the list is in there. An empty name is that of no list. A
// list that cannot be audited is an error.
func ListPlace(list, configuration string) (string, error) {
	if list == "" {
		return "", nil
	}
	if _, wrong := ReadDomains(list, list); len(wrong) == 1 {
		return "", wrong[0]
	} else if len(wrong) > 1 {
		return "", fmt.Errorf("%w (further lines are wrong, too)", wrong[0])
	}
	whole, err := filepath.Abs(list)
	if err != nil {
		return "", err
	}
	folder, err := filepath.Abs(filepath.Dir(configuration))
	if err != nil {
		return "", err
	}
	if near, err := filepath.Rel(folder, whole); err == nil && !strings.HasPrefix(near, "..") {
		return near, nil
	}
	return whole, nil
}

// Create writes the text of a configuration to a file that is not there yet; that it is there
// is fs.ErrExist. The file is readable for its owner alone: a configuration comes to hold
// secrets.
func Create(file string, text []byte) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}
