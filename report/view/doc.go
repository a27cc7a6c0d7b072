// Package view says what a report says, for no medium: its headline, a line a
// section, groups of findings, the facts as texts. Text in it is raw: whoever draws
// it escapes it for the medium.
package view
