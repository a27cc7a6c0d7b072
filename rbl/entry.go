package rbl

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// EntryError is a mistake in a catalogue file, or in the part of a larger file
// that has its form. It never quotes a value, which might be a key.
type EntryError struct {
	Line, Column int
	Text         string
}

func (e *EntryError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// Apply changes the catalogue by a node of the form that LoadCatalogue describes,
// so that a configuration can hold lists among other things. A mistake is an
// *EntryError, and leaves the catalogue changed in part.
func (c *Catalogue) Apply(n *yaml.Node, env func(string) string) error {
	d := decoder{env: env}
	return d.apply(n, c)
}
