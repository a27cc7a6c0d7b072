package reply

import (
	"strings"

	"mailworthy/internal/lazyre"

	"mailworthy/receiver"
)

// marked is a receiver with the parts of its marks.
type marked struct {
	id    string
	marks [][]string
}

// readReceivers takes the marks of the services that package receiver knows.
func (k *Knowledge) readReceivers() {
	for _, m := range receiver.Mailboxes() {
		r := marked{id: m.ID}
		for _, text := range m.Marks {
			r.marks = append(r.marks, strings.Split(fold(text), "*"))
		}
		k.receivers = append(k.receivers, r)
	}
}

// ReceiverOfHost returns the id of the receiver that a mail host belongs to, "" if
// none is known.
func (k *Knowledge) ReceiverOfHost(host string) string { return receiver.MailboxOfHost(host) }

// ReceiverOfDomain returns the id of the receiver that serves the addresses of a
// domain, "" if none is known. It knows no hosted domains.
func (k *Knowledge) ReceiverOfDomain(domain string) string { return receiver.MailboxOfDomain(domain) }

var addressRE = lazyre.New(`[^\s<>()\[\]"',;:]{1,128}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}`)

// receiverOfText returns the id of the receiver whose marks a folded text has.
// Addresses in it are the sender's as often, and only marks that are addresses are looked
// for among them.
func (k *Knowledge) receiverOfText(folded string) string {
	without := addressRE.ReplaceAllString(folded, "@")
	for i := range k.receivers {
		for _, m := range k.receivers[i].marks {
			text := without
			if strings.Contains(m[0], "@") {
				text = folded
			}
			if contains(text, m) {
				return k.receivers[i].id
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
func family(id string) string { return receiver.MailboxFamily(id) }

func domainOf(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return strings.ToLower(strings.TrimRight(address[i+1:], ".> "))
	}
	return ""
}
