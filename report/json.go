package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
)

//go:embed schema/report-1.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of a report.
func Schema() []byte { return bytes.Clone(schema) }

// WriteJSON writes a single report as an object and several as an array,
// indented.
//
// Text from the DNS is bytes, JSON is Unicode: every byte that is not part of a
// UTF-8 character is written as the four characters \xNN, and a backslash that
// would read as such an escape as \x5c, so that the bytes can be had back.
// Characters that a terminal would obey are written as JSON's own \uNNNN.
func WriteJSON(w io.Writer, reports ...*Report) error {
	var v any = reports
	if len(reports) == 1 {
		v = reports[0]
	}
	text, err := MarshalJSON(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// MarshalJSON marshals any value of this program the way that reports are: text
// as WriteJSON describes, every key always there, nil slices as [], what is empty in a
// field tagged empty:"null" as null, HTML characters as they are, a line break at the
// end. No indent gives one line, and so does an object whose indented form is above a megabyte,
// or a list above that which would be indents for the most part.
func MarshalJSON(v any, indent string) ([]byte, error) {
	text, err := AppendJSON(nil, v)
	if err != nil || indent == "" {
		return text, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", indent); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if out.Len() > maxIndented && (text[0] == '{' || out.Len() > mostlyIndents*len(text)) {
		return text, nil
	}
	return out.Bytes(), nil
}

// maxIndented is the size in octets from which a report stands on one line: indents would be most
// of a deep tree.
const maxIndented = 1_000_000

// mostlyIndents is how many times longer a list of reports may be by its indents.
const mostlyIndents = 4

// AppendJSON appends what MarshalJSON returns without an indent.
func AppendJSON(to []byte, v any) ([]byte, error) {
	e := encoder{text: to}
	e.value(v)
	if e.err != nil {
		return nil, fmt.Errorf("report: %w", e.err)
	}
	return append(e.text, '\n'), nil
}
