package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

const (
	// patience is how long an audit may take before it says what it waits for.
	patience = time.Second
	// turned is how often that is drawn anew.
	turned = 150 * time.Millisecond
)

// waiting is a resolver that knows what has not been answered yet, for the line that says
// what a slow audit waits for.
type waiting struct {
	next  resolver.Resolver
	lists []string

	mu    sync.Mutex
	under map[string]int // sections with questions under way
	asked int
}

// Lookup implements resolver.Resolver.
func (w *waiting) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	section := w.section(name, t)
	w.count(section, 1)
	defer w.count(section, -1)
	return w.next.Lookup(ctx, name, t)
}

func (w *waiting) count(section string, by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.under[section] += by
	w.asked += max(by, 0)
}

// section is what a question is about, in the words of the report.
func (w *waiting) section(name string, t resolver.Type) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	has := func(label string) bool {
		return strings.HasPrefix(name, label+".") || strings.Contains(name, "."+label+".")
	}
	switch {
	case slices.ContainsFunc(w.lists, func(zone string) bool { return strings.HasSuffix(name, "."+zone) }):
		return "blocklists"
	case has("_domainkey") || strings.HasPrefix(name, "_domainkey"):
		return "DKIM"
	case has("_dmarc") || has("_report"):
		return "DMARC"
	case has("_mta-sts") || has("_smtp") || has("mta-sts") || has("_bimi") || t == resolver.TypeTLSA:
		return "transport security"
	case strings.HasSuffix(name, ".arpa"):
		return "PTR"
	case t == resolver.TypeTXT:
		return "SPF"
	case t == resolver.TypeMX:
		return "MX"
	}
	return "host names"
}

// line says what is waited for; "" if nothing is.
func (w *waiting) line() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sections []string
	for section, n := range w.under {
		if n > 0 {
			sections = append(sections, section)
		}
	}
	if len(sections) == 0 {
		return "judging, DNS queries: " + strconv.Itoa(w.asked)
	}
	slices.Sort(sections)
	return fmt.Sprintf("%s; waiting for %s", show.Counted(w.asked, "DNS query"), strings.Join(sections, ", "))
}

// watched returns the resolver of a single audit that says on a terminal what it waits
// for, and what ends that. It is next itself for a list, or if nobody looks at standard
// error or asked for its log.
func (f *auditFlags) watched(cmd *cobra.Command, next resolver.Resolver, lists *rbl.Catalogue, domains int) (resolver.Resolver, func()) {
	file, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || f.file != "" || domains != 1 || f.dns.verbose > 0 || f.progress || os.Getenv("TERM") == "dumb" {
		return next, func() {}
	}
	w := &waiting{next: next, lists: lists.Zones(), under: make(map[string]int)}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	return w, spin(file, screen().ASCII, columns, patience, turned, w.line)
}

// spin draws a line of at most so many columns again and again, once the patience is over,
// until the function that it returns is called, which takes it away.
func spin(to io.Writer, ascii bool, columns int, patience, every time.Duration, line func() string) (stop func()) {
	marks := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	if ascii {
		marks = []rune(`-\|/`)
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-stopped:
			return
		case <-time.After(patience):
		}
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for i := 0; ; i++ {
			text := []rune(string(marks[i%len(marks)]) + " " + line())
			fmt.Fprintf(to, "\r\x1b[K%s", string(text[:min(len(text), max(columns-1, 1))]))
			select {
			case <-stopped:
				fmt.Fprint(to, "\r\x1b[K")
				return
			case <-ticker.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stopped)
		<-ended
	})
}
