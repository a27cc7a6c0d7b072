package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/notify"
	"mailworthy/report"
)

// full uses every key.
const full = `
defaults:
  selectors: [s1, 20230601]
  owner: Mail team
domains:
  - tidy.example
  - domain: ACME.example.
    selectors: [s2]
    mail_from: bounce.acme.example
    dkim_domains: [acme.example]
    ips: [192.0.2.10, "2001:db8::10"]
    helo: [mx1.acme.example]
    profile: sender
    volume: bulk
    owner: ${OWNER}
    sections: [spf, dmarc]
resolvers: [192.0.2.53, "tls://192.0.2.54"]
limits: {timeout: 3s, deadline: 1m, retries: 1, max_queries: 200, max_ips: 8}
lists:
  - zone: zen.spamhaus.org
    key: ${SPAMHAUS_KEY}
  - zone: bl.corp.example
    kinds: [ipv4]
remove_lists: [bl.spamcop.net]
policy:
  weights: {dkim: 10}
  deductions: {warning: 20}
  caps: {error: 60}
  severities: {dmarc-policy-none: error}
accept:
  - check: ptr-missing
    subject: 192.0.2.11
    domain: acme.example
    until: 2027-03-31
    reason: the provider moves it
fail_on: warning
history: {file: history.db, keep: 400d, confirm: 2}
state_dir: /var/lib/mailworthy
notifications:
  - {type: webhook, url: "https://hooks.acme.example/mail", secret: "${HOOK_SECRET}", when: threshold, severity: warning}
  - {type: slack, name: chat, url: "${SLACK_URL}", domains: acme.example}
  - {type: teams, url: "https://teams.acme.example/x"}
  - type: email
    to: [Postmaster <postmaster@acme.example>]
    from: mailworthy@acme.example
    server: smtp.acme.example:587
    tls: starttls
    username: mailworthy
    password: ${SMTP_PASSWORD}
watch: {schedule: "CRON_TZ=Europe/Berlin 17 6 * * *", listen: "127.0.0.1:9599", jitter: 5m}
roundtrips:
  - name: to the other
    via: smtp://me@acme.example@smtp.acme.example
    password: ${SMTP_PASSWORD}
    from: me@acme.example
    to: me@other.example
    plus: true
    auth: plain
    wait:
      - {at: "imaps://me@imap.other.example/INBOX", password_file: imap.password}
      - {at: "imap://me@imap.acme.example", password: "${SMTP_PASSWORD}", xoauth2: true}
      - maildir:Maildir
    helo: mx.acme.example
    tls_ca: ca.pem
    dkim_key: key.pem
    dkim_selector: s1
    dkim_domain: acme.example
    timeout: 20m
    slow: 5m
  - {via: "smtps://smtp.acme.example", from: a@acme.example, to: b@acme.example, wait: /var/mail/b}
`

var variables = map[string]string{
	"OWNER": "Ada", "SPAMHAUS_KEY": "s3cretk3y", "HOOK_SECRET": "0123456789abcdef", "SMTP_PASSWORD": "hunter2hunter2",
	"SLACK_URL": "https://hooks.slack.example/services/T000/B000/xyzzyxyzzy", "NOT_A_DOMAIN": "topsecretvalue", "TWO_LINES": "one\ntwo",
}

func env(name string) (string, bool) { v, ok := variables[name]; return v, ok }

