package receiver

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Mailbox is a service that takes mail for its users, with what it is recognised by.
type Mailbox struct {
	// ID is stable: "gmail", "microsoft-365". JSON names receivers by it.
	ID, Name string
	// Family groups the services that one operator's rules apply to; the ID if it stands
	// alone.
	Family string
	// Hosts are names of its mail hosts, those that begin with a dot with all below them.
	Hosts []string
	// Marks are texts that only its replies have, in lower case; * stands for any text.
	Marks []string
	// Domains are those of its users' addresses.
	Domains []string
}

//go:embed mailboxes.txt
var mailboxesTXT string

// families are the operators of several services, with their names.
var families = []struct {
	id, name string
	of       []string
}{
	{"google", "Google", []string{"gmail", "google-workspace"}},
	{"microsoft", "Microsoft", []string{"microsoft-consumer", "microsoft-365"}},
	{"yahoo-group", "Yahoo, AOL and AT&T", []string{"yahoo", "aol", "att"}},
	{"united-internet", "GMX, WEB.DE and IONOS", []string{"gmx", "webde", "ionos"}},
	{"france", "Orange and La Poste", []string{"orange", "laposte"}},
	{"cloudfilter", "Cox and Spectrum", []string{"cox", "charter"}},
}

// Mailboxes returns the services that are known. The first that matches a host or a text
// is the one. The list is shared and must not be changed.
var Mailboxes = sync.OnceValue(func() []Mailbox {
	var out []Mailbox
	for line := range strings.Lines(mailboxesTXT) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 5 {
			// The file is embedded, and a test reads it.
			panic(fmt.Sprintf("mailboxes.txt: %q", line))
		}
		m := Mailbox{ID: strings.TrimSpace(f[0]), Name: strings.TrimSpace(f[1]), Hosts: strings.Fields(f[2]), Domains: strings.Fields(f[4])}
		for mark := range strings.SplitSeq(f[3], ";;") {
			if mark = strings.ToLower(strings.TrimSpace(mark)); mark != "" {
				m.Marks = append(m.Marks, mark)
			}
		}
		m.Family = familyOf(m.ID)
		out = append(out, m)
	}
	return out
})

// byID finds a service without a search: every rule about replies asks for a family.
var byID = sync.OnceValue(func() map[string]*Mailbox {
	out := map[string]*Mailbox{}
	for i := range Mailboxes() {
		out[Mailboxes()[i].ID] = &Mailboxes()[i]
	}
	return out
})

// MailboxFamily returns the family of a service, the ID itself if it stands alone.
func MailboxFamily(id string) string {
	if m := byID()[id]; m != nil {
		return m.Family
	}
	return id
}

func familyOf(id string) string {
	for _, f := range families {
		for _, of := range f.of {
			if of == id {
				return f.id
			}
		}
	}
	return id
}

// MailboxName returns the name of a service, or of a family of services, for people; the
// ID itself if it is not known.
func MailboxName(id string) string {
	for _, f := range families {
		if f.id == id {
			return f.name
		}
	}
	if m := byID()[id]; m != nil {
		return m.Name
	}
	return id
}

// MailboxOfHost returns the ID of the service that a mail host belongs to, "" if none is
// known.
func MailboxOfHost(host string) string {
	host = strings.ToLower(strings.TrimRight(host, "."))
	if host == "" {
		return ""
	}
	for _, m := range Mailboxes() {
		for _, h := range m.Hosts {
			if host == strings.TrimPrefix(h, ".") || h[0] == '.' && strings.HasSuffix(host, h) {
				return m.ID
			}
		}
	}
	return ""
}

// MailboxOfDomain returns the ID of the service that serves the addresses of a domain, ""
// if none is known. It knows no hosted domains: those show by their MX hosts alone.
func MailboxOfDomain(domain string) string {
	domain = strings.ToLower(strings.TrimRight(domain, "."))
	for _, m := range Mailboxes() {
		for _, d := range m.Domains {
			if domain == d {
				return m.ID
			}
		}
	}
	return ""
}
