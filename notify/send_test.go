package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/finding"
	"mailworthy/internal/peertest"
	"mailworthy/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// hostile is what a DNS record may hold against whoever is told of it.
const hostile = "v=spf1 <!channel> @here *b* [x](https://evil.example) ```` `x` \x1b[31m\u202e\r\nBcc: x@evil.example \xff&"

func notice() *Notice {
	was, is := 98, 41
	n := OfChange(&report.Comparison{Domain: "acme.example",
		Before: report.Outcome{Verdict: report.Ready, Score: &was, Grade: "A"}, After: report.Outcome{Verdict: report.NotReady, Score: &is, Grade: "F"},
		New:     []finding.Finding{{Check: "ptr-missing", Severity: finding.Error, Subject: "192.0.2.11", Title: "No PTR record", Fix: &finding.Fix{Summary: "Publish one."}}},
		Changed: []report.Moved{{Was: finding.Notice, Finding: finding.Finding{Check: "mx-single", Severity: finding.Warning, Subject: "acme.example", Title: "A single MX host"}}},
		Gone:    []finding.Finding{{Check: "dmarc-policy-none", Severity: finding.Warning, Subject: "acme.example", Title: "The policy only monitors"}},
		Removed: []finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}},
		Added:   []finding.Record{{Name: "acme.example", Type: "TXT", Value: hostile}},
	}, "Ada <ada@acme.example>", noon)
	n.ID = "0123456789abcdef0123456789abcdef"
	return n
}

// receiver is an HTTP server that answers as told, one status a try, and keeps
// what it got.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	answers []int
	header  http.Header
	bodies  [][]byte
	heads   []http.Header
}

func receive(t *testing.T, start func(http.Handler) *httptest.Server, answers ...int) *receiver {
	t.Helper()
	r := &receiver{answers: answers, header: http.Header{}}
	r.Server = start(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.heads = append(r.bodies, text), append(r.heads, req.Header)
		status := http.StatusOK
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		for k := range r.header {
			w.Header().Set(k, r.header.Get(k))
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("you sent hunter2hunter2"))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.bodies) }

// stopped is a Sender whose waits take no time and are noted.
func stopped(waits *[]time.Duration) *Sender {
	return &Sender{Version: "1.0.0", Now: func() time.Time { return noon }, Wait: func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}}
}

func TestWebhook(t *testing.T) {
	r := receive(t, httptest.NewServer)
	var waits []time.Duration
	target := &Target{Name: "hook", Kind: Webhook, URL: Secret(r.URL + "/in?key=hunter2hunter2"), Key: "0123456789abcdef"}
	if err := stopped(&waits).Send(t.Context(), target, notice()); err != nil {
		t.Fatal(err)
	}
	head, text := r.heads[0], r.bodies[0]
	if err := Verify(target.Key, head.Get(SignatureHeader), text, noon.Add(time.Minute), 5*time.Minute); err != nil {
		t.Error(err)
	}
	if head.Get(IDHeader) != notice().ID || head.Get("Content-Type") != "application/json" || head.Get("User-Agent") != "mailworthy/1.0.0" {
		t.Errorf("%v", head)
	}
	var n Notice
	if err := json.Unmarshal(text, &n); err != nil || n.Schema != SchemaID || n.Domain != "acme.example" || len(n.Findings) != 3 || *n.Before.Score != 98 {
		t.Errorf("%v: %s", err, text)
	}
	for name, bad := range map[string]func() error{
		"another key": func() error { return Verify("another", head.Get(SignatureHeader), text, noon, time.Minute) },
		"another body": func() error {
			return Verify(target.Key, head.Get(SignatureHeader), append(text, ' '), noon, time.Minute)
		},
		"sent again": func() error {
			return Verify(target.Key, head.Get(SignatureHeader), text, noon.Add(time.Hour), time.Minute)
		},
		"a changed time": func() error {
			return Verify(target.Key, strings.Replace(head.Get(SignatureHeader), "t=1", "t=2", 1), text, noon, time.Hour)
		},
		"no signature": func() error { return Verify(target.Key, "", text, noon, time.Minute) },
	} {
		if bad() == nil {
			t.Errorf("%s: verified", name)
		}
	}
}

