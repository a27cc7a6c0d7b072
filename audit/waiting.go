package audit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// Waiting is a resolver that knows what has not been answered yet, for a line that says
// what a slow audit waits for. Several goroutines may use it.
type Waiting struct {
	next  resolver.Resolver
	lists []string

	mu    sync.Mutex
	under map[string]int // sections with questions under way
	asked int
}

// NewWaiting returns one that asks next. The names of the catalogue's lists are questions
// about block lists.
func NewWaiting(next resolver.Resolver, lists *rbl.Catalogue) *Waiting {
	return &Waiting{next: next, lists: lists.Zones(), under: make(map[string]int)}
}

// Lookup implements resolver.Resolver.
func (w *Waiting) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	section := w.section(name, t)
	w.count(section, 1)
	defer w.count(section, -1)
	return w.next.Lookup(ctx, name, t)
}

func (w *Waiting) count(section string, by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.under[section] += by
	w.asked += max(by, 0)
}

// section is what a question is about, in the words of the report.
func (w *Waiting) section(name string, t resolver.Type) string {
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

// Line says what is waited for, or that the answers are judged.
func (w *Waiting) Line() string {
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
