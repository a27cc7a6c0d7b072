package reply

import (
	"fmt"
	"regexp"
	"strings"
)

// Receiver is a mail service that is recognised by its hosts, its texts, or the
// domains of its addresses.
type Receiver struct {
	ID, Name string
	hosts    []string
	marks    [][]string
	domains  []string
}

// readReceivers reads data/receivers.txt.
func (k *Knowledge) readReceivers() error {
	text, err := data.ReadFile("data/receivers.txt")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 5 {
			return fmt.Errorf("receivers.txt: %q", line)
		}
		r := Receiver{ID: strings.TrimSpace(f[0]), Name: strings.TrimSpace(f[1]), hosts: strings.Fields(f[2]), domains: strings.Fields(f[4])}
		for m := range strings.SplitSeq(f[3], ";;") {
			if m = strings.TrimSpace(fold(m)); m != "" {
				r.marks = append(r.marks, strings.Split(m, "*"))
			}
		}
		k.receivers = append(k.receivers, r)
	}
	return nil
}

// Receivers returns the receivers that are known, in the order of the file.
func (k *Knowledge) Receivers() []Receiver { return append([]Receiver(nil), k.receivers...) }

// ReceiverOfHost returns the id of the receiver that a mail host belongs to, "" if
// none is known.
func (k *Knowledge) ReceiverOfHost(host string) string {
	host = strings.ToLower(strings.TrimRight(host, "."))
	if host == "" {
		return ""
	}
	for i := range k.receivers {
		for _, h := range k.receivers[i].hosts {
			if host == strings.TrimPrefix(h, ".") || (h[0] == '.' && strings.HasSuffix(host, h)) {
				return k.receivers[i].ID
			}
		}
	}
	return ""
}

// ReceiverOfDomain returns the id of the receiver that serves the addresses of a
// domain, "" if none is known. It knows no hosted domains.
func (k *Knowledge) ReceiverOfDomain(domain string) string {
	domain = strings.ToLower(strings.TrimRight(domain, "."))
	for i := range k.receivers {
		for _, d := range k.receivers[i].domains {
			if domain == d {
				return k.receivers[i].ID
			}
		}
	}
	return ""
}

var addressRE = regexp.MustCompile(`[^\s<>()\[\]"',;:]{1,128}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}`)

// receiverOfText returns the id of the receiver whose marks a folded text has.
// Addresses in it are no marks: they are the sender's as often.
func (k *Knowledge) receiverOfText(folded string) string {
	folded = addressRE.ReplaceAllString(folded, "@")
	for i := range k.receivers {
		for _, m := range k.receivers[i].marks {
			if contains(folded, m) {
				return k.receivers[i].ID
			}
		}
	}
	return ""
}

// receiver decides which receiver a reply is of: by the host that spoke, then by the
// text's own marks, by the recipient's domain last.
func (k *Knowledge) receiver(r *Reply, c *Context, folded string) string {
	domain := domainOf(c.Recipient)
	for _, host := range []string{r.RemoteHost, c.RemoteHost} {
		if id := k.ReceiverOfHost(host); id != "" {
			if id == "gmail" && domain != "" && !strings.HasPrefix(host, "gmail-smtp-in") && k.ReceiverOfDomain(domain) != "gmail" {
				return "google-workspace"
			}
			return id
		}
	}
	if r.Speaker != Local {
		if id := k.receiverOfText(folded); id != "" {
			// The marks of Google are the same for both of its services.
			if (id == "gmail" || id == "google-workspace") && domain != "" {
				if k.ReceiverOfDomain(domain) == "gmail" {
					return "gmail"
				}
				return "google-workspace"
			}
			return id
		}
	}
	return k.ReceiverOfDomain(domain)
}

// family groups the receivers that one operator's rules apply to.
func family(id string) string {
	switch id {
	case "gmail", "google-workspace":
		return "google"
	case "microsoft-consumer", "microsoft-365":
		return "microsoft"
	case "yahoo", "aol", "att":
		return "yahoo-group"
	case "gmx", "webde", "ionos":
		return "united-internet"
	case "orange", "laposte":
		return "france"
	case "cox", "charter":
		return "cloudfilter"
	}
	return id
}

func domainOf(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return strings.ToLower(strings.TrimRight(address[i+1:], ".> "))
	}
	return ""
}
