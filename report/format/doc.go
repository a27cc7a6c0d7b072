// Package format lists the formats that a report can be written in.
package format
