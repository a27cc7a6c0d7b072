package message

import (
	"strings"
	"testing"
)

// BenchmarkMessage reads and checks a message with a body of 1 MB.
func BenchmarkMessage(b *testing.B) {
	text := clean + strings.Repeat("All work and no play makes Jack a dull boy.\n", 1<<20/44)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m, err := Read(strings.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		Check(m.Facts(), Context{Now: now, Signatures: signed}).Findings()
	}
}

// BenchmarkHostileHeader reads headers of the largest size that are made to be
// slow: none may take longer than its size explains.
func BenchmarkHostileHeader(b *testing.B) {
	fill := func(start, piece string) string {
		return start + strings.Repeat(piece, (MaxHeader-len(start)-20)/len(piece)) + "\n\n"
	}
	for name, text := range map[string]string{
		"atoms":      fill("From: ", "a."),
		"comments":   fill("Received: from a ", "()"),
		"open":       fill("From: ", "("),
		"quotes":     fill("To: ", `"=?`),
		"words":      fill("Subject: ", "=?a?q?b?= "),
		"in quotes":  fill(`To: "`, "=?"),
		"commas":     fill("To: ", ","),
		"folds":      fill("Subject: x", "\n x"),
		"addresses":  fill("To: ", "a@b.example,"),
		"tags":       fill("DKIM-Signature: h=a", ":a"),
		"JSON":       fill("X-SMTPAPI: ", "["),
		"uris":       fill("List-Unsubscribe: ", "<a>"),
		"fields":     strings.Repeat("Subject: "+strings.Repeat("x", 480)+"\n", MaxFields) + "\n",
		"big first":  "Subject: " + strings.Repeat("x", MaxHeader/2) + "\n" + strings.Repeat("Subject: x\n", MaxFields-1) + "\n",
		"date":       fill("Date: ", "(x)"),
		"message id": fill("Message-ID: <", "a."),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m, err := Read(strings.NewReader(text))
				if err != nil {
					b.Fatal(err)
				}
				Check(m.Facts(), Context{Now: now, Signatures: signed}).Findings()
			}
		})
	}
}
