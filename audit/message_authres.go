package audit

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"

	"mailworthy/internal/lazyre"
	"mailworthy/spf"
)

// authservID names this program in Authentication-Results (RFC 8601, 2.5).
const authservID = "mailworthy"

// plainValue are the values that stand in Authentication-Results without
// quotation marks: tokens, domains and addresses (RFC 8601, 2.2). Others are left
// out, since authres does not quote all that must be.
var plainValue = lazyre.New(`^[A-Za-z0-9!#$%&'*+._{|}~^-]+(@[A-Za-z0-9._-]+)?$`)

// authenticationResults is the header field that a receiver would put on top of
// the message (RFC 8601), folded.
func (a *messageRun) authenticationResults() string {
	var results []authres.Result
	add := func(method, value, reason string, properties map[string]string) {
		if value == string(spf.NotChecked) {
			return // it is of no method (RFC 8601, 2.7)
		}
		params := map[string]string{"reason": plainReason(reason)}
		for k, v := range properties {
			if plainValue.MatchString(v) {
				params[k] = v
			}
		}
		results = append(results, &authres.GenericResult{Method: method, Value: authres.ResultValue(value), Params: params})
	}
	res := a.result
	if e := res.SPF; e != nil {
		identity := map[string]string{"smtp." + e.Identity: e.Domain}
		if from := *res.Client.MailFrom; e.Identity == "mailfrom" && plainValue.MatchString(from) {
			identity["smtp.mailfrom"] = from
		}
		add("spf", string(e.Result), e.Error, identity)
	}
	for _, s := range res.DKIM.Signatures {
		add("dkim", string(s.Result), s.Reason, map[string]string{"header.d": s.Domain, "header.s": s.Selector, "header.a": s.Algorithm})
	}
	if len(res.DKIM.Signatures) == 0 {
		add("dkim", "none", "", nil)
	}
	if v := res.DMARC; v != nil {
		properties := map[string]string{"header.from": v.Domain}
		if v.EffectivePolicy != nil {
			properties["policy.dmarc"] = string(*v.EffectivePolicy)
		}
		add("dmarc", string(v.Result), v.Error, properties)
	}
	field := "Authentication-Results: " + authservID
	if len(results) == 0 {
		return field + "; none"
	}
	for _, r := range results {
		one := strings.TrimSpace(strings.TrimPrefix(authres.Format(authservID, []authres.Result{r}), authservID+"; "))
		field += ";\n\t" + foldResult(one)
	}
	return field
}

// maxReason bounds the reasons in Authentication-Results.
const maxReason = 100

// plainReason is a reason as it may stand in a quoted-string. authres escapes the
// quotation marks alone, and common readers of the field, authres among them, take
// a semicolon for the end of a result even there.
func plainReason(reason string) string {
	reason = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r == ';':
			return ','
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, reason)
	if len(reason) > maxReason {
		reason = strings.TrimRight(reason[:maxReason-3], " ") + "..."
	}
	return reason
}

// foldResult breaks one result into lines of up to 78 characters where that can
// be: at spaces, also those in a quoted-string (RFC 5322, 3.2.4).
func foldResult(result string) string {
	const tab, most = 8, 78
	var b strings.Builder
	column := tab
	for i, word := range strings.Split(result, " ") {
		switch {
		case i == 0:
		case column+1+len(word) > most:
			b.WriteString("\n\t")
			column = tab
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
