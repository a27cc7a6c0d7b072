package dkim

import "mailworthy/finding"

// Checks are the rules of this section.
var Checks = []finding.Check{}
