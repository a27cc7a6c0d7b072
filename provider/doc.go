// Package provider knows the services that send and receive mail for domains of
// others: how their customers' records look, what each asks its customers to publish,
// under which selectors it signs, whose name its mail has in the envelope, and how
// programs hand mail to it.
//
// All of it is data: catalogue.txt has an entry for each service, and a user's file of
// the same form adds services. The package asks nothing and judges nothing. Package
// setup compares a record of the catalogue with the DNS; dkim, mailhost and audit
// recognise services by their names here.
//
// What an entry has from memory alone is marked so, and is never the ground of an
// error.
package provider
