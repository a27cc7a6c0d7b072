package message

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// unsubscribe checks how the reader can leave the list (RFC 2369, RFC 8058).
func (k *checker) unsubscribe() {
	u := &k.f.Unsubscribe
	k.sheet.Decided("message-unsubscribe-missing")
	if len(u.List) == 0 && len(u.Post) == 0 {
		severity, detail := finding.Notice, "There is no List-Unsubscribe field, which mail to single readers does not need and bulk mail does."
		if why := k.bulk(); why != "" {
			severity, detail = finding.Warning, "There is no List-Unsubscribe field, and "+why+"."
		}
		k.add("message-unsubscribe-missing", "List-Unsubscribe", severity, detail,
			"In bulk mail add List-Unsubscribe: <https://…> and List-Unsubscribe-Post: List-Unsubscribe=One-Click, and sign both.")
		return
	}
	if len(u.List) > 0 {
		k.unsubscribeURIs(u)
	}
	k.sheet.Decided("message-one-click-missing")
	if len(u.Post) == 0 {
		k.add("message-one-click-missing", "List-Unsubscribe-Post", "", fmt.Sprintf("List-Unsubscribe stands in line %d, but there is no List-Unsubscribe-Post.", u.List[0].Line),
			"Add List-Unsubscribe-Post: "+oneClick+", with an https: URI in List-Unsubscribe.")
		return
	}
	k.oneClick(u)
}

// bulk says which field declares the message to be bulk mail, or is empty.
func (k *checker) bulk() string {
	if len(k.f.ListID) > 0 {
		return fmt.Sprintf("List-Id in line %d says that the message is one of a list", k.f.ListID[0].Line)
	}
	for _, p := range k.f.Precedence {
		if slices.Contains([]string{"bulk", "list", "junk"}, strings.ToLower(p.Text)) {
			return fmt.Sprintf("Precedence: %s in line %d says that the message is bulk mail", strings.ToLower(p.Text), p.Line)
		}
	}
	return ""
}

func (k *checker) unsubscribeURIs(u *Unsubscribe) {
	k.sheet.Decided("message-unsubscribe-invalid")
	const id, name = "message-unsubscribe-invalid", "List-Unsubscribe"
	line := u.List[0].Line
	if u.Error != "" {
		k.add(id, name, "", fmt.Sprintf("List-Unsubscribe in line %d cannot be read: %s.", line, u.Error), "Write List-Unsubscribe: <https://…>, <mailto:…>.")
	}
	for _, uri := range u.URIs {
		switch {
		case uri.Error != "":
			k.add(id, name, "", fmt.Sprintf("List-Unsubscribe in line %d holds %q: %s.", line, show.Cut(uri.Text, 100), uri.Error), "Use an https: or a mailto: URI.")
		case uri.Scheme == "http":
			k.add(id, name, "", fmt.Sprintf("List-Unsubscribe in line %d holds %q, which is not encrypted: one click needs https:.", line, show.Cut(uri.Text, 100)),
				"Use https: instead of http:.")
		}
	}
}

func (k *checker) oneClick(u *Unsubscribe) {
	k.sheet.Decided("message-one-click-invalid")
	const id = "message-one-click-invalid"
	post := u.Post[0]
	works := true
	if post.Text != oneClick {
		works = false
		k.add(id, "List-Unsubscribe-Post", "", fmt.Sprintf("List-Unsubscribe-Post in line %d is %q and not %s.", post.Line, show.Cut(post.Text, 100), oneClick),
			"Write List-Unsubscribe-Post: "+oneClick+".")
	}
	switch {
	case len(u.List) == 0:
		works = false
		k.add(id, "List-Unsubscribe", "", fmt.Sprintf("List-Unsubscribe-Post stands in line %d without a List-Unsubscribe.", post.Line), "Add List-Unsubscribe: <https://…>.")
	case !u.has("https"):
		works = false
		k.add(id, "List-Unsubscribe", "", fmt.Sprintf("List-Unsubscribe in line %d holds no https: URI to post to.", u.List[0].Line), "Add an https: URI to List-Unsubscribe.")
	}
	if works {
		k.signed()
	}
}

// signed checks that a signature that passes covers both fields (RFC 8058, 4).
func (k *checker) signed() {
	const id = "message-one-click-unsigned"
	var maybe, disputed, passing, failing []string
	for _, s := range k.c.Signatures {
		covers := slices.Contains(s.Headers, "list-unsubscribe") && slices.Contains(s.Headers, "list-unsubscribe-post")
		switch {
		case s.Passes && covers:
			k.sheet.Decided(id)
			return
		case s.Passes:
			passing = append(passing, s.Domain)
		case s.Unknown && covers:
			maybe = append(maybe, s.Domain)
		case s.Disputed && covers:
			disputed = append(disputed, s.Domain)
		case covers:
			failing = append(failing, s.Domain)
		}
	}
	if len(maybe) > 0 {
		k.sheet.Add("message-unresolved", finding.Finding{Subject: "List-Unsubscribe-Post", CouldBe: finding.Error,
			Detail: fmt.Sprintf("The signature of %s covers List-Unsubscribe and List-Unsubscribe-Post, but the DNS did not say whether it passes.", strings.Join(maybe, ", "))})
		return
	}
	if len(disputed) > 0 {
		k.add(id, "List-Unsubscribe-Post", finding.Warning, fmt.Sprintf("The signature of %s covers List-Unsubscribe and List-Unsubscribe-Post, but it has l=, which receivers may accept or not.", strings.Join(disputed, ", ")),
			"Sign without l=.")
		return
	}
	detail := "No DKIM signature of the message passes, so nothing vouches for List-Unsubscribe and List-Unsubscribe-Post."
	fix := "Add list-unsubscribe and list-unsubscribe-post to the headers that DKIM signs (h=)."
	switch {
	case len(passing) > 0:
		detail = fmt.Sprintf("The signature of %s passes but does not cover both List-Unsubscribe and List-Unsubscribe-Post.", strings.Join(passing, ", "))
	case len(failing) > 0:
		detail = fmt.Sprintf("The signature of %s names List-Unsubscribe and List-Unsubscribe-Post, but it does not pass, so nothing vouches for them.", strings.Join(failing, ", "))
		fix = "Mend that signature: it names both fields."
	}
	k.sheet.Decided(id)
	k.add(id, "List-Unsubscribe-Post", "", detail, fix)
}
