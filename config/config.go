// Package config reads mailworthy.yaml: which domains are audited, what their owner
// states about them, how they are judged, what is accepted, and who is notified.
//
// A configuration is read as a whole: Parse returns every mistake in it, each with
// its line and column, and never the value of a variable. Secrets stand in the
// environment and are named by ${NAME}; a variable that is not set is a mistake.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/notify"
	"mailworthy/rbl"
	"mailworthy/report"
)

// Config is what a configuration file states.
type Config struct {
	// File is where it was read from.
	File    string
	Domains []Domain
	// Resolvers to ask; none: the system's.
	Resolvers []string
	Limits    Limits
	// Catalogue of block lists; nil: the built-in one as it is.
	Catalogue *rbl.Catalogue
	// Policy holds weights, severities and acceptances; never nil.
	Policy *report.Policy
	// FailOn is the severity at which a run fails; empty: error.
	FailOn  finding.Severity
	History History
	// StateDir is where the lock and the notices to send are kept; empty: StateDir().
	StateDir      string
	Notifications []notify.Target
	Watch         Watch
	Logs          Logs
	// Roundtrips are synthetic mails that each run sends and waits for.
	Roundtrips []Roundtrip

	// index is where in Domains a name stands, of the first indexed of them: the
	// others have been added by whoever made the value.
	index   map[string]int
	indexed int
	// spelt are the paths that variables are in, as they stand in the file.
	spelt map[string]string
}

// Domain is one domain with what is stated about its mail.
type Domain struct {
	audit.Target
	// Volume is "bulk" or "low"; empty: judged as both.
	Volume string
	// Owner is who to ask; it is part of notifications.
	Owner string
}

// Limits bound what an audit costs; zero: the command's own.
type Limits struct {
	Timeout, Deadline time.Duration
	// Retries is -1 if none is stated.
	Retries    int
	MaxQueries int
	MaxIPs     int
}

// History is where runs are kept, and for how long.
type History struct {
	// File is empty if no history is kept.
	File string
	// Keep is how long runs are kept; zero: for ever.
	Keep time.Duration
	// Confirm is how many times a change is seen before it is believed; zero: once.
	Confirm int
}

// Watch is how the long-running command works.
type Watch struct {
	// Schedule is a cron expression; empty: none is stated.
	Schedule string
	// Listen is the address for health and metrics; empty: none.
	Listen string
	// Jitter delays each run by a random part of it.
	Jitter time.Duration
}

// Logs are logs of mail servers that a run looks at.
type Logs struct {
	// Paths are files and patterns such as /var/log/mail.log*; none: no logs are read.
	Paths []string
	// Since is how far back the shares reach; zero: a day.
	Since time.Duration
	// MaxBounced and MaxDeferred are percentages: of recipients that failed for good,
	// and of attempts that were put off. Zero: 5 and 30.
	MaxBounced, MaxDeferred int
	// MinMessages is how many recipients make a share worth judging; zero: 20.
	MinMessages int
}

// ForDomain returns the domain of that name, and false if there is none.
func (c *Config) ForDomain(name string) (Domain, bool) {
	if i, ok := c.index[name]; ok {
		return c.Domains[i], true
	}
	for _, d := range c.Domains[c.indexed:] {
		if d.Target.Domain == name {
			return d, true
		}
	}
	return Domain{}, false
}

// addDomain adds a domain that is not there yet.
func (c *Config) addDomain(d Domain) {
	if c.index == nil {
		c.index = make(map[string]int)
	}
	c.index[d.Target.Domain] = len(c.Domains)
	c.Domains = append(c.Domains, d)
	c.indexed = len(c.Domains)
}

// Spelt returns a path of the configuration as it stands in the file: with the name
// of a variable and not with its value, which no message shows. A path of which
// nothing is a variable is itself.
func (c *Config) Spelt(path string) string {
	if s, ok := c.spelt[path]; ok {
		return s
	}
	return path
}

