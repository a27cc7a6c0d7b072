package resolver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

// sayer answers by a table of "name TYPE": "nxdomain", "nodata", "fails", or a record; what is
// not in it has the answer of "*". It notes what it was asked.
type sayer struct {
	says map[string]string

	mu    sync.Mutex
	asked []string
}

func (s *sayer) Lookup(_ context.Context, name string, t Type) (*Answer, error) {
	key := name + " " + t.String()
	s.mu.Lock()
	s.asked = append(s.asked, key)
	s.mu.Unlock()
	said, ok := s.says[key]
	if !ok {
		said = s.says["*"]
	}
	a := &Answer{Name: name, Type: t, Server: "udp://192.0.2.53", Rcode: "NOERROR", Status: Found}
	if strings.HasPrefix(said, "zone ") {
		said, a.Server = said[len("zone "):], "zone "+name
	}
	switch said {
	case "nxdomain":
		a.Status, a.Rcode = NXDomain, "NXDOMAIN"
	case "nodata":
		a.Status = NoData
	case "denies itself":
		return nil, &Error{Name: name, Type: t, Reason: Malformed, Rcode: "NXDOMAIN"}
	case "fails":
		return nil, &Error{Name: name, Type: t, Reason: ServFail}
	default:
		a.Records = []Record{{Name: name, Type: t, Host: said, TXT: []string{said}}}
	}
	return a, nil
}

