package reply

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/internal/lazyre"
)

const domRE = `([A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63}){1,10})`

// said is a pattern of a text with the identity that it states.
type said struct {
	// need is a text in lower case without which the pattern cannot match.
	need string
	re   *lazyre.Regexp
	set  func(*Identities, string)
}

var stated = []said{
	{"mail from domain", lazyre.New(`(?i)MAIL FROM domain \[?` + domRE), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"spf [", lazyre.New(`(?i)SPF \[` + domRE + `\] with ip`), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"bad spf", lazyre.New(`(?i)Bad SPF records for \[?` + domRE), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"allow sending", lazyre.New(`(?i)` + domRE + ` doesn't allow sending mails from`), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"sender", lazyre.New(`(?i)<[^<>@\s]{0,128}@` + domRE + `>[:. ]*(?:Sender address rejected|Domain of sender|\.\.\. *Domain of sender)`), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"sender address", lazyre.New(`(?i)Sender address \[?<?[^<>@\s]{0,128}@` + domRE), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"after mail from", lazyre.New(`(?i)after MAIL FROM ?: ?<[^<>@\s]{0,128}@` + domRE), func(d *Identities, s string) { d.EnvelopeDomain = s }},
	{"email from", lazyre.New(`(?i)email from ` + domRE + ` is not accepted due to`), func(d *Identities, s string) { d.AuthorDomain = s }},
	{"dmarc", lazyre.New(`(?i)(?:due to|per) ` + domRE + `(?:'s|’s) DMARC`), func(d *Identities, s string) { d.AuthorDomain = s }},
	{"dmarc policy", lazyre.New(`(?i)DMARC policy (?:for|of) ` + domRE), func(d *Identities, s string) { d.AuthorDomain = s }},
	{"owner dmarc", lazyre.New(`(?i)domain \(` + domRE + `\) owner DMARC policy`), func(d *Identities, s string) { d.AuthorDomain = s }},
	{"sending domain", lazyre.New(`(?i)sending domain \[?` + domRE + `(?:\]| )`), func(d *Identities, s string) { d.AuthorDomain = s }},
	{"dkim [", lazyre.New(`(?i)DKIM \[` + domRE + `\]`), func(d *Identities, s string) { d.DKIMDomain = s }},
	{"helo command", lazyre.New(`(?i)Helo command \[?<?` + domRE), func(d *Identities, s string) { d.HELO = s }},
	{"helo command", lazyre.New(`(?i)<` + domRE + `>: Helo command rejected`), func(d *Identities, s string) { d.HELO = s }},
	{"helo=", lazyre.New(`(?i)HELO=\[?` + domRE), func(d *Identities, s string) { d.HELO = s }},
	{"name service error", lazyre.New(`(?i)Name service error for (?:name=|domain )` + domRE), func(d *Identities, s string) { d.RecipientDomain = s }},
	{"lookup of", lazyre.New(`(?i)lookup of ` + domRE + ` (?:responded|had no)`), func(d *Identities, s string) { d.RecipientDomain = s }},
	{"(nullmx)", lazyre.New(`(?i)Domain ` + domRE + ` does not accept mail \(nullMX\)`), func(d *Identities, s string) { d.RecipientDomain = s }},
	{"loops back", lazyre.New(`(?i)mail for ` + domRE + ` loops back`), func(d *Identities, s string) { d.RecipientDomain = s }},
}

// addressPatterns find the address of the sending server in what a receiver said.
var addressPatterns = []*lazyre.Regexp{
	lazyre.New(`(?i)with (?:the )?ip: ?\[?([0-9a-f.:]{3,45})`),
	lazyre.New(`(?i)(?:client|client host|sending|sender|source|remote|your|from|the)[ -](?:server |mail server |MTA )?(?:ip|ip address|host|address)? ?[\[(<]([0-9a-f.:]{3,45})[\])>]`),
	lazyre.New(`(?i)\[?([0-9]{1,3}(?:\.[0-9]{1,3}){3})\]?\)?>?: (?:Client host|Sender|Helo) `),
	lazyre.New(`(?i)(?:messages|mail|connections?|connecting|ip|address|ip=|client) (?:from |address )?(?:ip )?\[?([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b`),
	lazyre.New(`(?i)(?:ip=|ip/|ipr?:|ip: |query/bl\?ip=|reverse dns for )\[?([0-9a-f.:]{7,45})`),
	lazyre.New(`\[([0-9a-fA-F:]*:[0-9a-fA-F.:]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?: +\d+)?\]`),
	lazyre.New(`\b([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b`),
}

