// Package hint finds the word that somebody meant by a misspelt one.
package hint

// maxWord bounds the words that are compared, in bytes: none that a user writes by hand
// is longer, and text from outside may be.
const maxWord = 64

// Distance returns the number of letters (bytes) to insert, delete, replace or swap with
// their neighbour to turn a into b. Of words over 64 bytes it returns the longer length:
// they are near to nothing but themselves.
func Distance(a, b string) int {
	switch {
	case a == b:
		return 0
	case len(a) > maxWord || len(b) > maxWord:
		return max(len(a), len(b))
	}
	// Three rows of the table: of the letter before the last one, of the last, of this.
	var rows [3][maxWord + 1]uint8
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		row[0] = uint8(i)
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return int(last[len(b)])
}

// Nearest returns the name with the smallest distance from word, the first of equals, and
// "" if each is more than most letters away.
func Nearest(word string, most int, names ...string) string {
	best, name := most+1, ""
	for _, n := range names {
		if d := Distance(word, n); d < best {
			best, name = d, n
		}
	}
	return name
}

// DidYouMean returns the question whether name was meant, and "" for no name.
func DidYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "did you mean " + name + "?"
}
