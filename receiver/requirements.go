package receiver

// Receiver is what one receiver asks of senders of one volume.
type Receiver struct {
	Name   string
	Volume string
	// Who says to whom the rules apply.
	Who       string
	Reference string
	Rules     []Rule
}

// Rule is one requirement: at least one of the facts must hold. A rule without
// facts is about what the DNS does not show.
type Rule struct {
	ID    string
	Text  string
	AnyOf []Name
	// IfStated: without a finding the fact is about something that the sender did
	// not state, and the rule decides nothing.
	IfStated bool
	// Code and Reply are the receiver's answer to a message that fails.
	Code  string
	Reply string
}

// Name is one of the Facts.
type Name string

// The names are those of the fields of Facts.
const (
	SPF               Name = "spf"
	DKIM              Name = "dkim"
	DKIMRSA           Name = "dkim_rsa"
	DKIMKeys          Name = "dkim_keys"
	DMARC             Name = "dmarc"
	Aligned           Name = "aligned"
	NotEnforced       Name = "not_enforced"
	PTR               Name = "ptr"
	HELO              Name = "helo"
	SOA               Name = "soa"
	TakesMail         Name = "takes_mail"
	AddressesUnlisted Name = "addresses_unlisted"
	DomainsUnlisted   Name = "domains_unlisted"
)

// get returns the fact of the name.
func (f *Facts) get(n Name) *Fact {
	switch n {
	case SPF:
		return &f.SPF
	case DKIM:
		return &f.DKIM
	case DKIMRSA:
		return &f.DKIMRSA
	case DKIMKeys:
		return &f.DKIMKeys
	case DMARC:
		return &f.DMARC
	case Aligned:
		return &f.Aligned
	case NotEnforced:
		return &f.NotEnforced
	case PTR:
		return &f.PTR
	case HELO:
		return &f.HELO
	case SOA:
		return &f.SOA
	case TakesMail:
		return &f.TakesMail
	case AddressesUnlisted:
		return &f.AddressesUnlisted
	case DomainsUnlisted:
		return &f.DomainsUnlisted
	}
	panic("receiver: no fact " + string(n))
}

// Rules that the DNS cannot show.
var (
	tls         = Rule{ID: "tls", Text: "Deliver over TLS", Code: "421 4.7.29, 550 5.7.29", Reply: "this message was sent without TLS"}
	format      = Rule{ID: "message-format", Text: "Valid RFC 5322 messages; no spoofed From"}
	oneClick    = Rule{ID: "one-click-unsubscribe", Text: "One-click unsubscribe in bulk mail (RFC 8058)"}
	unsubscribe = Rule{ID: "unsubscribe", Text: "A way to unsubscribe, honoured within two days"}
)

func spamRate(code, reply string) Rule {
	return Rule{ID: "spam-rate", Text: "Fewer than 0.3 % complaints, better 0.1 %", Code: code, Reply: reply}
}

const (
	gmailPage     = "https://support.google.com/a/answer/81126"
	yahooPage     = "https://senders.yahooinc.com/best-practices/"
	microsoftPage = "https://sendersupport.olc.protection.outlook.com/pm/policies.aspx"
	applePage     = "https://support.apple.com/102322"
)

