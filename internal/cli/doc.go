// Package cli makes a command of cobra say what is wrong with its arguments and what to
// write instead, and understand what is nearly right: words in another case or cut short,
// flags of other programs, commands that are misspelt. It runs the command, ends it with an
// exit status, and reads passwords, which are no arguments.
package cli
