// Package roundtrip sends a synthetic mail, waits for it in a mailbox, and judges what
// became of it.
//
// The mail carries a token in its Message-ID, a header field and its subject, so that it
// is known again in any folder, and in a bounce. It is sent once, and again only after an
// answer that calls the failure temporary (4xx) or after a connection that failed; every
// try sends the same message with the same Message-ID, so that a server or a person that
// gets two of them can tell. Mailboxes are only read: nothing is marked, moved or deleted.
//
// Unknown is not lost: a mail is lost only if a server accepted it and every place that it
// could be in was read after the time was over.
package roundtrip
