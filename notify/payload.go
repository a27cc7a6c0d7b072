package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers that a webhook's post has beside those of every post.
const (
	// SignatureHeader is t=UNIX-TIME,v1=HEX, where HEX is the HMAC-SHA256 of the
	// time, a full stop and the body, by the secret that both sides know.
	SignatureHeader = "Mailworthy-Signature"
	// IDHeader is the ID of the notice: who has seen it need not act again.
	IDHeader = "Mailworthy-Id"
)

// Sign makes the value of SignatureHeader.
func Sign(key Secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(key, t, body))
}

func mac(key Secret, t string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(key.Reveal()))
	m.Write([]byte(t + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Verify checks the value of SignatureHeader as a receiver does: the signature is
// right and its time is within tolerance of now, so that a post that somebody
// recorded cannot be sent again later.
func Verify(key Secret, header string, body []byte, now time.Time, tolerance time.Duration) error {
	var t string
	var got []byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			t = value
		case "v1":
			got, _ = hex.DecodeString(value)
		}
	}
	at, err := strconv.ParseInt(t, 10, 64)
	if err != nil || len(got) == 0 {
		return fmt.Errorf("notify: no t= and v1= in %s", SignatureHeader)
	}
	if !hmac.Equal(got, mac(key, t, body)) {
		return errors.New("notify: the signature is wrong")
	}
	if age := now.Sub(time.Unix(at, 0)).Abs(); age > tolerance {
		return fmt.Errorf("notify: the signature is %s off", age.Round(time.Second))
	}
	return nil
}

// body is what is posted to a target of the kind.
func body(kind Kind, n *Notice) ([]byte, error) {
	var v any = n
	switch kind {
	case Slack:
		v = slackBody(n)
	case Teams:
		v = teamsBody(n)
	}
	return json.Marshal(v)
}

// maxChat bounds the text of a chat message: Slack advises 4,000 characters, and
// Teams takes 28 KB with all the markup.
const maxChat = 3500

// chatLines are the lines of a notice that fit into a chat message.
func chatLines(n *Notice) []string {
	lines := n.Lines()
	if fixes := n.Fixes(); len(fixes) > 0 {
		lines = append(append(lines, ""), fixes...)
	}
	left := maxChat
	for i, l := range lines {
		if r := []rune(l); len(r) > 300 {
			lines[i] = string(r[:300]) + "…"
		}
		if left -= len(lines[i]) + 1; left < 0 {
			return append(lines[:i:i], fmt.Sprintf("… %d more lines", len(lines)-i))
		}
	}
	return lines
}

// slackBody is a message for Slack's incoming webhooks and those made like them
// (Mattermost, Rocket.Chat, Discord's /slack). What the DNS said stands in a block
// of code, where neither marks up nor calls anybody.
func slackBody(n *Notice) any {
	// https://docs.slack.dev/messaging/formatting-message-text: three characters
	// are escaped, everywhere.
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "ˋ")
	text := "```\n" + escape.Replace(n.Subject()) + "\n\n" + escape.Replace(strings.Join(chatLines(n), "\n"))
	if owners := n.owners(); owners != "" {
		text += "\n\n" + escape.Replace(owners)
	}
	return map[string]any{"text": text + "\n```", "unfurl_links": false, "unfurl_media": false, "link_names": false}
}

// teamsBody is an Adaptive Card in the envelope of Teams' workflows. A TextRun is
// plain text: a TextBlock would read Markdown in it.
func teamsBody(n *Notice) any {
	type m = map[string]any
	block := func(text string, more m) m {
		run := m{"type": "TextRun", "text": text}
		for k, v := range more {
			run[k] = v
		}
		return m{"type": "RichTextBlock", "inlines": []any{run}}
	}
	content := []any{block(n.Subject(), m{"weight": "Bolder", "size": "Medium"})}
	for _, l := range chatLines(n) {
		if l != "" {
			content = append(content, block(l, m{"fontType": "Monospace"}))
		}
	}
	if owners := n.owners(); owners != "" {
		content = append(content, block(owners, nil))
	}
	return m{"type": "message", "attachments": []any{m{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil,
		"content": m{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
			"msteams": m{"width": "Full"}, "body": content},
	}}}
}

// mailText is the text of an e-mail.
func mailText(n *Notice) string {
	var b strings.Builder
	b.WriteString(n.Subject() + "\n\n")
	for _, l := range n.Lines() {
		b.WriteString("  " + l + "\n")
	}
	if fixes := n.Fixes(); len(fixes) > 0 {
		b.WriteString("\nWhat to do\n")
		for _, f := range fixes {
			b.WriteString("  " + f + "\n")
		}
	}
	if owners := n.owners(); owners != "" {
		b.WriteString("\n" + owners + "\n")
	}
	command := n.Domain
	if n.DomainCount > 1 {
		command = "DOMAIN"
	}
	fmt.Fprintf(&b, "\nSeen at %s. \"mailworthy audit %s\" shows all of it, \"mailworthy checks ID\" explains a check.\n",
		n.Time.Format(time.RFC3339), command)
	return b.String()
}
