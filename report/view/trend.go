package view

import (
	"fmt"
	"strings"
	"time"

	"mailworthy/internal/show"
	"mailworthy/report"
)

// ChangeText is the change in words, raw.
func ChangeText(c report.TrendChange) string {
	if c.Kind == "record" {
		return c.About + " " + c.What + " " + c.Op
	}
	text := c.What
	if c.About != "" {
		text += " (" + c.About + ")"
	}
	return text + " " + c.Op
}

// shownChanges bounds the changes of one run in the table.
const shownChanges = 6

// PointText says in a line what changed, and what was not answered.
func PointText(p report.TrendPoint) string {
	var texts []string
	for i, c := range p.Changes {
		if i == shownChanges {
			texts = append(texts, fmt.Sprintf("%d more", len(p.Changes)-i))
			break
		}
		texts = append(texts, show.Clip(ChangeText(c), 120))
	}
	if p.Unanswered > 0 {
		texts = append(texts, show.Counted(p.Unanswered, "answer")+" missing")
	}
	return strings.Join(texts, "; ")
}

func TrendScore(p report.TrendPoint) string {
	if p.Score == nil {
		return "-"
	}
	return fmt.Sprintf("%d %s", *p.Score, p.Grade)
}

func TrendDay(p report.TrendPoint) string { return p.Started.UTC().Format(time.DateOnly) }
