// Package html writes reports as pages that need nothing else: no network, no file
// beside them, and no script but for buttons that copy.
package html