// TestSceptic: a denial is passed on if the resolver sees the domain or the top-level domain, or
// has found something there; else nothing is answered any more.
func TestSceptic(t *testing.T) {
	for _, tt := range []struct {
		name string
		says map[string]string
		// want is what comes of asking for TXT of a.one.com, b.one.com and a.one.com again.
		want string
	}{
		{"sees the public DNS", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "x"}, "nxdomain nxdomain nxdomain"},
		{"denies everything by the SOA of the top-level domain", map[string]string{"*": "nxdomain", "com NS": "denies itself"}, "not-public not-public not-public"},
		{"has a zone com of its own", map[string]string{"*": "nxdomain", "com NS": "ns.corp.com"}, "nxdomain nxdomain nxdomain"},
		{"lets com through alone", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net"}, "not-public not-public not-public"},
		{"lets com and the domain through", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "one.com SOA": "x"}, "nxdomain nxdomain nxdomain"},
		{"lets com and another domain through", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "two.com SOA": "x"}, "not-public not-public not-public"},
		{"is asked in vain about the servers of com", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "fails"}, "nxdomain nxdomain nxdomain"},
		{"a zone is believed of the servers of com", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "zone nxdomain"}, "nxdomain nxdomain nxdomain"},
		{"denies everything", map[string]string{"*": "nxdomain"}, "not-public not-public not-public"},
		{"has no data for anything", map[string]string{"*": "nodata"}, "not-public not-public not-public"},
		{"has the domain, and no more of the world", map[string]string{"*": "nxdomain", "one.com SOA": "x"}, "nxdomain nxdomain nxdomain"},
		{"has something in it", map[string]string{"*": "nxdomain", "a.one.com TXT": "x"}, "found nxdomain found"},
		{"is asked in vain about the domain", map[string]string{"*": "nxdomain", "one.com SOA": "fails"}, "nxdomain nxdomain nxdomain"},
		{"is asked in vain about the top-level domain", map[string]string{"*": "nxdomain", "com NS": "fails"}, "nxdomain nxdomain nxdomain"},
		{"a zone is believed", map[string]string{"*": "nxdomain", "a.one.com TXT": "zone nxdomain", "b.one.com TXT": "zone x"}, "nxdomain found nxdomain"},
		{"a zone is believed of the domain", map[string]string{"*": "nxdomain", "com NS": "zone nxdomain"}, "nxdomain nxdomain nxdomain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSceptic(&sayer{says: tt.says})
			var got []string
			for _, name := range []string{"a.one.com", "b.one.com", "a.one.com"} {
				a, err := s.Lookup(t.Context(), name, TypeTXT)
				var e *Error
				switch {
				case err == nil:
					got = append(got, string(a.Status))
				case errors.As(err, &e):
					got = append(got, string(e.Reason))
				default:
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestScepticSelective: what a resolver that lets a few names through has of no domain is not believed
// to be absent, reverse names included.
func TestScepticSelective(t *testing.T) {
	s := NewSceptic(&sayer{says: map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "net NS": "a.gtld-servers.net",
		"a.one.com TXT": "x", "one.com SOA": "x", "ip6.arpa SOA": "x"}})
	for name, believed := range map[string]bool{"a.one.com": true, "b.one.com": true, "two.com": false, "two.net": false, "acme.example": true,
		"_dmarc.com": true, "com": true, "no-such-name.invalid": true, "1.2.0.192.in-addr.arpa": false, "1.0.ip6.arpa": true, "ipv4only.arpa": true} {
		if _, err := s.Lookup(t.Context(), name, TypeTXT); (err == nil) != believed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestScepticReverse: a denial of a reverse name is not believed of a resolver that denies com, the root
// and the tree of such names as well, also if another name was denied first.
func TestScepticReverse(t *testing.T) {
	for _, tt := range []struct {
		name     string
		says     map[string]string
		believed bool
	}{
		{"denies everything", map[string]string{"*": "nxdomain"}, false},
		{"has no data for anything", map[string]string{"*": "nodata"}, false},
		{"has com", map[string]string{"*": "nxdomain", "com NS": "x"}, true},
		{"has the public com, and denies arpa", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "x"}, false},
		{"has the public com and arpa", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "x", "arpa NS": "x"}, true},
		{"is asked in vain about arpa", map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "x", "arpa NS": "fails"}, true},
		{"has the root", map[string]string{"*": "nxdomain", ". NS": "x"}, true},
		{"has the tree", map[string]string{"*": "nxdomain", "in-addr.arpa SOA": "x"}, true},
		{"has a zone of it", map[string]string{"*": "nxdomain", "2.0.192.in-addr.arpa SOA": "x"}, true},
		{"is asked in vain about the root", map[string]string{"*": "nxdomain", ". NS": "fails"}, true},
		{"is asked in vain about com", map[string]string{"*": "nxdomain", "com NS": "fails"}, true},
		{"a zone is believed", map[string]string{"*": "nxdomain", "1.2.0.192.in-addr.arpa PTR": "zone nxdomain"}, true},
	} {
		for _, before := range []string{"", "a.one.com"} {
			s := NewSceptic(&sayer{says: tt.says})
			if before != "" {
				_, _ = s.Lookup(t.Context(), before, TypeTXT)
			}
			if _, err := s.Lookup(t.Context(), "1.2.0.192.in-addr.arpa", TypePTR); (err == nil) != tt.believed {
				t.Errorf("%s, after %q: %v", tt.name, before, err)
			}
		}
	}
}

// TestDeniesAbove: only a denial of the public top-level domain of a name, of the root and of the tree shows
// that nothing can be expected there.
func TestDeniesAbove(t *testing.T) {
	for _, tt := range []struct {
		name, domain string
		says         map[string]string
		want         bool
	}{
		{"denies all", "one.com", map[string]string{"*": "nxdomain"}, true},
		{"has nothing at the root", "one.com", map[string]string{"*": "nxdomain", ". NS": "nodata"}, true},
		{"has nothing at the top-level domain, below which is the domain", "one.com", map[string]string{"*": "nxdomain", "com NS": "nodata"}, false},
		{"has the top-level domain", "one.com", map[string]string{"*": "nxdomain", "com NS": "x"}, false},
		{"is asked in vain", "one.com", map[string]string{"*": "nxdomain", "com NS": "fails"}, false},
		{"has the root", "one.com", map[string]string{"*": "nxdomain", ". NS": "x"}, false},
		{"is asked in vain about the root", "one.com", map[string]string{"*": "nxdomain", ". NS": "fails"}, false},
		{"has the tree", "one.com", map[string]string{"*": "nxdomain", "in-addr.arpa SOA": "x"}, false},
		{"has a zone of it", "one.com", map[string]string{"*": "nxdomain", "2.0.192.in-addr.arpa SOA": "x"}, false},
		{"has another zone", "one.com", map[string]string{"*": "nxdomain", "3.0.192.in-addr.arpa SOA": "x"}, true},
		{"denies by the SOA of each zone", "one.com", map[string]string{"*": "denies itself"}, true},
		{"a zone is believed", "one.com", map[string]string{"*": "nxdomain", "com NS": "zone nxdomain"}, false},
		{"no top-level domain of the root", "one.example", map[string]string{"*": "nxdomain"}, false},
		{"the top-level domain itself", "com", map[string]string{"*": "nxdomain"}, false},
	} {
		if said := DeniesAbove(t.Context(), &sayer{says: tt.says}, tt.domain, "1.2.0.192.in-addr.arpa"); (said != nil) != tt.want {
			t.Errorf("%s: %v", tt.name, said)
		}
	}
}

// TestDeniesTree: of IPv6 addresses the zones at four nibbles are asked for.
func TestDeniesTree(t *testing.T) {
	const name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
	for zone, want := range map[string]bool{"8.b.d.0.1.0.0.2.ip6.arpa": false, "0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa": false, "ip6.arpa": false, "9.b.d.0.1.0.0.2.ip6.arpa": true} {
		if said := deniesTree(t.Context(), &sayer{says: map[string]string{"*": "nxdomain", zone + " SOA": "x"}}, name); (said != nil) != want {
			t.Errorf("%s: %v", zone, said)
		}
	}
}

// TestScepticAsksOnce: a top-level domain is asked about once, and neither one that nobody
// registered nor that of reverse names; the servers of com are, once for all. What is said of a
// top-level domain holds there alone.
func TestScepticAsksOnce(t *testing.T) {
	next := &sayer{says: map[string]string{"*": "nxdomain", "com NS": "a.gtld-servers.net", "a.gtld-servers.net A": "x", "arpa NS": "x"}}
	s := NewSceptic(next)
	var wg sync.WaitGroup
	for _, name := range []string{"a.one.com", "b.one.com", "two.com", "acme.example", "1.2.0.192.in-addr.arpa"} {
		wg.Go(func() {
			if _, err := s.Lookup(t.Context(), name, TypeTXT); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	beside := 0
	for _, q := range next.asked {
		if !strings.HasSuffix(q, " TXT") {
			beside++
		}
	}
	if beside != 5 {
		t.Errorf("%d questions beside the five: %q", beside, next.asked)
	}
	if _, err := s.Lookup(t.Context(), "one.net", TypeTXT); err == nil || AsError(err).Reason != NotPublic {
		t.Errorf("net is denied: %v", err)
	}
	if _, err := s.Lookup(t.Context(), "three.com", TypeTXT); err != nil {
		t.Errorf("com is there: %v", err)
	}
}
