package rbl

import "mailworthy/finding"

// Context is what the checks need to know beside the survey.
type Context struct {
	Profile finding.Profile
	// AddressesUnknown: the DNS did not say which addresses send.
	AddressesUnknown bool
}

// Check turns a survey into findings.
func Check(s *Survey, c Context) []finding.Finding { return nil }

// Checks are the checks of the section "reputation".
var Checks []finding.Check
