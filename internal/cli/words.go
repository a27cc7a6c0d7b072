package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

// wordsOf is the annotation of a flag with the words that it takes, if its usage does not
// name them.
const wordsOf = "cli_words"

// TakesWords says that a flag takes these words, in any case and cut short, and completes
// them. A flag whose usage names them as `one|another` takes them without it, and no others.
func TakesWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.Flags().SetAnnotation(flag, wordsOf, words)
	Completes(cmd, flag, func() []string { return words })
}

// Completes completes the words of a flag that takes others, too; of a list with commas the
// last, with those that it has not yet.
func Completes(cmd *cobra.Command, flag string, words func() []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		all := words()
		i := strings.LastIndexByte(begun, ',') + 1
		if f := cmd.Flags().Lookup(flag); f == nil || f.Value.Type() != "stringSlice" || i == 0 {
			return all, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, w := range all {
			if !slices.Contains(strings.Split(begun[:i], ","), w) {
				out = append(out, begun[:i]+w)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

var listedWords = lazyre.New("`([a-z0-9]+(?:[|-][a-z0-9]+)*)`")

// vocabulary returns the words that a flag takes, nil for one that takes anything; closed,
// if it takes no others, which understand sees to.
func vocabulary(flag *pflag.Flag) (words []string, closed bool) {
	if words, ok := flag.Annotations[wordsOf]; ok {
		return words, false
	}
	if found := listedWords.FindStringSubmatch(flag.Usage); found != nil && strings.Contains(found[1], "|") {
		return strings.Split(found[1], "|"), true
	}
	return nil, false
}

// completeWords completes the words that the usages of the flags name.
func completeWords(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if words, closed := vocabulary(flag); closed {
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	})
	for _, c := range cmd.Commands() {
		completeWords(c)
	}
}

// shortest is how many letters a word cut short must have.
const shortest = 3

// Word returns the word that is meant: in another case, by another name, or cut short. It
// returns what was written if no word is meant.
func (h *Habits) Word(written string, words []string) string {
	lower := strings.ToLower(strings.TrimSpace(written))
	if slices.Contains(words, lower) {
		return lower
	}
	if other := h.Words[lower]; other != "" && slices.Contains(words, other) {
		return other
	}
	if longer := longer(lower, words); len(longer) == 1 {
		return longer[0]
	}
	return written
}

// longer returns the words that one is the beginning of.
func longer(word string, words []string) (found []string) {
	for _, w := range words {
		if len(word) >= shortest && strings.HasPrefix(w, word) {
			found = append(found, w)
		}
	}
	return found
}

// understand rewrites the values of the flags that take certain words as these words. A value
// that is only near to one of them is an error that names it; others are refused if
// the flag takes no others.
func (h *Habits) understand(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		words, closed := vocabulary(flag)
		if words == nil || err != nil {
			return
		}
		read := func(written string) string {
			meant := h.Word(written, words)
			if slices.Contains(words, meant) || written == "" || err != nil {
				return meant
			}
			if near := hint.Nearest(strings.ToLower(written), min(2, len(written)/2), words...); near != "" {
				err = WithHint(fmt.Errorf("--%s %q is not known", flag.Name, written), "%s", hint.DidYouMean(near))
			} else if closed {
				err = fmt.Errorf("--%s %q: it must be %s", flag.Name, written, Either(words))
			}
			return meant
		}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values := list.GetSlice()
			for i, v := range values {
				values[i] = read(v)
			}
			_ = list.Replace(values)
			return
		}
		if meant := read(flag.Value.String()); err == nil && meant != flag.Value.String() {
			_ = flag.Value.Set(meant)
		}
	})
	return err
}

// Either joins words as alternatives: a, b or c.
func Either(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