// Receivers are the requirements of the large receivers as of mid 2026.
var Receivers = []Receiver{
	{
		Name: "Gmail", Volume: Low, Who: "everybody who sends to personal Gmail accounts", Reference: gmailPage,
		Rules: []Rule{
			{ID: "spf-or-dkim", Text: "SPF or DKIM passes", AnyOf: []Name{SPF, DKIMRSA}, Code: "421 4.7.26, 550 5.7.26",
				Reply: "the sender is unauthenticated; Gmail requires all senders to authenticate with either SPF or DKIM"},
			gmailKeys, gmailPolicy, gmailPTR,
			spamRate("421 4.7.28, 550 5.7.28", "an unusual rate of unsolicited mail"), tls, format,
		},
	},
	{
		Name: "Gmail", Volume: Bulk, Who: "domains that ever sent close to 5,000 messages a day to personal Gmail accounts", Reference: gmailPage,
		Rules: []Rule{
			{ID: "spf", Text: "SPF passes", AnyOf: []Name{SPF}, Code: "421 4.7.27, 550 5.7.27", Reply: "SPF did not pass for the envelope domain"},
			{ID: "dkim", Text: "DKIM passes", AnyOf: []Name{DKIMRSA}, Code: "421 4.7.30, 550 5.7.30", Reply: "DKIM did not pass"},
			gmailKeys,
			{ID: "dmarc", Text: "A DMARC policy, p=none at least", AnyOf: []Name{DMARC}, Code: "421 4.7.40, 550 5.7.40", Reply: "the sending domain has no DMARC record, or one without a policy"},
			{ID: "alignment", Text: "From aligns with SPF or DKIM", AnyOf: []Name{Aligned}, Code: "421 4.7.32", Reply: "the From header does not align with the SPF or DKIM domain"},
			gmailPolicy, gmailPTR,
			spamRate("421 4.7.28, 550 5.7.28", "an unusual rate of unsolicited mail"), tls, oneClick, format,
		},
	},
	{
		Name: "Yahoo", Volume: Low, Who: "everybody who sends to Yahoo, AOL, AT&T or Cox", Reference: yahooPage,
		Rules: []Rule{
			{ID: "spf-or-dkim", Text: "SPF or DKIM passes", AnyOf: []Name{SPF, DKIM}, Code: "550 5.7.9, 554 5.7.9",
				Reply: "message not accepted for policy reasons: it is not authenticated"},
			yahooKeys, yahooPolicy, yahooPTR, yahooSOA, yahooNullMX, yahooListed,
			spamRate("421 4.7.0 [TSS04]", "messages temporarily deferred because of user complaints"), format,
		},
	},
	{
		Name: "Yahoo", Volume: Bulk, Who: "bulk senders to Yahoo, AOL, AT&T or Cox", Reference: yahooPage,
		Rules: []Rule{
			{ID: "spf", Text: "SPF passes", AnyOf: []Name{SPF}, Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: SPF did not pass"},
			{ID: "dkim", Text: "DKIM passes", AnyOf: []Name{DKIM}, Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: DKIM did not pass"},
			yahooKeys,
			{ID: "dmarc", Text: "A DMARC policy, p=none at least", AnyOf: []Name{DMARC}, Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: no DMARC policy"},
			{ID: "alignment", Text: "DMARC passes: From aligns with SPF or DKIM", AnyOf: []Name{Aligned}, Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: DMARC did not pass"},
			yahooPTR, yahooSOA, yahooNullMX, yahooListed,
			spamRate("421 4.7.0 [TSS04]", "messages temporarily deferred because of user complaints"), unsubscribe, format,
		},
	},
	{
		Name: "Microsoft", Volume: Bulk, Who: "domains that send more than 5,000 messages a day to outlook.com, hotmail.com, live.com or msn.com", Reference: microsoftPage,
		Rules: []Rule{
			{ID: "spf", Text: "SPF passes", AnyOf: []Name{SPF}, Code: "550 5.7.515", Reply: microsoftLevel},
			{ID: "dkim", Text: "DKIM passes", AnyOf: []Name{DKIMRSA}, Code: "550 5.7.515", Reply: microsoftLevel},
			{ID: "dmarc", Text: "A DMARC policy, p=none at least", AnyOf: []Name{DMARC}, Code: "550 5.7.515", Reply: microsoftLevel},
			{ID: "alignment", Text: "From aligns with SPF or DKIM", AnyOf: []Name{Aligned}, Code: "550 5.7.515", Reply: microsoftLevel},
			{ID: "ptr", Text: "Valid reverse DNS for every sending address", AnyOf: []Name{PTR}, Code: "550 5.7.25", Reply: "the sending address must have reverse DNS"},
			{ID: "helo", Text: "A HELO name that has an address", AnyOf: []Name{HELO}, IfStated: true, Code: "550 5.7.506", Reply: "access denied, bad HELO"},
			unsubscribe, format,
		},
	},
	{
		Name: "Apple", Volume: Bulk, Who: "bulk senders to iCloud Mail", Reference: applePage,
		Rules: []Rule{
			{ID: "spf", Text: "SPF passes", AnyOf: []Name{SPF}, Code: "554 5.7.1 [HME1]", Reply: "message rejected: it is not authenticated"},
			{ID: "dkim", Text: "DKIM passes", AnyOf: []Name{DKIM}, Code: "554 5.7.1 [HME1]", Reply: "message rejected: it is not authenticated"},
			{ID: "dmarc", Text: "A DMARC policy", AnyOf: []Name{DMARC}, Code: "550 5.7.1 [CS01]", Reply: "message rejected due to local policy"},
			{ID: "own-policy", Text: "The domain's own DMARC policy lets its mail pass", AnyOf: []Name{Aligned, NotEnforced}, Code: "554 5.7.1", Reply: "message rejected due to the DMARC policy of the sending domain"},
			{ID: "ptr", Text: "Reverse DNS for every sending address, with a name of your domain", AnyOf: []Name{PTR}, Code: "550 5.7.1 [CS01]", Reply: "message rejected due to local policy"},
			{ID: "address-unlisted", Text: "No sending address on Spamhaus", AnyOf: []Name{AddressesUnlisted}, Code: "550 5.7.1 [CS01]", Reply: "message rejected due to local policy"},
			{ID: "domain-unlisted", Text: "No domain on the Spamhaus DBL", AnyOf: []Name{DomainsUnlisted}, Code: "550 5.7.1 [CS01]", Reply: "message rejected due to local policy"},
			unsubscribe, format,
		},
	},
}

const microsoftLevel = "access denied, the sending domain does not meet the required authentication level"

// Rules that hold for senders of every volume.
var (
	gmailKeys = Rule{ID: "dkim-key-length", Text: "RSA keys for DKIM of 1024 bits or more", AnyOf: []Name{DKIMKeys},
		Code: "421 4.7.30, 550 5.7.30", Reply: "DKIM did not pass"}
	gmailPolicy = Rule{ID: "own-policy", Text: "The domain's own DMARC policy lets its mail pass", AnyOf: []Name{Aligned, NotEnforced},
		Code: "550 5.7.26", Reply: "unauthenticated mail from the domain is not accepted due to the domain's DMARC policy"}
	gmailPTR = Rule{ID: "ptr", Text: "A PTR record for every sending address, whose name leads back to it", AnyOf: []Name{PTR},
		Code: "421 4.7.0, 451 4.7.23, 550 5.7.25", Reply: "the sending address has no PTR record, or its forward DNS entry does not match the address"}

	yahooKeys = Rule{ID: "dkim-key-length", Text: "RSA keys for DKIM of 1024 bits or more", AnyOf: []Name{DKIMKeys},
		Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: DKIM did not pass"}
	yahooPolicy = Rule{ID: "own-policy", Text: "The domain's own DMARC policy lets its mail pass", AnyOf: []Name{Aligned, NotEnforced},
		Code: "550 5.7.9, 554 5.7.9", Reply: "message not accepted for policy reasons: DMARC did not pass"}
	yahooPTR = Rule{ID: "ptr", Text: "Valid forward and reverse DNS for every sending address", AnyOf: []Name{PTR}}
	yahooSOA = Rule{ID: "soa", Text: "An SOA of the domains in From and MAIL FROM", AnyOf: []Name{SOA},
		Code: "451, 554", Reply: "message not accepted: unresolvable from domain"}
	yahooNullMX = Rule{ID: "takes-mail", Text: "The domains in From and MAIL FROM take mail", AnyOf: []Name{TakesMail},
		Code: "550 5.7.27", Reply: "the sender address has a null MX"}
	yahooListed = Rule{ID: "address-unlisted", Text: "No sending address on Spamhaus", AnyOf: []Name{AddressesUnlisted},
		Code: "553 5.7.1 [BL21], [BL23]", Reply: "connections not accepted from addresses on Spamhaus"}
)
