// Package show has what showing text takes whatever the medium: escaping, cutting,
// counting, lists, wrapping, and records as lines of a zone file.
package show
