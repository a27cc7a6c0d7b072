package export

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/lazyre"
)

// placeOf returns the zone file and line that a finding is about: of the record that its
// fix replaces, or else of the first that it rests on. No file is a finding that rests on
// no zone file.
func placeOf(f *finding.Finding) (file string, line int) {
	rank := 0
	for i := range f.Evidence {
		e := &f.Evidence[i]
		if e.File == "" || len(e.Lines) == 0 {
			continue
		}
		if rank == 0 {
			file, line, rank = e.File, e.Lines[0], 1
		}
		for n, answer := range e.Answer {
			if n >= len(e.Lines) {
				break
			}
			switch {
			case rank < 3 && f.Fix != nil && slices.ContainsFunc(f.Fix.Remove, func(r finding.Record) bool {
				return strings.EqualFold(r.Name, e.Name) && r.Type == e.Type && r.Value == answer
			}):
				file, line, rank = e.File, e.Lines[n], 3
			case rank < 2 && f.Section == finding.SPF && strings.HasPrefix(strings.ToLower(answer), "v=spf1"):
				file, line, rank = e.File, e.Lines[n], 2
			}
		}
	}
	return file, line
}

// fileURI is the name of a file in a URI: relative as it was given, so that it is found
// in the repository that it belongs to, or of scheme file.
func fileURI(name string) string {
	name = filepath.ToSlash(filepath.Clean(name))
	u := url.URL{Path: name}
	switch {
	case strings.HasPrefix(name, "/"):
		u.Scheme = "file"
	case filepath.VolumeName(name) != "":
		u.Scheme, u.Path = "file", "/"+name
	}
	return u.String()
}

var (
	inRFC = lazyre.New(`RFC (\d{1,5})(?:, ([A-Z0-9]+(?:\.\d+)*))?`)
	inURL = lazyre.New(`https://[^\s<>"]+[^\s<>".,;)]`)
)

// helpURI is where the reference of a check can be read: a page, or the section of an RFC.
// It is empty for a reference to neither.
func helpURI(c finding.Check) string {
	if u := inURL.FindString(c.Reference); u != "" {
		return u
	}
	m := inRFC.FindStringSubmatch(c.Reference)
	switch {
	case m == nil:
		return ""
	case m[2] == "":
		return "https://www.rfc-editor.org/rfc/rfc" + m[1]
	case m[2][0] >= 'A':
		return "https://www.rfc-editor.org/rfc/rfc" + m[1] + "#appendix-" + m[2]
	}
	return "https://www.rfc-editor.org/rfc/rfc" + m[1] + "#section-" + m[2]
}
