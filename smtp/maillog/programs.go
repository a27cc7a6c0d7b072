package maillog

import "bytes"

// programOf returns the mail server that a program belongs to, "" if to none, and for
// Postfix the daemon.
func programOf(name []byte) (MTA, []byte) {
	if i := bytes.LastIndexByte(name, '/'); i >= 0 {
		daemon := name[i+1:]
		if postfixDaemon(daemon) != daemonUnknown {
			return Postfix, daemon
		}
		if bytes.HasPrefix(name, []byte("qmail/")) {
			return Qmail, nil
		}
		return "", nil
	}
	switch string(name) {
	case "exim", "exim4", "exim_mainlog", "exim4-daemon":
		return Exim, nil
	case "sendmail", "sm-mta", "sm-msp-queue", "sm-acceptingconnections", "sm-que", "sm-cm", "newaliases", "sendmail-mta":
		return Sendmail, nil
	case "smtpd", "opensmtpd", "smtpctl":
		return OpenSMTPD, nil
	case "qmail", "qmail-send", "qmail-queue", "splogger":
		return Qmail, nil
	case "mox":
		return Mox, nil
	case "postfix":
		return Postfix, nil
	}
	switch {
	case bytes.HasPrefix(name, []byte("exim-")):
		return Exim, nil
	case bytes.HasPrefix(name, []byte("sm-")):
		return Sendmail, nil
	}
	return "", nil
}

func knownProgram(name []byte) bool {
	m, _ := programOf(name)
	return m != ""
}

// daemon is a kind of Postfix's programs.
type daemon uint8

const (
	daemonUnknown daemon = iota
	// daemonDelivers: its "to=" lines are about another server.
	daemonDelivers
	// daemonHandsOver: what it delivers to is a program or a socket here.
	daemonHandsOver
	// daemonLocal: mailboxes of this machine.
	daemonLocal
	daemonServes
	daemonQueues
	// daemonKeeps: bookkeeping, none of whose lines is about the fate of a message.
	daemonKeeps
)

func postfixDaemon(name []byte) daemon {
	switch string(name) {
	case "smtp", "relay", "error", "retry", "bounce", "defer", "trace", "smtp-amavis":
		return daemonDelivers
	case "lmtp", "pipe":
		return daemonHandsOver
	case "local", "virtual", "discard":
		return daemonLocal
	case "smtpd", "submission", "smtps", "submissions", "qmqpd", "postscreen", "tlsproxy":
		return daemonServes
	case "cleanup", "qmgr", "nqmgr", "oqmgr", "pickup", "postsuper":
		return daemonQueues
	case "anvil", "scache", "dnsblog", "verify", "tlsmgr", "master", "proxymap", "proxywrite", "trivial-rewrite",
		"flush", "showq", "spawn", "postdrop", "postqueue", "sendmail", "postfix-script", "postlog", "postlogd",
		"postalias", "postmap", "postcat", "postconf", "postmulti", "postfix", "postkick", "postlock", "postmulti-script", "post-install",
		"postfix-wrapper", "postfix-files", "set-permissions":
		return daemonKeeps
	}
	return daemonUnknown
}
