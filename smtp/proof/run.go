package proof

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
	"mailworthy/transport"
)

// Prover runs proofs. Equal questions of one prover are asked once, and equal requests
// share their proof; any number of goroutines may use it.
type Prover struct {
	// Options of the audits: bounds, time, block lists.
	Options audit.Options
	// Flags stand at the end of each command: those that say whom to ask.
	Flags string

	session *resolver.Session
	mu      sync.Mutex
	done    map[string]*shared
	health  rbl.Health
}

// shared is a proof that several wait for.
type shared struct {
	once  sync.Once
	proof Proof
}

// New returns a prover that asks r; a nil resolver makes one that only states commands.
func New(r resolver.Resolver, o audit.Options) *Prover {
	p := &Prover{Options: o, done: map[string]*shared{}}
	if r != nil {
		p.session = resolver.NewSession(r, 0)
	}
	return p
}

// Run proves a cause. It never fails: what the DNS does not say is Unknown.
func (p *Prover) Run(ctx context.Context, r Request) Proof {
	pl := p.planOf(&r)
	out := Proof{Command: p.command(&pl), Checks: pl.checks, Outcome: NotRun, Findings: []finding.Finding{}, Seen: []finding.Evidence{}}
	if out.Checks == nil {
		out.Checks = []string{}
	}
	switch {
	case r.Forged:
		out.Command, out.Why = "", "The message was not sent by this domain, so there is nothing to prove and nothing to correct."
		return out
	case r.Reason == reply.Delivered, r.Reason == reply.AutoReply, r.Reason == reply.Unknown && len(r.Proofs) == 0:
		out.Command, out.Checks, out.Why = "", []string{}, "Nothing failed, so there is nothing to prove."
		return out
	case len(r.Proofs) == 0 || len(pl.checks) == 0:
		if out.Why = "The DNS cannot show this cause."; len(pl.noDNS) > 0 {
			out.Why += " Look at " + strings.Join(pl.noDNS, "; and ") + "."
		}
		return out
	case p.session == nil:
		out.Why = "It was not asked for."
		return out
	case len(pl.steps) == 0:
		out.Outcome, out.Why = Unknown, "What is needed is not in the text. "+stateText(pl.missing)
		return out
	}
	key := fmt.Sprint(r.Identities.IPStated, strings.Contains(strings.ToLower(r.Text), "dmarc"), "\x00") + strings.Join([]string{out.Command, string(r.Reason), r.Enhanced, r.Receiver, string(rune('0' + pl.mode)), r.Identities.RemoteHost, strings.Join(out.Checks, ",")}, "\x00")
	p.mu.Lock()
	s := p.done[key]
	if s == nil {
		s = &shared{}
		p.done[key] = s
	}
	p.mu.Unlock()
	s.once.Do(func() { s.proof = p.run(ctx, &r, &pl, out) })
	proof := s.proof
	proof.Checks, proof.Findings, proof.Seen = slices.Clone(proof.Checks), slices.Clone(proof.Findings), slices.Clone(proof.Seen)
	return proof
}

// command is what repeats all steps.
func (p *Prover) command(pl *plan) string {
	var all []string
	for i := range pl.steps {
		all = append(all, "mailworthy "+pl.steps[i].command+p.Flags)
	}
	return strings.Join(unique(all), " ; ")
}

// stateText says which flags would state what is missing.
func stateText(flags []string) string {
	if len(flags) == 0 {
		return ""
	}
	return "State it: " + strings.Join(flags, ", ") + "."
}

