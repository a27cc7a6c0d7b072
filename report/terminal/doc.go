// Package terminal draws reports, and whatever else the command shows, for a person
// at a terminal or for a text file.
package terminal
