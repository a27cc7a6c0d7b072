package view

import (
	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/spf"
)

// Alignment says whether the n-th identity of a kind aligns with the author domain.
// Only one that passes can.
func Alignment(m *audit.MessageResult, kind string, n int) string {
	if m.DMARC == nil {
		return ""
	}
	for _, id := range m.DMARC.Identifiers {
		if id.Kind != kind {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		switch {
		case id.Result != "pass":
			return ""
		case id.Aligned == nil:
			return ", alignment not known"
		case *id.Aligned:
			return ", aligned"
		}
		return ", not aligned"
	}
	return ""
}

func SPFMark(r spf.Result) finding.Severity {
	switch r {
	case spf.Pass:
		return finding.Pass
	case spf.TempError:
		return finding.Unknown
	case spf.Fail, spf.PermError:
		return finding.Error
	}
	return finding.Warning
}

func DKIMMark(r dkim.Result) finding.Severity {
	switch r {
	case dkim.Pass:
		return finding.Pass
	case dkim.TempError:
		return finding.Unknown
	}
	return finding.Error
}

func DMARCMark(r dmarc.Result) finding.Severity {
	switch r {
	case dmarc.ResultPass:
		return finding.Pass
	case dmarc.ResultTempError:
		return finding.Unknown
	}
	return finding.Error
}
