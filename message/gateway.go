package message

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// World is what the header does not tell. A nil function knows nothing.
type World struct {
	// Exchangers are the hosts that take the mail of a domain.
	Exchangers func(domain string) Exchangers
	// Addresses are those of a host; false if the DNS did not say.
	Addresses func(host string) ([]netip.Addr, bool)
}

// Exchangers are where a domain takes its mail, by its MX records.
type Exchangers struct {
	// Known: the DNS said. Unasked: it was not asked, on purpose.
	Known, Unasked bool
	// Hosts in lower case, without a final dot.
	Hosts     []string
	Addresses []netip.Addr
}

// maxRecipients bounds the domains of recipients whose MX is asked for.
const maxRecipients = 3

// recipient is a domain that the message went to. Sure: the receiver's own servers say
// so; the sender wrote the other ones.
type recipient struct {
	domain string
	sure   bool
}

// recipients are the domains to which the message went at a hop, the surest first.
func (b *border) recipients(i int) []recipient {
	var out []recipient
	add := func(domain string, sure bool) {
		if domain == "" || len(out) == maxRecipients || slices.ContainsFunc(out, func(r recipient) bool { return r.domain == domain }) {
			return
		}
		out = append(out, recipient{domain, sure})
	}
	for at := i; at >= 0; at-- {
		add(b.Received[at].recipient, true)
	}
	for _, d := range b.delivered {
		add(domainOf(d.Text), d.Line < b.Received[i].Line)
	}
	if len(b.ListID) > 0 {
		return sureFirst(out) // a list is not the recipient, whatever To says
	}
	if i+1 < len(b.Received) {
		add(b.Received[i+1].recipient, false)
	}
	for _, fields := range [][]AddressField{b.To, b.CC} {
		for _, field := range fields {
			for _, a := range field.Addresses {
				add(a.Domain, false)
			}
		}
	}
	return sureFirst(out)
}

// sureFirst puts what is sure before what a lower server or the sender wrote.
func sureFirst(all []recipient) []recipient {
	slices.SortStableFunc(all, func(x, y recipient) int {
		switch {
		case x.sure == y.sure:
			return 0
		case x.sure:
			return -1
		}
		return 1
	})
	return all
}

// domainOf is the domain of an address, in lower case; "" if it has none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	domain := strings.ToLower(strings.Trim(address[at+1:], "<> \t."))
	if organization(domain) == "" {
		return ""
	}
	return domain
}

// judge decides whether the client of a hop takes the recipient's mail, so that the
// hop is inside. What cannot be told is said in unclear. A host that relays for both
// sides alike, as mail gateways do, is the recipient's if the MX of the recipient's
// domain leads to it and not to the server that took the message from it.
func (b *border) judge(i int) (inside bool, unclear string) {
	h := &b.Received[i]
	service := RelayOf(h.from)
	if service == "" {
		service = RelayOf(h.HELO)
	}
	if b.gateway != "" && organization(h.By) != "" && owner(h.By) != b.gateway {
		return false, fmt.Sprintf("the host that handed the message over takes the recipient's mail, and line %d, the next Received field, is not of %s: state with --ip from whom it took the message",
			h.Line, b.gateway)
	}
	if b.calledInside(i) {
		j := judgement{border: b, hop: h}
		if j.proved() {
			b.skip(h, fmt.Sprintf("is from one host of %s to another", organization(h.By)))
			return true, ""
		}
		known := false
		if b.world.Addresses != nil {
			_, known = b.world.Addresses(lower(h.HELO))
		}
		if !known && !h.unnamed {
			return false, j.calledItself()
		}
	}
	next := b.nextClient(i)
	if service == "" && (next == nil || b.ofSender(i) || b.rewritten(i)) {
		return false, ""
	}
	j := judgement{border: b, hop: h, service: service}
	for _, r := range b.recipients(i) {
		if j.decide(r); j.decided {
			break
		}
	}
	switch {
	case j.decided && j.inside:
		if next == nil {
			return false, fmt.Sprintf("the Received field in line %d is of %s, which takes the recipient's mail (%s), and none below names the host that it took the message from: state it with --ip",
				h.Line, j.name(), j.why)
		}
		b.skip(h, "is from "+j.name()+", which takes the recipient's mail: "+j.why)
		return true, ""
	case j.decided:
		return false, ""
	case j.doubt == "" && service == "":
		return false, ""
	case j.doubt == "" && j.elsewhere:
		return false, "" // the recipient's mail goes elsewhere: it is the sender's
	}
	return false, j.unclear(next)
}

// calledInside reports whether the client of a hop has nothing but its greeting to show that it is
// a host of the organization of the server, as hosts inside have that no PTR record names, and
// whoever calls himself so.
func (b *border) calledInside(i int) bool {
	h := &b.Received[i]
	return h.from == "" && sameOrganization(h.HELO, h.By) && RelayOf(h.By) == "" && i+1 < len(b.Received) && sameOrganization(b.Received[i+1].By, h.By)
}

