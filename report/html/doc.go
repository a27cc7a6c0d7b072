// Package html writes reports as pages that need nothing else: no script, no
// network, no file beside them.
package html
