package report

import (
	"encoding/json"
	"io"

	"mailworthy/finding"
	"mailworthy/smtp/roundtrip"
)

// RunSchemaID names the form of the JSON of Beside.
const RunSchemaID = "mailworthy/run/1"

// Beside is what a run over a configuration found that is of no domain: by the logs of
// mail servers, and by synthetic mails.
type Beside struct {
	// Schema is always "mailworthy/run/1".
	Schema string `json:"schema"`
	// Findings are what is wrong by the logs and with the synthetic mails.
	Findings []Remark `json:"findings"`
	// Logs: logs of mail servers are configured, and findings has what is wrong by them.
	Logs bool `json:"logs"`
	// Roundtrips are the synthetic mails that were begun, in the order of the
	// configuration.
	Roundtrips []Roundtrip `json:"roundtrips"`
	// NotSent are the names of the round trips that were not to be sent, as with
	// --offline.
	NotSent []string `json:"not_sent"`
	// Errors are what went wrong until this was written: logs that could not be read,
	// mails that could not be begun, a history that failed.
	Errors []string `json:"errors"`
	// Configured: logs or round trips are.
	Configured bool `json:"-"`
}

// Remark is a finding of no domain.
type Remark struct {
	// Check is an ID of those that begin with "logs-" and "roundtrip-".
	Check    string           `json:"check"`
	Severity finding.Severity `json:"severity"`
	// Subject is the name of the round trip; of logs a receiver, a reason, or "logs".
	Subject string `json:"subject"`
	Title   string `json:"title"`
}

// Roundtrip is a synthetic mail of a run.
type Roundtrip struct {
	// Name is what it is called in the configuration.
	Name string `json:"name"`
	roundtrip.Report
}

// WriteRunJSON writes reports as WriteJSON does. If logs or round trips are configured,
// what was found by them is one element more, the last of an array.
func WriteRunJSON(w io.Writer, beside *Beside, reports ...*Report) error {
	if beside == nil || !beside.Configured {
		return WriteJSON(w, reports...)
	}
	all := make([]any, 0, len(reports)+1)
	for _, r := range reports {
		all = append(all, r)
	}
	text, err := MarshalJSON(append(all, beside), "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// isBeside reports whether a value of JSON is what a run found beside its reports.
func isBeside(text json.RawMessage) bool {
	var one struct {
		Schema string `json:"schema"`
	}
	return json.Unmarshal(text, &one) == nil && one.Schema == RunSchemaID
}
