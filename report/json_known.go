package report

import (
	"slices"
	"strconv"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/rawjson"
	"mailworthy/rbl"
	"mailworthy/receiver"
)

// Most of a report is findings, their evidence, what receivers ask for, selectors
// and listings; its scale is the same in all. These are written without a plan: what
// follows adds what their plans would.

// known adds what the pointer points to, where its type is one of these, and reports
// whether it is.
func (e *encoder) known(at any) bool {
	switch at := at.(type) {
	case *finding.Finding:
		e.finding(at)
	case *finding.Evidence:
		e.evidence(at)
	case *receiver.Requirement:
		e.requirement(at)
	case *dkim.Selector:
		e.selector(at)
	case *rbl.Listing:
		e.listing(at)
	case *Scale:
		e.scale(at)
	default:
		return false
	}
	return true
}

func (e *encoder) finding(f *finding.Finding) {
	to := rawjson.AppendText(append(e.text, `{"check":"`...), f.Check)
	to = rawjson.AppendText(append(to, `","severity":"`...), string(f.Severity))
	to = rawjson.AppendText(append(to, `","section":"`...), string(f.Section))
	to = rawjson.AppendText(append(to, `","subject":"`...), f.Subject)
	to = rawjson.AppendText(append(to, `","title":"`...), f.Title)
	to = rawjson.AppendText(append(to, `","detail":"`...), f.Detail)
	e.text = append(to, `","points":`...)
	e.float(f.Points)
	e.text = append(e.text, `,"evidence":`...)
	e.evidences(f.Evidence)
	if f.Fix != nil {
		e.text = append(e.text, `,"fix":`...)
		e.value(f.Fix)
	}
	to = rawjson.AppendText(append(e.text, `,"reference":"`...), f.Reference)
	to = append(to, '"')
	to = appendOther(to, `,"could_be":"`, string(f.CouldBe))
	if f.Undecides {
		to = append(to, `,"undecides_section":true`...)
	}
	if f.Partial {
		to = append(to, `,"partial":true`...)
	}
	to = appendOther(to, `,"hint":"`, f.Hint)
	to = appendOther(to, `,"verdict_as":"`, string(f.VerdictAs))
	e.text = to
	if len(f.Follows) > 0 {
		e.text = append(e.text, `,"follows":`...)
		e.value(f.Follows)
	}
	if f.Accepted != nil {
		e.text = append(e.text, `,"accepted":`...)
		e.value(f.Accepted)
	}
	e.text = append(e.text, '}')
}

func (e *encoder) evidence(v *finding.Evidence) {
	to := append(e.text, '{')
	if v.Kind != finding.DNS {
		to = append(rawjson.AppendText(append(to, `"kind":"`...), string(v.Kind)), `",`...)
	}
	to = rawjson.AppendText(append(to, `"name":"`...), v.Name)
	to = rawjson.AppendText(append(to, `","type":"`...), v.Type)
	to = rawjson.AppendText(append(to, `","status":"`...), v.Status)
	to = append(to, '"')
	to = appendList(to, `,"answer":[`, v.Answer)
	to = appendList(to, `,"cnames":[`, v.CNAMEs)
	to = appendOther(to, `,"server":"`, v.Server)
	to = appendOther(to, `,"rcode":"`, v.Rcode)
	to = strconv.AppendUint(append(to, `,"ttl":`...), uint64(v.TTL), 10)
	to = strconv.AppendBool(append(to, `,"authentic_data":`...), v.AuthenticData)
	to = appendOther(to, `,"note":"`, v.Note)
	e.text = appendOther(to, `,"file":"`, v.File)
	if len(v.Lines) > 0 {
		e.text = append(e.text, `,"lines":`...)
		e.value(&v.Lines)
	}
	if len(v.Transcript) > 0 {
		e.text = append(e.text, `,"transcript":`...)
		e.value(v.Transcript)
	}
	e.text = append(e.text, '}')
}

