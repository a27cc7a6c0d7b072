package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func Number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// RFC3339 is a time as the formats for machines write it.
func RFC3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// TTL is a TTL for a person.
func TTL(ttl uint32) string {
	switch {
	case ttl%86400 == 0:
		return Counted(int(ttl/86400), "day")
	case ttl%3600 == 0:
		return Counted(int(ttl/3600), "hour")
	case ttl%60 == 0:
		return Counted(int(ttl/60), "minute")
	}
	return Counted(int(ttl), "second")
}

func OrEmpty(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// AsSentence ends a clause about a list as a sentence.
func AsSentence(clause string) string {
	if clause == "" {
		return ""
	}
	return clause + "."
}

// Listed joins the first few of a list.
func Listed(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// Without returns a copy of a list without one text, in whatever case it is written.
func Without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.EqualFold(s, one) })
}

func Duration(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d ms", ms)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

// Counted is a number with its noun: "1 error", "2 errors".
func Counted(n int, noun string) string { return strconv.Itoa(n) + " " + Plural(n, noun) }

// Plural is the noun alone in the form that the number asks for.
func Plural(n int, noun string) string {
	if n == 1 || noun == "critical" || noun == "unknown" {
		return noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && stem != "" && !strings.ContainsAny(stem[len(stem)-1:], "aeiou") {
		return stem + "ies"
	}
	if strings.HasSuffix(noun, "ss") || strings.HasSuffix(noun, "x") {
		return noun + "es"
	}
	return noun + "s"
}