// TestRetries: what can get better is tried again, with waits that grow and that
// the receiver can lengthen; what cannot is not.
func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers []int
		after   string
		posts   int
		least   time.Duration
		want    string
	}{
		{name: "success", posts: 1},
		{name: "500, then success", answers: []int{500}, posts: 2},
		{name: "429 with seconds", answers: []int{429}, after: "7", posts: 2, least: 7 * time.Second},
		{name: "503 with a date", answers: []int{503}, after: noon.Add(9 * time.Second).Format(http.TimeFormat), posts: 2, least: 9 * time.Second},
		{name: "429 for too long", answers: []int{429}, after: "3600", posts: 1, want: "HTTP 429"},
		{name: "500 for ever", answers: []int{500, 502, 503, 504}, posts: 4, want: "HTTP 504 (4 tries)"},
		{name: "404", answers: []int{404}, posts: 1, want: "refuses with HTTP 404"},
		{name: "a redirect", answers: []int{307}, posts: 1, want: "redirects (HTTP 307)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := receive(t, httptest.NewServer, tt.answers...)
			r.header.Set("Retry-After", tt.after)
			r.header.Set("Location", "http://192.0.2.1/elsewhere")
			var waits []time.Duration
			err := stopped(&waits).Send(t.Context(), &Target{Kind: Slack, URL: Secret(r.URL + "/T0/hunter2hunter2")}, notice())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
			if r.got() != tt.posts || len(waits) != tt.posts-1 {
				t.Errorf("%d posts, want %d; waits %v", r.got(), tt.posts, waits)
			}
			for i, w := range waits {
				if w < tt.least || w > max(firstWait<<i+100*time.Millisecond, tt.least) {
					t.Errorf("wait %d is %s", i+1, w)
				}
			}
		})
	}
}

// TestUnreachable: no answer, no connection, a certificate that nobody vouches for.
func TestUnreachable(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	unknown := httptest.NewUnstartedServer(nil)
	unknown.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	unknown.StartTLS()
	defer unknown.Close()
	for _, tt := range []struct {
		name, url, want string
		waits           int
	}{
		{"timeout", silent.URL, "no answer in time (4 tries)", 3},
		{"closed", "http://" + peertest.Closed(t), "refused (4 tries)", 3},
		{"certificate", unknown.URL, "certificate", 0},
		{"no address", "http://a b/", "cannot be posted to", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var waits []time.Duration
			s := stopped(&waits)
			if s.Timeout = time.Minute; tt.name == "timeout" {
				s.Timeout = 50 * time.Millisecond
			}
			err := s.Send(t.Context(), &Target{Kind: Teams, URL: Secret(tt.url + "/hunter2hunter2?sig=hunter2hunter2")}, notice())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if len(waits) != tt.waits {
				t.Errorf("waits %v", waits)
			}
		})
	}
}