// calledItself says that a name is no proof.
func (j *judgement) calledItself() string {
	return fmt.Sprintf("the Received field in line %d names %s (%s), which is only what the client called itself: whether it is a host of %s cannot be told. State the client with --ip",
		j.hop.Line, j.hop.HELO, j.hop.IP, organization(j.hop.By))
}

// nextClient is the next hop below with an address that could be a client's, nil if
// there is none: a user handed the message over, or nothing is known.
func (b *border) nextClient(i int) *Hop {
	for at := i + 1; at < len(b.Received); at++ {
		switch h := &b.Received[at]; {
		case submitted(h.With):
			return nil
		case unusable(h.IP) == "" && !ownProtocol(h.With):
			return h
		}
	}
	return nil
}

// ofSender reports whether the client of a hop is a host of the sender's organization
// and not of a recipient's.
func (b *border) ofSender(i int) bool {
	org := organization(b.Received[i].from)
	if org == "" {
		return false
	}
	own := slices.ContainsFunc(b.AuthorDomains, func(d string) bool { return organization(d) == org })
	if len(b.ReturnPath) > 0 {
		own = own || organization(domainOf(b.ReturnPath[0].Address)) == org
	}
	return own && !slices.ContainsFunc(b.recipients(i), func(r recipient) bool { return organization(r.domain) == org })
}

// stillWithSender says that the server that took the message at a hop is one of the sender's
// organization, so that no receiver has it yet: a copy taken there. It is empty if a recipient
// is of that organization as well, if the MX of one leads to the server, or if the server
// checked SPF there.
func (b *border) stillWithSender(i int) string {
	h := &b.Received[i]
	org := organization(h.By)
	if org == "" || b.confirmed(i) {
		return ""
	}
	own := slices.ContainsFunc(b.AuthorDomains, func(d string) bool { return organization(d) == org })
	if len(b.ReturnPath) > 0 {
		own = own || organization(domainOf(b.ReturnPath[0].Address)) == org
	}
	to := b.recipients(i)
	if !own || len(to) == 0 {
		return ""
	}
	for _, r := range to {
		if organization(r.domain) == org {
			return ""
		}
		if b.world.Exchangers == nil {
			continue
		}
		if x := b.world.Exchangers(r.domain); slices.ContainsFunc(x.Hosts, func(host string) bool { return same(host, h.By) }) {
			return ""
		}
	}
	return fmt.Sprintf("the Received field in line %d was written by %s, a host of the sender's own organization, and none above it by a receiver: nobody else had the message yet when it was saved. State with --ip the address from which it leaves",
		h.Line, lower(h.By))
}

// rewritten reports whether the client of a hop forwards with an envelope sender of its
// own (SRS): a gateway leaves that as it is.
func (b *border) rewritten(i int) bool {
	if len(b.ReturnPath) == 0 || !strings.HasPrefix(strings.ToUpper(b.ReturnPath[0].Address), "SRS") {
		return false
	}
	return same(domainOf(b.ReturnPath[0].Address), b.Received[i].from)
}

// judgement is what is found about one client, of a hop.
type judgement struct {
	*border
	hop             *Hop
	service         string
	decided, inside bool
	// why says what decided, doubt what left it open.
	why, doubt string
	// elsewhere: the MX of a recipient leads neither to the client nor to the server.
	elsewhere bool
}

// decide asks for the MX of one recipient.
func (j *judgement) decide(r recipient) {
	if j.world.Exchangers == nil {
		return
	}
	x := j.world.Exchangers(r.domain)
	switch {
	case !x.Known && (!x.Unasked || j.service != ""):
		j.doubt = "the MX of " + r.domain + " is not known"
		return
	case !x.Known || len(x.Hosts) == 0:
		return
	}
	exact := slices.Contains(x.Addresses, j.hop.IP) || j.names(x.Hosts) && j.proved()
	taken := slices.Contains(x.Hosts, lower(j.hop.By)) || slices.ContainsFunc(x.Hosts, func(host string) bool { return same(host, j.hop.By) })
	switch {
	case exact:
		j.why = "it is an MX host of " + r.domain
	case taken:
		j.decided = true
		return
	case j.like(x.Hosts, r.domain):
		if !j.proved() {
			j.doubt = j.name() + " is only what the client called itself"
			return
		}
		j.why = "the MX of " + r.domain + " is of " + owner(j.owned(x.Hosts, r.domain))
	default:
		j.elsewhere = true
		return
	}
	if !r.sure && j.service == "" {
		// The sender writes To, and could name a domain of its own there.
		j.doubt, j.why = j.why+", which To names and no server", ""
		return
	}
	j.decided, j.inside = true, true
}

// names reports whether the client has the name of one of the hosts.
func (j *judgement) names(hosts []string) bool {
	return slices.Contains(hosts, lower(j.hop.from)) || slices.Contains(hosts, lower(j.hop.HELO))
}

// like reports whether the client is of whom one of the hosts is, or of the domain.
func (j *judgement) like(hosts []string, domain string) bool {
	return j.owned(hosts, domain) != ""
}