// Find returns the configuration file to use: the first that exists of
// ./mailworthy.yaml, $XDG_CONFIG_HOME/mailworthy/mailworthy.yaml (which is
// ~/.config/… if the variable is not set) and /etc/mailworthy/mailworthy.yaml.
func Find(getenv func(string) string) (string, error) {
	places := Places(getenv)
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p, nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return "", err
		}
	}
	return "", fmt.Errorf("no configuration: %w", fs.ErrNotExist)
}

// Places are the files that Find looks for, in order.
func Places(getenv func(string) string) []string {
	places := []string{"mailworthy.yaml"}
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		places = append(places, filepath.Join(dir, "mailworthy", "mailworthy.yaml"))
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		if p := filepath.Join(home, ".config", "mailworthy", "mailworthy.yaml"); p != places[len(places)-1] {
			places = append(places, p)
		}
	}
	return append(places, "/etc/mailworthy/mailworthy.yaml")
}

// DefaultStateDir is where state is kept that no configuration places: where
// systemd says, or else $XDG_STATE_HOME/mailworthy, which is ~/.local/state/…
// if the variable is not set.
func DefaultStateDir(getenv func(string) string) (string, error) {
	if dir := getenv("STATE_DIRECTORY"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "mailworthy"), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "mailworthy"), nil
	}
	return "", errors.New("no place for state: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set")
}

// Load reads a configuration file. Mistakes in it are Problems.
func Load(file string, env func(string) (string, bool)) (*Config, error) {
	text, err := readfile.Read(file, maxBytes, readfile.Wait)
	if errors.Is(err, readfile.ErrTooLarge) {
		return nil, Problems{{File: file, Line: 1, Column: 1, Text: fmt.Sprintf("the file has over %d bytes", maxBytes)}}
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: file, Err: err}
	}
	return Parse(file, text, env)
}

// Parse reads a configuration. The name stands in messages, and relative paths in
// the text start at its folder. env is os.LookupEnv or what stands in for it.
// Mistakes are Problems, all of them.
func Parse(file string, text []byte, env func(string) (string, bool)) (*Config, error) {
	d := &decoder{file: file, env: env}
	c := &Config{File: file, Policy: &report.Policy{}, FailOn: finding.Error, Limits: Limits{Retries: -1}}
	root := d.document(text)
	switch {
	case root != nil:
		d.config(root, c)
	case len(d.problems) == 0:
		d.failAt(1, 1, "mailworthy init DOMAIN writes one", "the configuration is empty")
	}
	if len(d.problems) > 0 {
		d.problems.sort()
		return nil, d.problems
	}
	return c, nil
}

// path makes a relative path start at the folder of the configuration.
func (c *Config) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(c.File), p)
}

// parseAddr reads an IP address without a zone.
func parseAddr(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address such as 192.0.2.10 or 2001:db8::10", clip(s))
	}
	return ip.Unmap(), nil
}

// Of is a configuration of these domains, each of them once, of which nothing is stated.
func Of(names []string) (*Config, error) {
	c := &Config{Policy: &report.Policy{}}
	for _, name := range names {
		one, err := NewDomain(name)
		if err != nil {
			return nil, err
		}
		if _, there := c.ForDomain(one.Target.Domain); !there {
			c.Domains = append(c.Domains, one)
		}
	}
	return c, nil
}

// NewDomain is a domain of which nothing is stated.
func NewDomain(name string) (Domain, error) {
	domain, err := audit.ParseDomain(name)
	return Domain{Target: audit.Target{Domain: domain}}, err
}

// Amounts say how much there is of each kind, as in "2 domains"; of what few have, if there
// is any.
func (c *Config) Amounts() []string {
	out := []string{show.Counted(len(c.Domains), "domain")}
	if n := len(c.Roundtrips); n > 0 {
		out = append(out, show.Counted(n, "round trip"))
	}
	if n := len(c.Logs.Paths); n > 0 {
		out = append(out, show.Counted(n, "path")+" of logs")
	}
	return append(out, show.Counted(len(c.Policy.Accept), "accepted finding"), show.Counted(len(c.Notifications), "notification"))
}