// run asks all steps and judges them.
func (p *Prover) run(ctx context.Context, r *Request, pl *plan, out Proof) Proof {
	if p.Options.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Options.Deadline)
		defer cancel()
	}
	out.At = p.Options.Now
	if out.At.IsZero() {
		out.At = time.Now()
	}
	limit := cmp.Or(p.Options.MaxQueries, audit.DefaultMaxQueries)
	session := resolver.NewSession(p.session, limit)
	sceptic := resolver.NewSceptic(session) // for what is asked without an audit, which doubts by itself
	j := &judgement{request: r, plan: pl}
	for i := range pl.steps {
		s := &pl.steps[i]
		switch s.kind {
		case auditSender, auditEnvelope, auditRecipient:
			o := p.Options
			o.Deadline, o.Health, o.Authoritative, o.Volume = 0, &p.health, nil, ""
			res := audit.Run(ctx, session, s.target, o)
			switch s.kind {
			case auditSender:
				j.sender(s, res)
			case auditEnvelope:
				j.envelope(s, res)
			default:
				j.recipient(s, res)
			}
		case lookUp:
			o := rbl.Options{Catalogue: s.catalogue, Health: &p.health}
			if s.zone != "" {
				o.Lists, o.Health = []string{s.zone}, nil
			}
			if s.ip.IsValid() {
				o.Addresses = func(then func([]netip.Addr)) { then([]netip.Addr{s.ip}) }
			}
			for _, d := range s.domains {
				o.Domains = append(o.Domains, rbl.Subject{Name: d, Role: "domain"})
			}
			survey := rbl.Examine(ctx, session, o)
			findings := rbl.Check(survey, rbl.Context{}).Findings()
			audit.NotChecked(findings, session.Trace())
			j.lists(s, survey, findings)
		case askHost:
			f := &mailhost.Facts{}
			if s.ip.IsValid() {
				f.Addresses = mailhost.ExamineAddresses(ctx, sceptic, []netip.Addr{s.ip})
			}
			if s.helo != "" {
				f.HELO = mailhost.ExamineHELO(ctx, sceptic, []string{s.helo})
			}
			findings := mailhost.Check(f, mailhost.Context{Profile: finding.Sender}).Findings()
			audit.NotChecked(findings, session.Trace())
			j.hosts(f, findings)
		case askTLS:
			p.askTLS(ctx, sceptic, s, j)
		}
	}
	j.conclude(&out)
	out.Seen = j.seen(session)
	return out
}

// askTLS asks for the records by which the recipient's domain demands TLS. The policy
// file and the certificates are behind them, and are not looked at here.
func (p *Prover) askTLS(ctx context.Context, session resolver.Resolver, s *step, j *judgement) {
	domain := s.target.Domain
	hosts := []string{}
	mx, err := session.Lookup(ctx, domain, resolver.TypeMX)
	switch {
	case err != nil:
		j.open(reply.ProofDANE, "Where "+domain+" takes its mail was not answered.", err)
	case mx.Absent():
		hosts = append(hosts, domain)
	default:
		for _, rec := range mx.Records {
			if rec.Host != "" && rec.Host != "." && len(hosts) < 10 {
				hosts = append(hosts, rec.Host)
			}
		}
	}
	demands, silent := []string{}, false
	if a, err := session.Lookup(ctx, "_mta-sts."+domain, resolver.TypeTXT); err != nil {
		silent = true
		j.open(reply.ProofMTASTS, "Whether "+domain+" has an MTA-STS policy was not answered.", err)
	} else {
		for _, rec := range a.Records {
			if text := rec.Text(); strings.HasPrefix(strings.ToLower(text), "v=stsv1") && len(transport.ParseSTS(text).Problems) == 0 {
				demands = append(demands, "an MTA-STS policy (the policy file at https://mta-sts."+domain+"/.well-known/mta-sts.txt)")
			}
		}
	}
	for _, h := range unique(hosts) {
		name := "_25._tcp." + strings.TrimSuffix(h, ".")
		switch a, err := session.Lookup(ctx, name, resolver.TypeTLSA); {
		case err != nil:
			silent = true
			j.open(reply.ProofDANE, "Whether "+name+" has TLSA records was not answered.", err)
		case !a.Absent():
			demands = append(demands, "TLSA records at "+name)
		}
	}
	switch {
	case len(demands) > 0:
		j.open(reply.ProofMTASTS, domain+" demands TLS by "+show.Listed(demands, 4)+". Whether its servers keep that, the DNS does not show: compare policy, certificate and TLSA records.", nil)
	case !silent && err == nil:
		j.clear(reply.ProofMTASTS, domain+" demands TLS neither by MTA-STS nor by TLSA records: the demand is a setting of one of both servers.")
	}
}
