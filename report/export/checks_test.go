package export

import (
	"testing"

	"mailworthy/internal/golden"
)

func TestChecksPage(t *testing.T) {
	golden.Compare(t, "../../docs/checks.md", ChecksMarkdown())
}
