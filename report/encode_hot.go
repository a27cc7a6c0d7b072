package report

import (
	"strconv"

	"mailworthy/finding"
	"mailworthy/receiver"
)

// Most of a report is findings, their evidence and what receivers ask for. These
// are written without a plan: what follows adds what their plans would.

func (e *encoder) finding(f *finding.Finding) {
	to := appendText(append(e.text, `{"check":"`...), f.Check)
	to = appendText(append(to, `","severity":"`...), string(f.Severity))
	to = appendText(append(to, `","section":"`...), string(f.Section))
	to = appendText(append(to, `","subject":"`...), f.Subject)
	to = appendText(append(to, `","title":"`...), f.Title)
	to = appendText(append(to, `","detail":"`...), f.Detail)
	e.text = append(to, `","points":`...)
	e.float(f.Points)
	e.text = append(e.text, `,"evidence":[`...)
	for i := range f.Evidence {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		e.evidence(&f.Evidence[i])
	}
	e.text = append(e.text, ']')
	if f.Fix != nil {
		e.text = append(e.text, `,"fix":`...)
		e.value(f.Fix)
	}
	to = appendText(append(e.text, `,"reference":"`...), f.Reference)
	to = append(to, '"')
	to = appendOther(to, `,"could_be":"`, string(f.CouldBe))
	if f.Undecides {
		to = append(to, `,"undecides_section":true`...)
	}
	e.text = appendOther(to, `,"verdict_as":"`, string(f.VerdictAs))
	if f.Accepted != nil {
		e.text = append(e.text, `,"accepted":`...)
		e.value(f.Accepted)
	}
	e.text = append(e.text, '}')
}

func (e *encoder) evidence(v *finding.Evidence) {
	to := appendText(append(e.text, `{"name":"`...), v.Name)
	to = appendText(append(to, `","type":"`...), v.Type)
	to = appendText(append(to, `","status":"`...), v.Status)
	to = append(to, '"')
	to = appendList(to, `,"answer":[`, v.Answer)
	to = appendList(to, `,"cnames":[`, v.CNAMEs)
	to = appendOther(to, `,"server":"`, v.Server)
	to = appendOther(to, `,"rcode":"`, v.Rcode)
	to = strconv.AppendUint(append(to, `,"ttl":`...), uint64(v.TTL), 10)
	to = strconv.AppendBool(append(to, `,"authentic_data":`...), v.AuthenticData)
	to = appendOther(to, `,"note":"`, v.Note)
	e.text = append(to, '}')
}

func (e *encoder) requirement(r *receiver.Requirement) {
	to := appendText(append(e.text, `{"id":"`...), r.ID)
	to = appendText(append(to, `","requirement":"`...), r.Text)
	to = appendText(append(to, `","verdict":"`...), string(r.Result))
	to = strconv.AppendBool(append(to, `","shown_by_dns":`...), r.ShownByDNS)
	to = appendOther(to, `,"because":"`, r.Because)
	to = appendOther(to, `,"finding":"`, r.Finding)
	to = appendOther(to, `,"code":"`, r.Code)
	to = appendOther(to, `,"reply":"`, r.Reply)
	to = appendText(append(to, `,"reference":"`...), r.Reference)
	e.text = append(to, `"}`...)
}

// appendOther appends a field that is left out where it is empty; key is what
// stands before the text.
func appendOther(to []byte, key, text string) []byte {
	if text == "" {
		return to
	}
	return append(appendText(append(to, key...), text), '"')
}

// appendList is the same of a list.
func appendList(to []byte, key string, list []string) []byte {
	if len(list) == 0 {
		return to
	}
	to = append(to, key...)
	for i, text := range list {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendString(to, text)
	}
	return append(to, ']')
}