var (
	zoneRE    = lazyre.New(`(?i)(?:blocked (?:using|by)|listed (?:in|at|by|on)|blacklisted (?:in|at|by|on|using)|blocklisted (?:in|at|by|on)|found (?:in|on)|rejected by|according to|query the list at|rbl[: ]|dnsbl[: ]|using) +(?:the )?(?:rbl |dnsbl |list )?["'(<\[]?` + domRE)
	classRE   = lazyre.New(`(?i)(client host|client|sender address|sender domain|helo command|recipient address) (?:rejected: )?(?:host )?\[?[^\s\]]*\]? (?:rejected: )?blocked`)
	vanityRE  = lazyre.New(`(?i)\.(?:php|html?|cgi|aspx?)$`)
	knownRE   = lazyre.New(`(?i)\b((?:zen|sbl|xbl|pbl|sbl-xbl|dbl|zrd)\.spamhaus\.org|bl\.spamcop\.net|b\.barracudacentral\.org|cbl\.abuseat\.org|dnsbl(?:-\d)?\.(?:sorbs\.net|uceprotect\.net)|psbl\.surriel\.com|multi\.(?:surbl\.org|uribl\.com)|prs\.proofpoint\.com|ix\.dnsbl\.manitu\.net|hostkarma\.junkemailfilter\.com|bl\.mailspike\.net|truncate\.gbudb\.net|spam\.dnsbl\.anonmails\.de|all\.s5h\.net|bl\.nordspam\.com|db\.wpbl\.info|dnsbl\.dronebl\.org)\b`)
	listNames = []struct{ mark, zone, subject string }{
		{"spamhaus dbl", "dbl.spamhaus.org", "domain"}, {"spamhaus.org/dbl", "dbl.spamhaus.org", "domain"}, {"spamhaus.org/query/dbl", "dbl.spamhaus.org", "domain"},
		{"spamhaus.org/query/domain", "dbl.spamhaus.org", "domain"}, {"check.spamhaus.org", "zen.spamhaus.org", "ip"},
		{"spamhaus", "zen.spamhaus.org", "ip"}, {"spamcop.net", "bl.spamcop.net", "ip"},
		{"barracudacentral", "b.barracudacentral.org", "ip"}, {"barracuda reputation", "b.barracudacentral.org", "ip"},
		{"abuseat.org", "cbl.abuseat.org", "ip"}, {"uribl.com", "multi.uribl.com", "domain"}, {"surbl.org", "multi.surbl.org", "domain"},
		{"uceprotect", "dnsbl-1.uceprotect.net", "ip"}, {"[bl21]", "zen.spamhaus.org", "ip"}, {"[bl23]", "xbl.spamhaus.org", "ip"},
	}
)

// identities returns what a text states of the parties.
func identities(e *Explanation, c *Context) Identities {
	var d Identities
	text := e.Whole
	lower := fold(text)
	for i := range stated {
		if !strings.Contains(lower, stated[i].need) {
			continue
		}
		if m := stated[i].re.FindStringSubmatch(text); m != nil {
			var have Identities = d
			stated[i].set(&have, strings.ToLower(strings.TrimRight(m[1], ".")))
			merge(&d, have)
		}
	}
	if d.RecipientDomain == "" {
		d.RecipientDomain = domainOf(c.Recipient)
	}
	if e.Speaker != Local {
		d.ClientIP = clientIP(e)
	}
	if m := knownRE.FindStringSubmatch(text); m != nil {
		d.Zone = strings.ToLower(m[1])
	} else if m := zoneRE.FindStringSubmatch(text); m != nil && (e.Reason == IPListed || e.Reason == Reputation || e.Reason == SenderRejected || e.Reason == Spam) &&
		!vanityRE.MatchString(m[1]) && !numeric(m[1]) {
		d.Zone = strings.ToLower(strings.TrimRight(m[1], "."))
	}
	for _, l := range listNames {
		if strings.Contains(lower, l.mark) && (d.Zone == "" || d.Zone == l.zone) {
			d.Zone, d.ZoneSubject = l.zone, l.subject
			break
		}
	}
	if d.Zone != "" && d.ZoneSubject == "" {
		d.ZoneSubject = "ip"
		if strings.HasPrefix(d.Zone, "dbl.") || strings.HasPrefix(d.Zone, "rhsbl.") || strings.Contains(d.Zone, "uribl") || strings.Contains(d.Zone, "surbl") {
			d.ZoneSubject = "domain"
		}
	}
	if m := classRE.FindStringSubmatch(text); m != nil {
		switch strings.ToLower(m[1]) {
		case "client host", "client":
			d.ZoneSubject = "ip"
		case "sender address", "sender domain", "helo command":
			d.ZoneSubject = "domain"
		}
	}
	return d
}