func TestParse(t *testing.T) {
	c, err := Parse("/etc/mailworthy/mailworthy.yaml", []byte(full), env)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Amounts(), ", "); !strings.HasPrefix(got, "2 domains, 2 round trips, ") {
		t.Errorf("it has %s", got)
	}
	tidy, acme := c.Domains[0], c.Domains[1]
	if tidy.Target.Domain != "tidy.example" || strings.Join(tidy.Selectors, " ") != "s1 20230601" || tidy.Owner != "Mail team" {
		t.Errorf("the defaults are not in %+v", tidy)
	}
	if acme.Target.Domain != "acme.example" || strings.Join(acme.Selectors, " ") != "s2" || acme.Owner != "Ada" || acme.Volume != "bulk" ||
		len(acme.IPs) != 2 || acme.MailFrom[0] != "bounce.acme.example" || len(acme.Sections) != 2 || acme.Profile != finding.Sender {
		t.Errorf("%+v", acme)
	}
	if len(c.Roundtrips) != 2 {
		t.Fatalf("%+v", c.Roundtrips)
	}
	sent, other := c.Roundtrips[0], c.Roundtrips[1]
	if sent.Via.User != "me@acme.example" || sent.Password.Text.Reveal() != "hunter2hunter2" || len(sent.Wait) != 3 || sent.Wait[0].Password.File != "/etc/mailworthy/imap.password" ||
		!sent.Wait[1].Token || sent.Wait[2].Place.Maildir != "/etc/mailworthy/Maildir" || sent.Auth != "PLAIN" || sent.Slow != 5*time.Minute || sent.Key != "/etc/mailworthy/key.pem" {
		t.Errorf("%+v", sent)
	}
	if other.Name != "a@acme.example to b@acme.example" || other.Wait[0].Place.File != "/var/mail/b" || other.KeyDomain != "acme.example" {
		t.Errorf("%+v", other)
	}
	if c.Limits != (Limits{Timeout: 3 * time.Second, Deadline: time.Minute, Retries: 1, MaxQueries: 200, MaxIPs: 8}) {
		t.Errorf("limits: %+v", c.Limits)
	}
	if l := c.Catalogue.Find("zen.spamhaus.org"); !l.HasKey || c.Catalogue.Find("bl.corp.example") == nil || c.Catalogue.Find("bl.spamcop.net") != nil {
		t.Error("the lists are not as stated")
	}
	if c.Policy.Weights[finding.DKIM] != 10 || c.Policy.Severities["dmarc-policy-none"] != finding.Error || len(c.Policy.Accept) != 1 {
		t.Errorf("policy: %+v", c.Policy)
	}
	if err := c.Policy.Check(); err != nil {
		t.Errorf("report refuses the policy: %v", err)
	}
	if c.History != (History{File: "/etc/mailworthy/history.db", Keep: 400 * day, Confirm: 2}) || c.StateDir != "/var/lib/mailworthy" || c.FailOn != finding.Warning {
		t.Errorf("%+v %q %q", c.History, c.StateDir, c.FailOn)
	}
	hook, mail := c.Notifications[0], c.Notifications[3]
	if hook.Name != "webhook 1" || hook.Key.Reveal() != "0123456789abcdef" || hook.When != notify.Threshold || hook.Severity != finding.Warning {
		t.Errorf("%+v", hook)
	}
	if mail.Mail.To[0] != `"Postmaster" <postmaster@acme.example>` || mail.Mail.Password.Reveal() != "hunter2hunter2" || mail.Mail.TLS != notify.StartTLS {
		t.Errorf("%+v", mail)
	}
	if c.Watch.Jitter != 5*time.Minute || c.Watch.Listen != "127.0.0.1:9599" {
		t.Errorf("%+v", c.Watch)
	}
	least, err := Parse("mailworthy.yaml", []byte("domains: [acme.example]"), env)
	if err != nil || least.FailOn != finding.Error || least.Catalogue != nil || least.Policy == nil || least.Limits.Retries != -1 {
		t.Errorf("%+v, %v", least, err)
	}
}

