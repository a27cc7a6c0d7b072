package receiver

import "testing"

// TestMailboxes: IDs are unique words, and each service is found by what it is known by.
func TestMailboxes(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Mailboxes() {
		if seen[m.ID] || m.ID == "" || m.Name == "" || len(m.Hosts)+len(m.Marks)+len(m.Domains) == 0 {
			t.Errorf("%+v", m)
		}
		seen[m.ID] = true
		for _, d := range m.Domains {
			if MailboxOfDomain(d) == "" {
				t.Errorf("%s: %s is of nobody", m.ID, d)
			}
		}
	}
	for _, id := range []string{"gmail", "google-workspace", "microsoft-consumer", "microsoft-365", "yahoo", "aol", "att", "comcast", "apple", "orange", "laposte", "gmx", "webde",
		"mailru", "yandex", "qq", "proofpoint", "mimecast", "barracuda", "cisco", "broadcom", "trendmicro", "godaddy", "zoho", "fastmail", "rackspace", "cox", "charter"} {
		if !seen[id] {
			t.Errorf("%s of the contract is not known", id)
		}
	}
	for _, f := range families {
		for _, id := range f.of {
			if !seen[id] || familyOf(id) != f.id {
				t.Errorf("%s of %s is not known", id, f.id)
			}
		}
	}
	for host, want := range map[string]string{"gmail-smtp-in.l.google.com": "gmail", "alt1.aspmx.l.google.com.": "google-workspace", "acme-example.mail.protection.outlook.com": "microsoft-365",
		"outlook-com.olc.protection.outlook.com": "microsoft-consumer", "mta5.am0.yahoodns.net": "yahoo", "mx.acme.example": "", "": ""} {
		if got := MailboxOfHost(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	for id, want := range map[string]string{"gmail": "Gmail", "google": "Google", "nobody": "nobody"} {
		if got := MailboxName(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
