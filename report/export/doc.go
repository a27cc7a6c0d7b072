// Package export writes reports for other programs: CSV, SARIF, JUnit, Nagios,
// Prometheus, Markdown, and zone files.
package export
