package dmarc

import "mailworthy/finding"

// Checks documents every check of the section.
var Checks []finding.Check
