package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

// flagError returns what was wrong with a flag, in words, and what was meant by it.
func (h *Habits) flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() == "":
		if near := h.nearFlag(cmd, missing.GetSpecifiedName()); near != "" {
			return WithHint(err, "%s", hint.DidYouMean(near))
		}
	case errors.As(err, &invalid):
		return badValue(invalid)
	}
	return WithHint(err, "%s --help lists the flags", cmd.CommandPath())
}

// nearFlag returns what was probably meant by the name of a flag that there is not; "" if
// nothing is near.
func (h *Habits) nearFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	lower := strings.ToLower(name)
	if slices.Contains(names, lower) {
		return "--" + lower
	}
	if f := cmd.Flags().Lookup("format"); f != nil {
		formats, _ := vocabulary(f)
		if meant := h.Word(lower, formats); slices.Contains(formats, meant) {
			return "--format " + meant
		}
	}
	if other := h.Flags[lower]; other != "" {
		flag := strings.TrimLeft(strings.Fields(other)[0], "-")
		if cmd.Flags().Lookup(flag) != nil || len(flag) <= 2 && cmd.Flags().ShorthandLookup(flag[:1]) != nil {
			return other
		}
	}
	if near := hint.Nearest(lower, min(2, len(lower)/2), names...); near != "" {
		return "--" + near
	}
	found := longer(lower, names)
	for i := range found {
		found[i] = "--" + found[i]
	}
	return strings.Join(found, " or ")
}

var number = lazyre.New(`^[0-9]+(\.[0-9]+)?$`)

// badValue says which value a flag cannot take, and which it could.
func badValue(e *pflag.InvalidValueError) error {
	name, value := e.GetFlag().Name, e.GetValue()
	switch e.GetFlag().Value.Type() {
	case "duration":
		if number.MatchString(value) {
			return WithHint(fmt.Errorf("--%s %s has no unit", name, value), "%s", hint.DidYouMean(value+"s"))
		}
		return WithHint(fmt.Errorf("--%s %q is no length of time", name, value), "write it as 500ms, 5s, 2m or 1h")
	case "int", "int64", "uint":
		return WithHint(fmt.Errorf("--%s %q is no whole number", name, value), "write it as --%s 10", name)
	case "float64":
		return WithHint(fmt.Errorf("--%s %q is no number", name, value), "write it as --%s 10 or --%[1]s 2.5", name)
	case "bool":
		return WithHint(fmt.Errorf("--%s=%q is neither true nor false", name, value), "write --%s alone, or leave it out", name)
	}
	return fmt.Errorf("--%s %q: %w", name, value, e.Unwrap())
}