// owned is the host, or the domain, that belongs to whom the client does, "" if none.
func (j *judgement) owned(hosts []string, domain string) string {
	for _, host := range append(slices.Clone(hosts), domain) {
		if same(host, j.hop.from) || same(host, j.hop.HELO) {
			return host
		}
	}
	return ""
}

// proved reports whether the name of the client is its own: the server looked it up, or
// it has the client's address.
func (j *judgement) proved() bool {
	if j.hop.looked {
		return true
	}
	if j.world.Addresses == nil {
		return false
	}
	addrs, known := j.world.Addresses(lower(j.hop.HELO))
	return known && slices.Contains(addrs, j.hop.IP)
}

func (j *judgement) name() string {
	if j.hop.from != "" {
		return j.hop.from
	}
	return j.hop.HELO
}

// unclear says what is not known of the client, and what to state.
func (j *judgement) unclear(next *Hop) string {
	who := fmt.Sprintf("the Received field in line %d names %s (%s)", j.hop.Line, j.name(), j.hop.IP)
	if j.service != "" {
		who += ", of " + j.service
	}
	doubt := j.doubt
	if doubt == "" {
		doubt = "no MX of a recipient is known"
	}
	out := who + ": whether it takes mail for the recipient or sends for the sender cannot be told (" + doubt + "): state the client with --ip, " + j.hop.IP.String() + " if it sends for the sender"
	if next != nil {
		out += fmt.Sprintf(", %s of line %d if it takes the recipient's mail", next.IP, next.Line)
	}
	return out
}

func lower(host string) string { return strings.ToLower(strings.Trim(host, "[].")) }

// same reports whether two hosts belong to the same service or organization.
func same(a, b string) bool {
	o := owner(a)
	return o != "" && o == owner(b)
}

// owner is the gateway service that a host belongs to, else its organization.
func owner(host string) string {
	if s := RelayOf(host); s != "" {
		return s
	}
	return organization(host)
}

// leaving reports whether a hop leaves the organization that it seems to be inside:
// at large mailbox services both sides of a message may be customers.
func leaving(h *Hop) bool {
	return strings.Contains(lower(h.from), ".outbound.protection.") || lower(h.By) == "mx.google.com"
}

// relays are the domains of gateways that stand before the servers of recipients and
// behind those of senders alike, with hosts of one kind of name for both.
var relays = map[string]string{
	"pphosted.com": "Proofpoint", "gpphosted.com": "Proofpoint", "ppops.net": "Proofpoint", "ppe-hosted.com": "Proofpoint Essentials",
	"mimecast.com": "Mimecast", "mimecast.co.za": "Mimecast", "mimecast-offshore.com": "Mimecast",
	"barracudanetworks.com": "Barracuda", "barracuda.com": "Barracuda",
	"iphmx.com": "Cisco Secure Email", "messagelabs.com": "Symantec Email Security.cloud", "messagelabs.net": "Symantec Email Security.cloud", "symcld.net": "Symantec Email Security.cloud",
	"trendmicro.com": "Trend Micro", "trendmicro.eu": "Trend Micro", "trendmicro.co.jp": "Trend Micro",
	"sophos.com": "Sophos Email", "reflexion.net": "Sophos Reflexion",
	"hornetsecurity.com": "Hornetsecurity", "antispameurope.com": "Hornetsecurity", "spam-no.de": "Hornetsecurity",
	"antispamcloud.com": "SpamExperts", "spamexperts.com": "SpamExperts", "mtroute.com": "SpamExperts",
	"zixcorp.com": "Zix", "zixmail.net": "Zix", "zixport.com": "Zix", "arsmtp.com": "AppRiver", "appriver.com": "AppRiver",
	"fireeyecloud.com": "Trellix", "fireeyegov.com": "Trellix", "mailcontrol.com": "Forcepoint", "mxlogic.net": "McAfee",
	"mailroute.net": "MailRoute", "mailanyone.net": "SpamHero", "spamhero.com": "SpamHero", "spamtitan.com": "SpamTitan",
	"securence.com": "Securence", "retarus.com": "Retarus", "expurgate.net": "eXpurgate", "expurgate.de": "eXpurgate", "vadesecure.com": "Vade",
	"mailinblack.com": "Mailinblack", "altospam.com": "Altospam", "nospamproxy.com": "NoSpamProxy", "esvacloud.com": "Libraesva",
	"cloud-sec-av.com": "Check Point Harmony", "avanan.net": "Check Point Harmony", "fortimailcloud.com": "FortiMail Cloud", "fortimail.com": "FortiMail Cloud",
	"mailguard.com.au": "MailGuard", "smxemail.com": "SMX", "mxguarddog.com": "MX Guarddog", "heimdalsecurity.com": "Heimdal",
	"perception-point.io": "Perception Point", "n-able.com": "SpamExperts", "topsec.com": "Topsec", "spambrella.com": "Proofpoint Essentials", "frontbridge.com": "Exchange Hosted Services",
}

// RelayOf is the service of mail gateways that a host belongs to, "" if it is of none: it
// takes mail for recipients, and sends for senders.
func RelayOf(host string) string {
	host = lower(host)
	for host != "" {
		if s := relays[host]; s != "" {
			return s
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return ""
}