// merge fills what is empty in d with what have has: the first statement counts.
func merge(d *Identities, have Identities) {
	for _, p := range []struct{ to, from *string }{{&d.EnvelopeDomain, &have.EnvelopeDomain}, {&d.AuthorDomain, &have.AuthorDomain},
		{&d.DKIMDomain, &have.DKIMDomain}, {&d.HELO, &have.HELO}, {&d.RecipientDomain, &have.RecipientDomain}} {
		if *p.to == "" {
			*p.to = *p.from
		}
	}
}

func numeric(s string) bool { return strings.Trim(s, "0123456789.") == "" }

// clientIP returns the address of the sending server if the receiver's words state
// it. The receiver's own address, and reserved ones of this host, are not it.
func clientIP(e *Explanation) string {
	text := e.Text
	for _, re := range addressPatterns {
		for _, m := range re.FindAllStringSubmatch(text, 4) {
			ip, err := netip.ParseAddr(strings.Trim(m[1], ".:"))
			if err != nil || ip.IsUnspecified() || ip.IsLoopback() || ip.String() == e.RemoteIP {
				continue
			}
			return ip.String()
		}
	}
	return ""
}

var retryPatterns = []*lazyre.Regexp{
	lazyre.New(`(?i)(?:try again|retry|come back|resend|wait|greylist\w*|graylist\w*|delay\w*|deferred|blocked|limited)\b[^.;]{0,40}?\b(\d{1,6}) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?)\b`),
	lazyre.New(`(?i)(?:try again|retry|come back|resend|wait)\b[^.;\d]{0,40}?(\d{1,2}):(\d{2}):(\d{2})\b`),
	lazyre.New(`(?i)\bin (\d{1,6}) ?(seconds?|secs?|minutes?|mins?|hours?|hrs?)\b[^.;]{0,30}?(?:try|retry|resend)`),
	lazyre.New(`(?i)\b(\d{1,6}) ?(seconds?|secs?|minutes?|mins?|hours?|hrs?)\b[^.;]{0,20}?(?:before|until) (?:re)?try`),
	lazyre.New(`(?i)retry[-_ ]?after[:= ]+(\d{1,6})\b(seconds?|secs?|minutes?)?`),
}

var retryWords = lazyre.New(`try|wait|again|list|come back|resend|delay|defer|block|limit`)

// retryAfter returns how long a text says to wait, 0 if it does not say so, and at
// most a week.
func retryAfter(text string) time.Duration {
	if !strings.ContainsAny(text, "0123456789") || !retryWords.MatchString(text) {
		return 0
	}
	for i, re := range retryPatterns {
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		d := time.Duration(n) * time.Second
		if i == 1 {
			minutes, _ := strconv.Atoi(m[2])
			seconds, _ := strconv.Atoi(m[3])
			d = time.Duration(n)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
		} else if len(m) > 2 && m[2] != "" {
			switch m[2][0] | 0x20 {
			case 'm':
				d = time.Duration(n) * time.Minute
			case 'h':
				d = time.Duration(n) * time.Hour
			case 'd':
				d = time.Duration(n) * 24 * time.Hour
			}
		}
		if d > 0 && d <= 7*24*time.Hour {
			return d
		}
	}
	return 0
}

// choose narrows the proofs to what the text is about.
func (k *Knowledge) choose(e *Explanation) {
	lower := fold(e.Text)
	if e.Reason == AuthFailure {
		named := []Proof{}
		for _, p := range []struct {
			mark  string
			proof Proof
		}{{"spf", ProofSPF}, {"sender policy framework", ProofSPF}, {"dkim", ProofDKIM}, {"dmarc", ProofDMARC}} {
			if strings.Contains(lower, p.mark) && !slices.Contains(named, p.proof) {
				named = append(named, p.proof)
			}
		}
		switch {
		case slices.Contains(named, ProofDMARC), len(named) == 0:
			// DMARC is made of the other two.
		default:
			e.Proofs = named
		}
		switch e.Enhanced[max(0, min(1, len(e.Enhanced))):] {
		case ".7.20", ".7.21":
			e.Proofs = []Proof{ProofDKIM}
		case ".7.22":
			e.Proofs = []Proof{ProofDKIM, ProofDMARC}
		case ".7.23", ".7.24":
			e.Proofs = []Proof{ProofSPF}
		}
	}
	if e.Identities.Zone != "" && (e.Reason == IPListed || e.Reason == SenderRejected || e.Reason == Spam) {
		e.Proofs = []Proof{ProofRBL}
	}
}
