package export

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// maxCommand bounds the text of an annotation: GitHub keeps 64 KB of one.
const maxCommand = 4 << 10

// WriteGitHub writes a workflow command of GitHub Actions for each finding from notice to
// critical and for what is unknown, with the zone file and line if it rests on one, and a
// line of text a domain.
func WriteGitHub(w io.Writer, reports []*report.Report) error {
	var b strings.Builder
	for _, r := range reports {
		fmt.Fprintf(&b, "%s: %s Score: %s.\n", show.Line(r.Domain), show.Line(view.Headline(r)), view.ScoreText(r.Score))
		for i := range r.Findings {
			f := &r.Findings[i]
			command := ""
			switch f.Severity {
			case finding.Critical, finding.Error:
				command = "error"
			case finding.Warning, finding.Unknown:
				command = "warning"
			case finding.Notice:
				command = "notice"
			default:
				continue
			}
			var properties []string
			if file, line := placeOf(f); file != "" {
				properties = append(properties, "file="+githubProperty(file), fmt.Sprintf("line=%d", line))
			}
			title := r.Domain + ": " + f.Title
			if f.Severity == finding.Unknown {
				title = r.Domain + ": unknown: " + f.Title
			}
			properties = append(properties, "title="+githubProperty(show.Line(title)))
			fmt.Fprintf(&b, "::%s %s::%s\n", command, strings.Join(properties, ","), githubText(show.Cut(sarifMessage(*f), maxCommand)+"\n"+f.Check))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var (
	githubData      = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubAttribute = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// githubText is the message of a command: what ends a line is escaped, so that no text
// from outside is a command of its own.
func githubText(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = show.Line(lines[i])
	}
	return githubData.Replace(strings.Join(lines, "\n"))
}

func githubProperty(s string) string { return githubAttribute.Replace(show.Line(s)) }