func TestTLSReceiver(t *testing.T) {
	r := receive(t, httptest.NewTLSServer)
	s := &Sender{TLS: &tls.Config{RootCAs: r.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	if err := s.Send(t.Context(), &Target{Kind: Teams, URL: Secret(r.URL)}, notice()); err != nil || r.got() != 1 {
		t.Errorf("%v, %d posts", err, r.got())
	}
}

func TestInterrupted(t *testing.T) {
	r := receive(t, httptest.NewServer, 500, 500, 500, 500)
	ctx, cancel := context.WithCancel(t.Context())
	s := &Sender{Wait: func(context.Context, time.Duration) error { cancel(); return ctx.Err() }}
	if err := s.Send(ctx, &Target{Kind: Webhook, URL: Secret(r.URL)}, notice()); err == nil || r.got() != 1 {
		t.Errorf("%v after %d posts", err, r.got())
	}
}

// TestPayloads: nothing in a record marks up, calls anybody or steers a screen.
func TestPayloads(t *testing.T) {
	for _, kind := range []Kind{Webhook, Slack, Teams} {
		text, err := body(kind, notice())
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) || bytes.ContainsAny(text, "\x1b\u202e") || bytes.Contains(text, []byte(`\u001b`)) || bytes.Contains(text, []byte(`\u202e`)) {
			t.Errorf("%s: %s", kind, text)
		}
	}
	var slack struct {
		Text string
		Link bool `json:"link_names"`
	}
	text, _ := body(Slack, notice())
	if err := json.Unmarshal(text, &slack); err != nil {
		t.Fatal(err)
	}
	inside := strings.TrimSuffix(strings.TrimPrefix(slack.Text, "```\n"), "\n```")
	if len(inside) != len(slack.Text)-8 || strings.ContainsAny(inside, "<>`") || strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(inside), "&") {
		t.Errorf("Slack: %s", slack.Text)
	}
	for _, want := range []string{"acme.example: not ready, 41/100 (was ready, 98/100)", "new: error ptr-missing (192.0.2.11): No PTR record",
		"changed: notice → warning mx-single", "gone: warning dmarc-policy-none", "- acme.example TXT v=spf1 -all", "+ acme.example TXT v=spf1 &lt;!channel&gt;",
		"ptr-missing: Publish one.", "Owner: Ada"} {
		if !strings.Contains(slack.Text, want) {
			t.Errorf("Slack does not say %q: %s", want, slack.Text)
		}
	}
	text, _ = body(Teams, notice())
	if bytes.Contains(text, []byte(`"TextBlock"`)) || !bytes.Contains(text, []byte(`"contentType":"application/vnd.microsoft.card.adaptive"`)) {
		t.Errorf("Teams: %s", text)
	}
}

// TestBounds: however much changed, what is sent fits.
func TestBounds(t *testing.T) {
	c := &report.Comparison{Domain: "acme.example"}
	for i := range 500 {
		c.New = append(c.New, finding.Finding{Check: "ptr-missing", Severity: finding.Error, Subject: fmt.Sprint(i), Title: strings.Repeat("\x00", 5000)})
		c.Added = append(c.Added, finding.Record{Name: "acme.example", Type: "TXT", Value: strings.Repeat("\xff<", 40000)})
	}
	n := OfChange(c, "", noon)
	if n.LeftOut != 900 {
		t.Errorf("%d left out", n.LeftOut)
	}
	for kind, most := range map[Kind]int{Webhook: 1 << 20, Slack: 16 << 10, Teams: 28 << 10} {
		text, err := body(kind, n)
		if err != nil || len(text) > most {
			t.Errorf("%s: %d bytes, %v", kind, len(text), err)
		}
	}
}

// TestSecrets: no way of printing a target shows what is secret in it.
func TestSecrets(t *testing.T) {
	target := Target{Name: "ops", Kind: Webhook, URL: "https://ada:hunter2url@hooks.acme.example/hunter2path?sig=hunter2query", Key: "hunter2key", Mail: Mail{Password: "hunter2pass"}}
	text, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("target", "target", target, "key", target.Key)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("target", "target", target, "key", target.Key)
	out := fmt.Sprintf("%v %+v %#v %s %q %x %d", target, target, target, target.Key, target.Key, target.Key, target.Key) + string(text) + logged.String()
	out += target.redact("Post \"https://ada:hunter2url@hooks.acme.example/hunter2path?sig=hunter2query\": /hunter2path?sig=hunter2query hunter2key hunter2pass hunter2path hunter2url")
	if i := strings.Index(out, "hunter2"); i >= 0 {
		t.Errorf("…%s…", out[max(0, i-40):min(len(out), i+40)])
	}
	if target.Key.Reveal() != "hunter2key" {
		t.Error("Reveal does not")
	}
}
