package audit

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"mailworthy/finding"
	"mailworthy/message"
	"mailworthy/resolver"
)

// one fails the questions for one name.
type one struct {
	resolver.Resolver
	name string
	t    resolver.Type
}

func (o one) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if strings.EqualFold(name, o.name) && t == o.t {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return o.Resolver.Lookup(ctx, name, t)
}

// TestMessageFaults spoils every single question about a clean message. Nothing
// that the DNS did not say becomes worse than unknown.
func TestMessageFaults(t *testing.T) {
	for name, text := range map[string]string{
		"signed":          delivered("x@acme.example", signed(t, draft, "r@acme.example")),
		"another service": delivered("x@esp.example", signed(t, draft, "e@acme.example", "e@esp.example")),
	} {
		o := MessageOptions{Now: at, IP: netip.MustParseAddr("198.51.100.1")}
		clean, err := RunMessage(t.Context(), mailZone(t), strings.NewReader(text), o)
		if err != nil {
			t.Fatal(err)
		}
		if bad := notable(clean); len(bad) > 0 {
			t.Fatalf("%s: without any fault: %q", name, bad)
		}
		for _, q := range clean.Trace {
			t.Run(name+" "+q.Name+" "+q.Type.String(), func(t *testing.T) {
				res, err := RunMessage(t.Context(), one{mailZone(t), q.Name, q.Type}, strings.NewReader(text), o)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range res.Findings {
					switch {
					case f.Severity == finding.Pass, f.Check == "message-line-long":
					case f.Severity != finding.Unknown:
						t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
					case f.CouldBe == "":
						t.Errorf("%s does not say what it could be", f.Detail)
					}
				}
			})
		}
	}
}

// TestMessageUnknown: what is not known decides DMARC only if it could.
func TestMessageUnknown(t *testing.T) {
	const key, spfName, policy = "e._domainkey.acme.example", "bounce.acme.example", "_dmarc.acme.example"
	aligned := delivered("b@bounce.acme.example", signed(t, draft, "e@acme.example"))
	unsigned := delivered("b@bounce.acme.example", draft)
	foreign := delivered("x@twice.example", signed(t, draft, "e@acme.example"))
	other := delivered("x@twice.example", signed(t, draft, "e@esp.example"))
	for _, tt := range []struct{ name, in, broken, want string }{
		{"SPF unknown, DKIM passes", aligned, spfName, "temperror pass pass"},
		{"SPF unknown, unsigned", unsigned, spfName, "temperror  temperror"},
		{"key unknown, SPF passes", aligned, key, "pass temperror pass"},
		{"key unknown, SPF does not align", foreign, key, "permerror temperror temperror"},
		{"key unknown, its domain does not align", other, "e._domainkey.esp.example", "permerror temperror fail"},
		{"policy unknown", aligned, policy, "pass pass temperror"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := RunMessage(t.Context(), one{mailZone(t), tt.broken, resolver.TypeTXT}, strings.NewReader(tt.in), MessageOptions{Now: at})
			if err != nil {
				t.Fatal(err)
			}
			if got := outcomes(res); got != tt.want {
				t.Errorf("got %q, want %q: %s", got, tt.want, res.DMARC.Error)
			}
			if res.DMARC.Result == "temperror" && res.DMARC.Error == "" {
				t.Error("DMARC does not say why")
			}
			checkAuthenticationResults(t, res)
		})
	}
}

// TestMessageRounds: SPF, DKIM, DMARC and the hosts are asked at the same time, so
// the wait is the longest chain of dependent questions.
func TestMessageRounds(t *testing.T) {
	const trip = 20 * time.Millisecond
	for _, tt := range []struct {
		name, in, chain string
		o               MessageOptions
		want            int
	}{
		{"delivered", delivered("b@bounce.acme.example", signed(t, draft, "r@acme.example", "e@esp.example")), "MX, addresses of the hosts", MessageOptions{}, 2},
		{"include", delivered("b@acme.example", signed(t, draft, "r@acme.example")), "SPF record, include", MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, 2},
		{"draft", draft, "MX, addresses of the hosts", MessageOptions{}, 2},
	} {
		zone := mailZone(t)
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			if _, err := RunMessage(t.Context(), slow{zone, trip}, strings.NewReader(tt.in), tt.o); err != nil {
				t.Fatal(err)
			}
			if n := int(time.Since(started) / trip); n > tt.want {
				t.Errorf("%s: %d rounds, want %d: %s", tt.name, n, tt.want, tt.chain)
			}
		})
	}
}

func TestMessageErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, tt := range []struct {
		name string
		in   io.Reader
		want error
	}{
		{"no message", strings.NewReader("hello\n"), message.ErrNotMessage},
		{"too large", io.MultiReader(strings.NewReader("From: a@acme.example\n\n"), io.LimitReader(zeros{}, message.MaxBody+1)), message.ErrTooLarge},
		{"broken in the header", io.MultiReader(strings.NewReader("From: a@acme.example\n"), iotest.ErrReader(broken)), broken},
		{"broken in the body", io.MultiReader(strings.NewReader("From: a@acme.example\n\nx"), iotest.ErrReader(broken)), broken},
	} {
		if _, err := RunMessage(t.Context(), mailZone(t), tt.in, MessageOptions{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestMessageStopped: a context that has ended makes everything unknown, and hangs
// nothing.
func TestMessageStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := RunMessage(ctx, stopped{}, strings.NewReader(delivered("b@bounce.acme.example", signed(t, draft, "r@acme.example"))), MessageOptions{Now: at})
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes(res); got != "temperror temperror temperror" {
		t.Errorf("got %q", got)
	}
	for _, f := range res.Findings {
		if f.Severity != finding.Pass && f.Severity != finding.Unknown && f.Check != "message-line-long" {
			t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
		}
	}
}

// stopped answers nothing, for the reason of its context.
type stopped struct{}

func (stopped) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	<-ctx.Done()
	return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Canceled, Detail: ctx.Err().Error()}
}
