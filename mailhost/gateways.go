package mailhost

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Gateway is a service whose MX hosts only receive: mail leaves from other hosts of
// its own, or does not leave there at all, and its customers cannot change a PTR.
type Gateway struct {
	// Service is its name.
	Service string
	// Mailboxes: people send from mailboxes at the service, with their own domain in
	// MAIL FROM.
	Mailboxes bool
	patterns  []string
}

//go:embed gateways.tsv
var gatewaysTSV string

// gateways are read once, by the last label of their patterns but one: a lookup
// looks at a few of them only.
var gateways = sync.OnceValue(func() map[string][]*Gateway {
	out := make(map[string][]*Gateway)
	for n, line := range strings.Split(gatewaysTSV, "\n") {
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "service\t") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 {
			panic(fmt.Sprintf("mailhost: gateways.tsv:%d: %d cells", n+1, len(cells)))
		}
		g := &Gateway{Service: cells[0], Mailboxes: cells[2] == "yes", patterns: strings.Fields(cells[1])}
		for _, p := range g.patterns {
			end := lastTwo(p)
			if list := out[end]; len(list) == 0 || list[len(list)-1] != g {
				out[end] = append(list, g)
			}
		}
	}
	return out
})

// GatewayOf returns the service whose inbound host it is, nil if none is known.
func GatewayOf(host string) *Gateway {
	for _, g := range gateways()[lastTwo(host)] {
		for _, p := range g.patterns {
			if below(host, p) {
				return g
			}
		}
	}
	return nil
}

// lastTwo are the last two labels of a name.
func lastTwo(name string) string {
	end := strings.LastIndexByte(name, '.')
	if end < 0 {
		return name
	}
	return name[strings.LastIndexByte(name[:end], '.')+1:]
}

// below reports whether a name is the one of the pattern or below it.
func below(name, pattern string) bool {
	for {
		have, haveMore := cutLast(&name)
		want, wantMore := cutLast(&pattern)
		before, after, star := strings.Cut(want, "*")
		switch {
		case !star && have != want:
			return false
		case star && (len(have) < len(before)+len(after) || !strings.HasPrefix(have, before) || !strings.HasSuffix(have, after)):
			return false
		case !wantMore:
			return true
		case !haveMore:
			return false
		}
	}
}

// cutLast takes the last label off a name; more says that there are others.
func cutLast(name *string) (label string, more bool) {
	i := strings.LastIndexByte(*name, '.')
	if i < 0 {
		return *name, false
	}
	label, *name = (*name)[i+1:], (*name)[:i]
	return label, true
}
