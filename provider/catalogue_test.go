package provider

import "testing"

func TestBuiltin(t *testing.T) {
	n := 0
	for i, s := range Builtin().All() {
		if s.NeedsRecords() {
			n++
			if s.Source == "" || s.Date == "" || len(s.Align) == 0 {
				t.Errorf("%s: no source, date or alignment", s.Name)
			}
		}
		if i > 0 && fold(Builtin().All()[i-1].Name) == fold(s.Name) {
			t.Errorf("%s is there twice", s.Name)
		}
	}
	if with := Builtin().WithRecords(); len(with) != n || !with[0].NeedsRecords() {
		t.Errorf("%d services with records, %d by WithRecords", n, len(with))
	}
	if n < 43 {
		t.Errorf("%d services with records", n)
	}
}

// TestIDs: the IDs are those of the services, in their order.
func TestIDs(t *testing.T) {
	if got := IDs([]*Service{{ID: "a"}, {ID: "b"}}); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("%q", got)
	}
}

func TestFind(t *testing.T) {
	c := Builtin()
	for name, want := range map[string]string{"sendgrid": "SendGrid", "SendGrid": "SendGrid", "send-grid": "SendGrid", "twilio sendgrid": "SendGrid",
		"ses": "Amazon SES", "Amazon SES": "Amazon SES", "google": "Google Workspace", "o365": "Microsoft 365", "Microsoft-365": "Microsoft 365", "icloud+": "Apple iCloud Mail",
		"customerio": "Customer.io", "zeptomail": "Zoho ZeptoMail"} {
		if s, _ := c.Find(name); s == nil || s.Name != want {
			t.Errorf("%s: %v, want %s", name, s, want)
		}
	}
	for name, want := range map[string]string{"sendgird": "sendgrid", "mailgunn": "mailgun", "postmrk": "postmark", "resent": "resend", "": "", "qqqqqqqq": ""} {
		s, near := c.Find(name)
		if s != nil || want == "" && len(near) > 0 || want != "" && (len(near) == 0 || near[0] != want) {
			t.Errorf("%s: %v %v, want %s", name, s, near, want)
		}
	}
}
