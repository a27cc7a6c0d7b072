package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"mailworthy/finding"
	"mailworthy/notify"
	"mailworthy/watch"
)

// notifications reads who is notified.
func (d *decoder) notifications(n *yaml.Node, c *Config) {
	taken := make(map[string]bool)
	d.sequence(n, "notifications", func(n *yaml.Node) {
		before := len(d.problems)
		t := d.notification(n, c)
		if len(d.problems) > before {
			return
		}
		if t.Name == "" {
			t.Name = fmt.Sprintf("%s %d", t.Kind, len(c.Notifications)+1)
		}
		if taken[t.Name] {
			d.fail(n, "two notifications are called %q", clip(spelt(n, "name", t.Name)))
			return
		}
		taken[t.Name] = true
		c.Notifications = append(c.Notifications, t)
	})
}

// spelt is the value of a key as it stands in the file, or else the other text.
func spelt(n *yaml.Node, key, other string) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1].Value
		}
	}
	return other
}

// notification reads one target. Its type decides which keys it has.
func (d *decoder) notification(n *yaml.Node, c *Config) notify.Target {
	t := notify.Target{When: notify.Change, Severity: finding.Error, Mail: notify.Mail{TLS: notify.StartTLS}}
	kinds := []notify.Kind{notify.Webhook, notify.Slack, notify.Teams, notify.Email}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "type" {
				var ok bool
				if t.Kind, ok = oneOf(d, n.Content[i+1], "type", kinds...); !ok {
					return t
				}
			}
		}
		if t.Kind == "" {
			d.failHint(n, "type is webhook, slack, teams or email", "a notification: type is missing")
			return t
		}
	}
	f := fields{
		"type": func(*yaml.Node) {},
		"name": func(n *yaml.Node) {
			t.Name, _ = read(d, n, "name", func(s string) (string, error) {
				if len(s) > 60 {
					return "", errors.New("a name has up to 60 characters")
				}
				return s, nil
			})
		},
		"when": func(n *yaml.Node) {
			if w, ok := oneOf(d, n, "when", notify.Change, notify.Threshold); ok {
				t.When = w
			}
		},
		"severity": func(n *yaml.Node) {
			if s, ok := oneOf(d, n, "severity", graded...); ok {
				t.Severity = s
			}
		},
		"domains": func(n *yaml.Node) {
			t.Domains = list(d, n, "domains", c.known)
		},
	}
	required := []string{"type"}
	if t.Kind == notify.Email {
		d.mailFields(f, &t.Mail)
		required = append(required, "to", "from", "server")
	} else {
		f["url"] = func(n *yaml.Node) { t.URL = d.hook(n) }
		required = append(required, "url")
	}
	if t.Kind == notify.Webhook {
		f["secret"] = func(n *yaml.Node) { t.Key = d.secret(n, "secret", 16) }
	}
	d.mapping(n, "a notification", f, required...)
	if m := t.Mail; m.TLS == notify.Plain && m.Password != "" && !isLoopback(m.Server) {
		d.fail(n, "a password is not sent without TLS; leave tls out, or username and password")
	}
	return t
}

// mailFields are the keys of an e-mail notification.
func (d *decoder) mailFields(f fields, m *notify.Mail) {
	f["to"] = func(n *yaml.Node) { m.To = list(d, n, "to", parseMailbox) }
	f["from"] = func(n *yaml.Node) { m.From, _ = read(d, n, "from", parseMailbox) }
	f["server"] = func(n *yaml.Node) { m.Server, _ = read(d, n, "server", parseServer) }
	f["tls"] = func(n *yaml.Node) {
		if v, ok := oneOf(d, n, "tls", notify.StartTLS, notify.Implicit, notify.Plain); ok {
			m.TLS = v
		}
	}
	f["username"] = func(n *yaml.Node) { m.Username, _ = d.text(n, "username") }
	f["password"] = func(n *yaml.Node) { m.Password = d.secret(n, "password", 1) }
}

// secret reads a text that no message quotes.
func (d *decoder) secret(n *yaml.Node, what string, least int) notify.Secret {
	s, ok := d.text(n, what)
	if ok && len(s) < least {
		d.fail(n, "%s is too short: it has %d characters and must have %d", what, len(s), least)
	}
	return notify.Secret(s)
}

// hook reads the address of a webhook, which no message quotes: it is a secret.
func (d *decoder) hook(n *yaml.Node) notify.Secret {
	s, ok := d.text(n, "url")
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.fail(n, "url must be an https:// address")
	case u.Scheme == "http" && !isPrivate(u.Hostname()):
		d.failHint(n, "http:// is for addresses of your own network", "url must be an https:// address")
	}
	return notify.Secret(s)
}

// isPrivate reports whether the host is an address or a name that does not leave
// the own network.
func isPrivate(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local")
}

func isLoopback(server string) bool {
	host, _, _ := net.SplitHostPort(server)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func parseMailbox(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || len(s) > 320 {
		return "", fmt.Errorf("%q is not an address such as postmaster@acme.example", clip(s))
	}
	return a.String(), nil
}

func parseServer(s string) (string, error) {
	bad := fmt.Errorf("%q is not host:port, such as smtp.acme.example:587", clip(s))
	if strings.ContainsAny(s, "@/") {
		// A URL, maybe with a password in it: that is not repeated.
		bad = errors.New("a server is host:port, such as smtp.acme.example:587; username and password are keys of their own")
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", bad
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "@/ ") {
		return "", bad
	}
	return s, nil
}

// watch reads how the long-running command works.
func (d *decoder) watch(n *yaml.Node, w *Watch) {
	d.mapping(n, "watch", fields{
		"schedule": func(n *yaml.Node) {
			w.Schedule, _ = read(d, n, "schedule", func(s string) (string, error) {
				_, err := watch.ParseSchedule(s)
				return s, err
			})
		},
		"listen": func(n *yaml.Node) {
			w.Listen, _ = read(d, n, "listen", func(s string) (string, error) {
				_, port, err := net.SplitHostPort(s)
				if v, bad := strconv.Atoi(port); err != nil || bad != nil || v < 0 || v > 65535 {
					if strings.Contains(s, "@") {
						s = s[strings.LastIndexByte(s, '@'):] // what is before may be a password
					}
					return "", fmt.Errorf("%q is not an address to listen on, such as 127.0.0.1:9599 or :9599", clip(s))
				}
				return s, nil
			})
		},
		"jitter": func(n *yaml.Node) { w.Jitter, _ = d.duration(n, "jitter", 0, day) },
	})
}
