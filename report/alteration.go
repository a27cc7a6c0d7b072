package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// Alteration is one record before and after it was edited, word by word.
type Alteration struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Words are those of both texts in order. White space is not among them.
	Words []Word `json:"words"`
}

// Word is a run of words of a record that stayed, came or went.
type Word struct {
	// Op is "same", "removed" or "added".
	Op   string `json:"op"`
	Text string `json:"text"`
}

// The values of Word.Op.
const (
	WordSame    = "same"
	WordRemoved = "removed"
	WordAdded   = "added"
)

// mostAlike bounds the records of one name that are paired: further ones are
// shown as removed and added.
const mostAlike = 16

// alterations pairs the records of each name and type that share most words. Two
// that share none are two records, not one edited.
func alterations(removed, added []finding.Record) []Alteration {
	out := []Alteration{}
	used := make([]bool, len(added))
	tried := make(map[string]int)
	for _, old := range removed {
		key := strings.ToLower(old.Name) + " " + old.Type
		if tried[key]++; tried[key] > mostAlike {
			continue
		}
		before := RecordWords(old.Value)
		best, at, candidates := 0, -1, 0
		for i, rec := range added {
			if used[i] || rec.Type != old.Type || !strings.EqualFold(rec.Name, old.Name) {
				continue
			}
			if candidates++; candidates > mostAlike {
				break
			}
			if n := sharedWords(before, RecordWords(rec.Value)); n > best {
				best, at = n, i
			}
		}
		if at >= 0 {
			used[at] = true
			out = append(out, Alteration{Name: old.Name, Type: old.Type, Before: old.Value, After: added[at].Value,
				Words: DiffWords(before, RecordWords(added[at].Value))})
		}
	}
	return out
}

// RecordWords splits a record where its syntax does: SPF at white space, tag
// lists after each semicolon too.
func RecordWords(text string) []string {
	var words []string
	for _, field := range strings.Fields(text) {
		words = append(words, slices.DeleteFunc(strings.SplitAfter(field, ";"), func(w string) bool { return w == "" })...)
	}
	return words
}

func sharedWords(a, b []string) int {
	count := make(map[string]int, len(a))
	for _, w := range a {
		count[w]++
	}
	n := 0
	for _, w := range b {
		if count[w] > 0 {
			count[w]--
			n++
		}
	}
	return n
}

// mostCells bounds the work of one word-by-word comparison. Texts that take more
// are compared by their beginning and their end alone.
const mostCells = 1 << 20

// DiffWords compares two texts by their longest common subsequence.
func DiffWords(a, b []string) []Word {
	var out []Word
	add := func(op string, words ...string) {
		for _, w := range words {
			if n := len(out); n > 0 && out[n-1].Op == op {
				out[n-1].Text += " " + w
			} else {
				out = append(out, Word{op, w})
			}
		}
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	add(WordSame, a[:head]...)
	end := a[len(a)-tail:]
	a, b = a[head:len(a)-tail], b[head:len(b)-tail]
	if len(a)*len(b) > mostCells {
		add(WordRemoved, a...)
		add(WordAdded, b...)
		add(WordSame, end...)
		return out
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			add(WordSame, a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			add(WordRemoved, a[i])
			i++
		default:
			add(WordAdded, b[j])
			j++
		}
	}
	add(WordRemoved, a[i:]...)
	add(WordAdded, b[j:]...)
	add(WordSame, end...)
	return out
}

// Unaltered are the records that came and went, apart from those edited.
func (c *Comparison) Unaltered() (added, removed []finding.Record) {
	added, removed = c.Added, c.Removed
	for _, a := range c.Altered {
		removed = lessRecords(removed, []finding.Record{{Name: a.Name, Type: a.Type, Value: a.Before}})
		added = lessRecords(added, []finding.Record{{Name: a.Name, Type: a.Type, Value: a.After}})
	}
	return added, removed
}
