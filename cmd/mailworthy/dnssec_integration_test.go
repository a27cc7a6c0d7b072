//go:build integration

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/debian"
	"mailworthy/resolver"
)

// signedZone is one zone of the world below, and how it is broken.
type signedZone struct {
	name string
	// unsigned: served without signatures. noDS: the parent has no DS. wrongDS: the DS there
	// is that of another key.
	unsigned, noDS, wrongDS bool
	// life is how long signatures last from now on, and age how old they are.
	life, age time.Duration
	// options of ldns-signzone.
	options []string
	// spoil changes the zone that was signed.
	spoil func(zone string) string
	// tlsa is the record of a mail host on loopback.
	tlsa string
}

const day = 24 * time.Hour

// without leaves out the records of a type, with their signatures.
func without(kind string) func(string) string {
	return func(zone string) string {
		var out strings.Builder
		for line := range strings.Lines(zone) {
			if f := strings.Fields(line); len(f) > 4 && (f[3] == kind || f[3] == "RRSIG" && f[4] == kind) {
				continue
			}
			out.WriteString(line)
		}
		return out.String()
	}
}

// TestIntegrationDNSSEC: zones that are signed by ldns and served by nsd behind an unbound
// that validates from its own trust anchor, each broken in one way: what is bogus is called
// bogus, with unbound's reason, and nothing of it missing; what is sound is found so.
func TestIntegrationDNSSEC(t *testing.T) {
	debian.Install(t, map[string]string{"nsd": "nsd", "unbound": "unbound", "ldns-signzone": "ldnsutils"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	mail, roots := submission(t)
	text, err := os.ReadFile(roots)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	digest := sha256.Sum256(block.Bytes)
	zones := []signedZone{
		{name: "good"}, {name: "expired", life: -2 * day, age: 30 * day}, {name: "wrongds", wrongDS: true}, {name: "nodenial", spoil: without("NSEC")},
		{name: "stripped", unsigned: true}, {name: "unsigned", unsigned: true, noDS: true}, {name: "island", noDS: true},
		{name: "nokey", spoil: without("DNSKEY")}, {name: "nomx", spoil: func(zone string) string {
			return strings.Replace(zone, "MX\t10 mx.", "MX\t11 mx.", 1) // signed, and then changed
		}},
		{name: "expiring", life: 2 * day, age: 28 * day}, {name: "iterated", options: []string{"-n", "-t", "10", "-s", "ABCD"}},
		{name: "match", tlsa: "3 0 1 " + hex.EncodeToString(digest[:])}, {name: "mismatch", tlsa: "3 0 1 " + strings.Repeat("0123456789abcdef", 4)},
	}
	port := validating(t, ctx, zones)
	server := fmt.Sprintf("127.0.0.1:%d", port)
	type result struct {
		status   int
		findings map[string]string // severity by check
		text     string
		dane     string // what a probe says
	}
	ask := func(args ...string) result {
		var out, errs bytes.Buffer
		r := result{findings: map[string]string{}}
		r.status = run(ctx, append(args, "--resolver", server, "--format", "json", "--deadline", "10s"), strings.NewReader(""), &out, &errs)
		type found struct{ Check, Severity, Detail string }
		var got struct {
			Findings []found
			Targets  []struct {
				Findings  []found
				Endpoints []struct{ DANE string }
			}
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
		}
		for _, target := range got.Targets {
			got.Findings = append(got.Findings, target.Findings...)
			for _, e := range target.Endpoints {
				r.dane = e.DANE
			}
		}
		for _, f := range got.Findings {
			if f.Severity != "pass" {
				r.findings[f.Check] = f.Severity
				r.text += f.Check + " " + f.Severity + ": " + f.Detail + "\n"
			}
		}
		return r
	}
	for _, tt := range []struct {
		zone, command string
		// want are findings with their severity; text stands in one of their details.
		want []string
		text string
	}{
		{"good", "dnssec", nil, ""},
		{"good", "dane", nil, ""},
		{"expired", "dnssec", []string{"dnssec-bogus critical"}, "expired"},
		{"expired", "dane", []string{"dane-unresolved unknown"}, "bogus"},
		{"wrongds", "dnssec", []string{"dnssec-bogus critical", "dnssec-parent-ds critical"}, ""},
		{"wrongds", "dane", []string{"dane-unresolved unknown"}, "bogus"},
		{"stripped", "dnssec", []string{"dnssec-bogus critical"}, ""},
		{"nokey", "dnssec", []string{"dnssec-bogus critical"}, ""},
		{"nomx", "dnssec", []string{"dnssec-bogus critical"}, "nomx.example MX is bogus"},
		{"nodenial", "dane", []string{"dane-denial-broken error"}, "_25._tcp.mx.nodenial.example cannot be proved"},
		{"unsigned", "dnssec", []string{"dnssec-unsigned notice"}, ""},
		{"unsigned", "dane", []string{"dane-tlsa-insecure warning"}, ""},
		{"expiring", "dnssec", []string{"dnssec-signature-expiring warning"}, "should have been renewed"},
		{"expiring", "dane", nil, ""},
		{"iterated", "dnssec", []string{"dnssec-nsec3-iterations notice"}, "10 iterations and the salt"},
		{"iterated", "dane", nil, ""},
		{"island", "dnssec", []string{"dnssec-parent-ds warning"}, "DNSKEY"},
	} {
		r := ask(tt.command, "check", tt.zone+".example")
		for _, want := range tt.want {
			check, severity, _ := strings.Cut(want, " ")
			if r.findings[check] != severity {
				t.Errorf("%s check %s: %s is %q\n%s", tt.command, tt.zone, want, r.findings[check], r.text)
			}
		}
		if len(tt.want) == 0 && len(r.findings) > 0 {
			t.Errorf("%s check %s: %s", tt.command, tt.zone, r.text)
		}
		if !strings.Contains(r.text, tt.text) {
			t.Errorf("%s check %s: no %q in\n%s", tt.command, tt.zone, tt.text, r.text)
		}
		for check := range r.findings {
			if strings.HasSuffix(check, "-missing") {
				t.Errorf("%s check %s: %s", tt.command, tt.zone, check)
			}
		}
	}
	// An audit of what is bogus: nobody who validates sees the domain, and nothing of it is
	// called missing or absent.
	for _, zone := range []string{"expired", "wrongds", "stripped", "nokey"} {
		r := ask("audit", zone+".example", "--skip", "rbl", "--allow-private", "--unknown", "ok")
		if r.findings["dnssec-bogus"] != "critical" || r.status != 1 {
			t.Errorf("audit %s: status %d, %q\n%s", zone, r.status, r.findings["dnssec-bogus"], r.text)
		}
		for check, severity := range r.findings {
			if strings.Contains(check, "missing") || strings.Contains(check, "absent") || severity == "critical" && check != "dnssec-bogus" && (check != "dnssec-parent-ds" || zone != "wrongds") {
				t.Errorf("audit %s: %s %s", zone, check, severity)
			}
		}
	}
	// A certificate that is the one of the TLSA record, and one that is not.
	_, at, _ := strings.Cut(mail, ":")
	for zone, severity := range map[string]string{"match": "", "mismatch": "error"} {
		r := ask("probe", zone+".example", "--port", at, "--tls", "implicit", "--allow-private")
		if r.findings["smtp-dane-mismatch"] != severity || r.dane != zone {
			t.Errorf("probe %s: %q, %s\n%s", zone, r.findings["smtp-dane-mismatch"], r.dane, r.text)
		}
	}
	good := ask("audit", "good.example", "--skip", "rbl", "--unknown", "ok")
	for _, check := range []string{"dnssec-bogus", "dnssec-unsigned", "dnssec-unresolved", "dane-unresolved", "dane-missing", "dane-lookup-failed"} {
		if severity, ok := good.findings[check]; ok {
			t.Errorf("audit good: %s %s\n%s", check, severity, good.text)
		}
	}
}

// validating serves the zones below example. and the root and example. itself, all signed but
// for what the zones say, and returns the port of an unbound that validates them.
func validating(t *testing.T, ctx context.Context, zones []signedZone) int {
	t.Helper()
	dir := t.TempDir()
	authority, recursive := debian.Port(t), debian.Port(t)
	command := func(program string, args ...string) string {
		path, err := debian.Program(program)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	file := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// publish signs a zone and returns its DS record, that of another key if it is to be wrong.
	publish := func(z signedZone, origin, text string) (ds string) {
		base := "zone." + strings.TrimSuffix(origin, ".")
		text = fmt.Sprintf("$ORIGIN %s\n$TTL 60\n@ SOA ns.example. h.example. 1 7200 900 604800 60\n@ NS ns.example.\n", origin) + text
		write(base, text)
		key := command("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin)
		ds = file(key + ".ds")
		if z.wrongDS {
			ds = file(command("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin) + ".ds")
		}
		if origin == "." {
			write("anchor.key", file(key+".key"))
		}
		if z.unsigned {
			return ds
		}
		stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("20060102150405") }
		life, age := z.life, z.age
		if life == 0 {
			life = 30 * day
		}
		if age == 0 {
			age = day
		}
		command("ldns-signzone", slices.Concat(z.options, []string{"-i", stamp(-age), "-e", stamp(life), "-o", origin, "-f", base + ".signed", base, key})...)
		signed := file(base + ".signed")
		if z.spoil != nil {
			spoilt := z.spoil(signed)
			if spoilt == signed {
				t.Fatalf("%s was not spoilt:\n%s", origin, signed)
			}
			signed = spoilt
		}
		write(base, signed)
		return ds
	}
	below := ""
	for _, z := range zones {
		origin := z.name + ".example."
		tlsa := "_25._tcp.mx TLSA 3 1 1 " + strings.Repeat("0123456789abcdef", 4) + "\n"
		if z.name == "nodenial" {
			tlsa = "" // what is not there has to be proved
		}
		host := "mx A 192.0.2.10\nmx AAAA 2001:db8::10\n"
		if z.tlsa != "" {
			host, tlsa = "mx A 127.0.0.1\n", "_25._tcp.mx TLSA "+z.tlsa+"\n"
		}
		ds := publish(z, origin, "@ MX 10 mx\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:r@"+z.name+".example\"\n"+host+tlsa)
		below += origin + " NS ns.example.\n"
		if !z.noDS {
			below += ds + "\n"
		}
	}
	top := publish(signedZone{}, "example.", "ns A 127.0.0.1\n"+below)
	publish(signedZone{}, ".", "example. NS ns.example.\nns.example. A 127.0.0.1\n"+top+"\n")

	nsd := fmt.Sprintf("server:\n  ip-address: 127.0.0.1@%d\n  username: \"\"\n  zonesdir: %q\n  database: \"\"\n  pidfile: \"nsd.pid\"\n  xfrdfile: \"xfrd.state\"\n  zonelistfile: \"zone.list\"\n  xfrdir: %[2]q\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n", authority, dir)
	unbound := fmt.Sprintf(`server:
  interface: 127.0.0.1@%d
  port: %[1]d
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: %q
  pidfile: "unbound.pid"
  use-syslog: no
  verbosity: 1
  module-config: "validator iterator"
  trust-anchor-file: "anchor.key"
  val-bogus-ttl: 1
  ede: yes
  do-not-query-localhost: no
  do-ip6: no
remote-control:
  control-enable: no
`, recursive, dir)
	for _, origin := range append([]string{".", "example."}, origins(zones)...) {
		nsd += fmt.Sprintf("zone:\n  name: %q\n  zonefile: %q\n", origin, "zone."+strings.TrimSuffix(origin, "."))
		unbound += fmt.Sprintf("stub-zone:\n  name: %q\n  stub-addr: 127.0.0.1@%d\n", origin, authority)
	}
	write("nsd.conf", nsd)
	write("unbound.conf", unbound)
	debian.Start(t, "nsd", "-d", "-c", filepath.Join(dir, "nsd.conf"))
	debian.Await(t, authority, "good.example", resolver.TypeSOA)
	debian.Start(t, "unbound", "-d", "-p", "-c", filepath.Join(dir, "unbound.conf"))
	debian.Await(t, recursive, "good.example", resolver.TypeSOA)
	return recursive
}

func origins(zones []signedZone) []string {
	out := make([]string, len(zones))
	for i, z := range zones {
		out[i] = z.name + ".example."
	}
	return out
}