func (e *encoder) requirement(r *receiver.Requirement) {
	to := rawjson.AppendText(append(e.text, `{"id":"`...), r.ID)
	to = rawjson.AppendText(append(to, `","requirement":"`...), r.Text)
	to = rawjson.AppendText(append(to, `","verdict":"`...), string(r.Result))
	to = strconv.AppendBool(append(to, `","shown_by_dns":`...), r.ShownByDNS)
	to = appendOther(to, `,"because":"`, r.Because)
	to = appendOther(to, `,"finding":"`, r.Finding)
	to = appendOther(to, `,"code":"`, r.Code)
	to = appendOther(to, `,"reply":"`, r.Reply)
	to = rawjson.AppendText(append(to, `,"reference":"`...), r.Reference)
	e.text = append(to, `"}`...)
}

func (e *encoder) selector(s *dkim.Selector) {
	to := rawjson.AppendText(append(e.text, `{"selector":"`...), s.Name)
	to = rawjson.AppendText(append(to, `","domain":"`...), s.Domain)
	to = strconv.AppendBool(append(to, `","stated":`...), s.Stated)
	if s.Listed {
		to = append(to, `,"listed":true`...)
	}
	to = rawjson.AppendText(append(to, `,"status":"`...), string(s.Status))
	to = append(to, '"')
	to = appendOther(to, `,"reason":"`, s.Reason)
	to = appendList(to, `,"cnames":[`, s.CNAMEs)
	to = appendOther(to, `,"provider":"`, s.Provider)
	to = appendOther(to, `,"provider_by":"`, s.ProviderBy)
	if s.Wildcard {
		to = append(to, `,"wildcard":true`...)
	}
	e.text = to
	if s.Evidence != nil {
		e.text = append(e.text, `,"evidence":`...)
		e.evidence(s.Evidence)
	}
	e.text = append(e.text, '}')
}

func (e *encoder) listing(l *rbl.Listing) {
	to := rawjson.AppendText(append(e.text, `{"subject":"`...), l.Subject)
	to = append(to, '"')
	to = appendOther(to, `,"name":"`, l.Name)
	to = rawjson.AppendText(append(to, `,"kind":"`...), string(l.Kind))
	to = rawjson.AppendText(append(to, `","list":"`...), l.Zone)
	to = rawjson.AppendText(append(to, `","verdict":"`...), string(l.Verdict))
	to = append(to, '"')
	if l.Allow {
		to = append(to, `,"allow":true`...)
	}
	e.text = appendList(to, `,"answers":[`, l.Answers)
	if len(l.Codes) > 0 {
		e.text = append(e.text, `,"codes":`...)
		e.value(&l.Codes)
	}
	to = appendOther(e.text, `,"weight":"`, string(l.Weight))
	to = appendList(to, `,"reasons":[`, l.Reasons)
	to = appendOther(to, `,"why":"`, l.Why)
	e.text = appendOther(to, `,"advice":"`, l.Advice)
	if len(l.Evidence) > 0 {
		e.text = append(e.text, `,"evidence":`...)
		e.evidences(l.Evidence)
	}
	e.text = append(e.text, '}')
}

func (e *encoder) evidences(list []finding.Evidence) {
	e.text = append(e.text, '[')
	for i := range list {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		e.evidence(&list[i])
	}
	e.text = append(e.text, ']')
}

func (e *encoder) scale(s *Scale) {
	to := appendNumbers(append(e.text, `{"weights":`...), s.Weights)
	to = appendNumbers(append(to, `,"deductions":`...), s.Deductions)
	to = appendNumbers(append(to, `,"caps":`...), s.Caps)
	e.text = append(to, '}')
}

// appendNumbers appends a map, in the order of what is written as its keys.
func appendNumbers[K ~string](to []byte, of map[K]int) []byte {
	if of == nil {
		return append(to, "null"...)
	}
	keys := make([]K, 0, 8)
	for key := range of {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b K) int { return strings.Compare(rawjson.Escape(string(a)), rawjson.Escape(string(b))) })
	to = append(to, '{')
	for i, key := range keys {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(rawjson.AppendString(to, string(key)), ':')
		to = strconv.AppendInt(to, int64(of[key]), 10)
	}
	return append(to, '}')
}

// appendOther appends a field that is left out if it is empty; key is what
// stands before the text.
func appendOther(to []byte, key, text string) []byte {
	if text == "" {
		return to
	}
	return append(rawjson.AppendText(append(to, key...), text), '"')
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
		to = rawjson.AppendString(to, text)
	}
	return append(to, ']')
}