// mistakes are configurations with what is said of them. Where schema is set the
// JSON Schema refuses them too; the rest is what a schema cannot know.
var mistakes = []struct {
	name, text string
	want       []string
	schema     bool
}{
	{"empty", "", []string{"m.yaml:1:1: the configuration is empty (mailworthy init DOMAIN writes one)"}, true},
	{"comment alone", "# nothing\n", []string{"m.yaml:1:1: the configuration is empty"}, true},
	{"not YAML", "domains:\n  - a\nx: y: z\n", []string{"m.yaml:3:1: not YAML"}, false},
	{"a list", "- acme.example", []string{"m.yaml:1:1: the configuration must be keys with values, not a list"}, true},
	{"two documents", "domains: [acme.example]\n---\na: 1", []string{"m.yaml:2:1: a second document"}, false},
	{"alias", "domains: &d [acme.example]\nresolvers: *d", []string{"m.yaml:2:12: aliases (*d) are not supported (what domains share goes under defaults)"}, false},
	{"no domains", "fail_on: error", []string{"m.yaml:1:1: the configuration: domains is missing"}, true},
	{"a password in the address", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://me:hunter3@smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box}\n", []string{`m.yaml:3:11: via: "smtp://me:…@smtp.acme.example": there is a password in the address`}, false},
	{"a number for a place", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: 5}\n", []string{`m.yaml:3:87: wait: "5" is no place`}, false},
	{"yes for a place", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: true}\n", []string{`m.yaml:3:87: wait: "true" is no place`}, false},
	{"a mail address for a place", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: b@acme.example}\n", []string{`m.yaml:3:87: wait: "b@acme.example" has no scheme (did you mean imaps://b@acme.example?`}, false},
	{"a folder for a file", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: .}\n", []string{`m.yaml:3:87: wait: "." is a folder (did you mean maildir:.?`}, false},
	{"a place twice", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: [box, box]}\n", []string{`m.yaml:3:93: wait: "box" is stated twice`}, false},
	{"a token for a file", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: {at: box, xoauth2: true}}\n", []string{`m.yaml:3:87: wait: a password and xoauth2 are for a mailbox on a server`}, false},
	{"a misspelt mechanism", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp.acme.example\", auth: plian, from: a@acme.example, to: b@acme.example, wait: box}\n", []string{`m.yaml:3:11: via: "smtp.acme.example" does not begin with smtp:// or smtps:// (did you mean smtp://smtp.acme.example?)`, `m.yaml:3:38: auth: "plian" is none of scram-sha-256, scram-sha-1, plain, login, cram-md5, xoauth2 (did you mean plain?)`}, false},
	{"a password in the file", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://me@smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, password: hunter3}\n", []string{"m.yaml:3:105: password: no password stands in a configuration (write ${NAME}"}, false},
	{"no password", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://me@smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box}\n", []string{"m.yaml:3:5: a roundtrip: via has a user, and there is no password (password: ${NAME}"}, false},
	{"two passwords", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://me@smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, password: \"${SMTP_PASSWORD}\", password_file: x}\n", []string{"m.yaml:3:5: a roundtrip: password and password_file exclude each other"}, false},
	{"a password for nobody", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, password_file: x}\n", []string{"m.yaml:3:5: a roundtrip: a password and auth are for a login"}, false},
	{"a mailbox without a password", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: \"imaps://b@imap.acme.example\"}\n", []string{"m.yaml:3:87: wait: the mailbox has a user, and there is no password"}, false},
	{"no place", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: []}\n", []string{"m.yaml:3:87: wait is empty"}, true},
	{"a key without a selector", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, dkim_key: k}\n", []string{"m.yaml:3:5: a roundtrip: dkim_key and dkim_selector belong together"}, false},
	{"not yes", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, plus: 1}\n", []string{"m.yaml:3:98: plus must be true or false, not \"1\""}, true},
	{"no time", "domains: [acme.example]\nroundtrips:\n  - {via: \"smtp://smtp.acme.example\", from: a@acme.example, to: b@acme.example, wait: box, slow: fast}\n", []string{"m.yaml:3:98: slow: \"fast\" is no time span"}, true},
	{"no domain", "domains: []", []string{"m.yaml:1:10: domains is empty"}, true},
	{"misspelt", "domians: [acme.example]\ndomains: [acme.example]", []string{`m.yaml:1:1: the configuration has no key "domians" (did you mean domains?)`}, true},
	{"hyphen", "domains:\n  - domain: acme.example\n    mail-from: [b.acme.example]", []string{`m.yaml:3:5: a domain has no key "mail-from" (did you mean mail_from?)`}, true},
	{"far off", "domains: [acme.example]\nwatch: {zzzzzzzz: 1}", []string{`m.yaml:2:9: watch has no key "zzzzzzzz" (its keys are jitter, listen, schedule)`}, true},
	{"key twice", "domains: [acme.example]\ndomains: [tidy.example]", []string{`m.yaml:2:1: the configuration: "domains" stands there twice`}, false},
	{"domain twice", "domains: [acme.example, {domain: ACME.example}]", []string{"m.yaml:1:34: acme.example stands among the domains twice"}, false},
	{"bad names", "domains:\n  - domain: https://acme.example/\n    selectors: [s1._domainkey.acme.example]\n    ips: [192.0.2.300, 192.0.2.1]\n    helo: ['a b']",
		[]string{`m.yaml:2:13: domain: "https://acme.example/" is not a domain: it is a URL; did you mean "acme.example"?`, "m.yaml:3:17: selectors: ", `m.yaml:4:11: ips: "192.0.2.300" is not an IP address`, "m.yaml:5:12: helo: "}, false},
	{"a map for a list", "domains: [{domain: acme.example, selectors: {a: b}}]", []string{"m.yaml:1:45: selectors must be a list, not keys with values"}, true},
	{"null", "domains: [acme.example]\nfail_on:", []string{"m.yaml:2:9: fail_on is empty"}, true},
	{"words", "domains: [{domain: acme.example, profile: sendr, volume: huge, sections: [spf, smtp]}]",
		[]string{`m.yaml:1:43: profile must be sender, parked or receiver, not "sendr" (did you mean sender?)`, `m.yaml:1:58: volume must be bulk or low, not "huge"`, `m.yaml:1:80: sections must be ` + anyOf(finding.Choosable) + `, not "smtp"`}, true},
	{"resolver", "domains: [acme.example]\nresolvers: [gopher://192.0.2.1]", []string{"m.yaml:2:13: resolvers: "}, false},
	{"limits", "domains: [acme.example]\nlimits: {timeout: 3, retries: many, max_queries: 0, deadline: 2h}",
		[]string{`m.yaml:2:19: timeout: "3" is no time span`, `m.yaml:2:31: retries must be a number from 0 to 10, not "many"`, "m.yaml:2:50: max_queries must be", "m.yaml:2:63: deadline must be from 1s to 1h"}, true},
	{"policy", "domains: [acme.example]\npolicy:\n  weights: {mail: 1, spf: -1}\n  severities: {dkim-key-wek: error, mx-single: pass}\n  deductions: {fatal: 3}\n  caps: {error: 101}",
		[]string{`m.yaml:3:13: policy: weights: there is no section "mail"`, `m.yaml:3:27: spf must be a number from 0 to 1000, not "-1"`,
			`m.yaml:4:16: policy: severities: there is no check "dkim-key-wek" (did you mean dkim-key-weak?)`, "m.yaml:4:48: the severity of mx-single must be",
			`m.yaml:5:16: policy: deductions: there is no severity "fatal"`, "m.yaml:6:17: error must be a number"}, true},
	{"weights together", "domains: [acme.example]\npolicy:\n  weights: {spf: 0, dkim: 0, dmarc: 0, reputation: 0, hosts: 0}", []string{"m.yaml:3:3: policy: weights: every section weighs 0"}, false},
	{"accept", "domains: [acme.example]\naccept:\n  - {check: ptr-mising, until: tomorrow, reason: x}\n  - {subject: x}\n  - {check: ptr-missing, until: 2027-02-30, reason: x, domain: other.example}",
		[]string{`m.yaml:3:13: there is no check "ptr-mising" (did you mean ptr-missing?)`, `m.yaml:3:32: until: "tomorrow" is no day (write it as 2027-03-31)`,
			"m.yaml:4:5: an acceptance: check is missing", "m.yaml:4:5: an acceptance: until is missing", "m.yaml:4:5: an acceptance: reason is missing",
			`m.yaml:5:33: until: "2027-02-30" is no day`, "m.yaml:5:64: domain: other.example is not among the domains"}, true},
	{"lists", "domains: [acme.example]\nlists:\n  - {zone: zen.spamhaus.org, key: \"${UNSET_KEY}\"}\n  - {zne: x.example}\nremove_lists: [no.such.list]",
		[]string{"m.yaml:3:35: lists: ${UNSET_KEY} is not set in the environment", "m.yaml:4:5: lists: a list needs a zone", "m.yaml:5:16: remove_lists: no list of that zone"}, true},
	{"variables", "domains: [\"${NOT_A_DOMAIN}\", \"${UNSET}\", \"${1X}.example\", \"${UNSET\", \"${TWO_LINES}\"]",
		[]string{"m.yaml:1:11: a domain: what ${NOT_A_DOMAIN} stands for is not right for it", "m.yaml:1:30: a domain: the variable ${UNSET} is not set in the environment",
			"m.yaml:1:42: a domain: ${ does not start the name of a variable", "m.yaml:1:59: a domain: ${ does not start", "m.yaml:1:70: a domain: the variable ${TWO_LINES} has more than one line"}, false},
	{"history", "domains: [acme.example]\nhistory: {keep: 12h}", []string{"m.yaml:2:10: history: file is missing", "m.yaml:2:17: keep must be from 1d to 36500d"}, true},
	{"notification types", "domains: [acme.example]\nnotifications:\n  - {url: https://x.example}\n  - {type: slak, url: https://x.example}\n  - {type: teams}\n  - {type: slack, url: https://x.example, secret: abc}\n  - x",
		[]string{"m.yaml:3:5: a notification: type is missing (type is webhook, slack, teams or email)", `m.yaml:4:12: type must be webhook, slack, teams or email, not "slak" (did you mean slack?)`,
			"m.yaml:5:5: a notification: url is missing", `m.yaml:6:43: a notification has no key "secret"`, "m.yaml:7:5: a notification must be keys with values"}, true},
	{"notification values", "domains: [acme.example]\nnotifications:\n  - {type: webhook, url: hunter2, secret: hunter2}\n  - {type: slack, url: \"http://hooks.acme.example/hunter2\"}\n  - {type: email, to: [postmaster], from: x, server: smtp.acme.example, password: hunter2, tls: ssl}\n  - {type: teams, url: https://x.example/, domains: [other.example]}",
		[]string{"m.yaml:3:26: url must be an https:// address", "m.yaml:3:43: secret is too short: it has 7 characters and must have 16", "m.yaml:4:24: url must be an https:// address (http:// is for addresses of your own network)",
			`m.yaml:5:24: to: "postmaster" is not an address`, `m.yaml:5:43: from: "x" is not an address`, `m.yaml:5:54: server: "smtp.acme.example" is not host:port`, "m.yaml:5:97: tls must be starttls, implicit or none",
			"m.yaml:6:54: domains: other.example is not among the domains"}, false},
	{"password in the clear", "domains: [acme.example]\nnotifications:\n  - {type: email, to: a@acme.example, from: a@acme.example, server: \"smtp.acme.example:25\", tls: none, password: hunter2}",
		[]string{"m.yaml:3:5: a password is not sent without TLS"}, false},
	{"same name", "domains: [acme.example]\nnotifications:\n  - {type: slack, name: a, url: https://x.example/}\n  - {type: teams, name: a, url: https://x.example/}", []string{`m.yaml:4:5: two notifications are called "a"`}, false},
	{"watch", "domains: [acme.example]\nwatch: {schedule: \"61 * * * *\", listen: here, jitter: -1s}", []string{"m.yaml:2:19: schedule: ", `m.yaml:2:41: listen: "here" is not an address to listen on`, "m.yaml:2:55: jitter must be from 0s to 1d"}, true},
	{"schedule that never comes", "domains: [acme.example]\nwatch: {schedule: \"0 0 30 2 *\"}", []string{"m.yaml:2:19: schedule: no day ever matches it"}, false},
}

// anyOf returns the sections as a message lists them: "a, b or c".
func anyOf(sections []finding.Section) string {
	text := ""
	for i, s := range sections {
		switch {
		case i == 0:
		case i == len(sections)-1:
			text += " or "
		default:
			text += ", "
		}
		text += string(s)
	}
	return text
}

// TestMistakes: every mistake is named, each at its place, in the order of the file.
func TestMistakes(t *testing.T) {
	for _, tt := range mistakes {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("m.yaml", []byte(tt.text), env)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%v", err)
			}
			if len(problems) != len(tt.want) {
				t.Errorf("%d problems, want %d:\n%v", len(problems), len(tt.want), err)
			}
			for i := range min(len(problems), len(tt.want)) {
				got := problems[i].Error()
				if h := problems[i].Hint; h != "" {
					got += " (" + h + ")"
				}
				if !strings.HasPrefix(got, tt.want[i]) {
					t.Errorf("problem %d is\n  %s, want\n  %s", i+1, got, tt.want[i])
				}
			}
			for _, p := range problems {
				for _, secret := range []string{"hunter2", "topsecret", "s3cret"} {
					if strings.Contains(p.Error()+p.Hint, secret) {
						t.Errorf("%q shows a secret", p)
					}
				}
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, err := Parse("m.yaml", []byte("domains: ["+strings.Repeat("x,", 5000)+"]"), env)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != maxProblems {
		t.Errorf("%d problems", len(problems))
	}
}

func TestEscapedVariable(t *testing.T) {
	c, err := Parse("m.yaml", []byte("defaults: {owner: \"costs $${OWNER} $5\"}\ndomains: [acme.example]"), env)
	if err != nil || c.Domains[0].Owner != "costs ${OWNER} $5" {
		t.Errorf("%v, %v", c, err)
	}
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct{ xdg, home, want string }{
		{"", "/home/ada", "mailworthy.yaml /home/ada/.config/mailworthy/mailworthy.yaml /etc/mailworthy/mailworthy.yaml"},
		{"/x", "/home/ada", "mailworthy.yaml /x/mailworthy/mailworthy.yaml /home/ada/.config/mailworthy/mailworthy.yaml /etc/mailworthy/mailworthy.yaml"},
		{"/home/ada/.config", "/home/ada", "mailworthy.yaml /home/ada/.config/mailworthy/mailworthy.yaml /etc/mailworthy/mailworthy.yaml"},
		{"relative", "", "mailworthy.yaml /etc/mailworthy/mailworthy.yaml"},
	} {
		got := Places(func(name string) string { return map[string]string{"XDG_CONFIG_HOME": tt.xdg, "HOME": tt.home}[name] })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("XDG_CONFIG_HOME=%s HOME=%s: %v", tt.xdg, tt.home, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	for _, m := range mistakes {
		f.Add(m.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("m.yaml", []byte(text), env)
		if (c == nil) != (err != nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if c == nil {
			for _, p := range err.(Problems) {
				if p.Line < 1 || p.Column < 1 || strings.Contains(p.Text, "hunter2hunter2") {
					t.Errorf("%+v", p)
				}
			}
			return
		}
		if err := c.Policy.Check(); err != nil {
			t.Errorf("report refuses the policy: %v", err)
		}
		if len(c.Domains) == 0 || c.FailOn != report.Never && c.FailOn.Rank() < 1 {
			t.Errorf("%+v", c)
		}
	})
}
