// Package format is the table of the formats that reports are written in. Whoever
// offers formats, checks their names, writes reports or goes by a format's own exit
// status reads it.
package format
