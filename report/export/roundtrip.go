package export

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/smtp/roundtrip"
)

// RoundtripNagiosStatus is the state of a round trip for monitors.
func RoundtripNagiosStatus(r *roundtrip.Report, unknownOK bool) int {
	switch r.Verdict {
	case roundtrip.Arrived:
		if r.AllDuplicates() > 0 {
			return NagiosWarning
		}
		return NagiosOK
	case roundtrip.Spam, roundtrip.Deferred:
		return NagiosWarning
	case roundtrip.Bounced, roundtrip.Lost:
		return NagiosCritical
	}
	if unknownOK {
		return NagiosOK
	}
	return NagiosUnknown
}

// phases are the times of a round trip in seconds, by name: the steps of the last try, and
// those of the whole way.
func phases(r *roundtrip.Report) (names []string, seconds []float64) {
	add := func(name string, ms int64) {
		names, seconds = append(names, name), append(seconds, float64(ms)/1000)
	}
	if n := len(r.Attempts); n > 0 {
		for _, p := range r.Attempts[n-1].Phases {
			add(p.Phase, p.DurationMS)
		}
	}
	for _, t := range []struct {
		name string
		ms   *int64
	}{{"submit", r.SubmitMS}, {"deliver", r.DeliverMS}, {"seen", r.SeenMS}} {
		if t.ms != nil {
			add(t.name, *t.ms)
		}
	}
	return names, seconds
}

// WriteRoundtripNagios writes the output of a monitoring plugin: the verdict with the time
// of each phase as performance data.
func WriteRoundtripNagios(w io.Writer, r *roundtrip.Report, unknownOK bool) error {
	var perf []string
	names, seconds := phases(r)
	for i, name := range names {
		perf = append(perf, fmt.Sprintf("'%s'=%.3fs", name, seconds[i]))
	}
	perf = append(perf, fmt.Sprintf("'tries'=%d", len(r.Attempts)), fmt.Sprintf("'duplicates'=%d", r.AllDuplicates()))
	_, err := fmt.Fprintf(w, "ROUNDTRIP %s - %s to %s %s: %s | %s\n", NagiosNames[RoundtripNagiosStatus(r, unknownOK)], nagiosText(r.From), nagiosText(r.To), r.Verdict, nagiosText(strings.Join(append([]string{r.Why}, r.Twice()...), " ")),
		strings.Join(perf, " "))
	return err
}

// Verdicts of a round trip in the order of their samples.
var roundtripVerdicts = [...]roundtrip.Verdict{roundtrip.Arrived, roundtrip.Spam, roundtrip.Bounced, roundtrip.Deferred, roundtrip.Lost, roundtrip.Unknown}

// WriteRoundtripPrometheus writes metrics for the text-file collector of the node exporter.
// A time that is not known has no sample.
func WriteRoundtripPrometheus(w io.Writer, list ...*roundtrip.Report) error {
	verdict := metric{name: "mailworthy_roundtrip_verdict", help: "1 for the verdict of the mail, 0 for the others."}
	phase := metric{name: "mailworthy_roundtrip_phase_seconds", help: "How long a phase took: the steps of the last try, submit, deliver, seen."}
	tries := metric{name: "mailworthy_roundtrip_tries", help: "How often the mail was handed over or tried to be."}
	twice := metric{name: "mailworthy_roundtrip_duplicates", help: "Copies beyond the first, those of earlier mails that came since among them."}
	for _, r := range list {
		to := r.To
		if local, rest, ok := strings.Cut(to, "+"+r.Token); ok { // a label that changes each time is a series each time
			to = local + rest
		}
		labels := func(more ...string) []string {
			return append([]string{"from", r.From, "to", to, "via", r.Via}, more...)
		}
		for _, v := range roundtripVerdicts {
			verdict.add(oneIf(v == r.Verdict), labels("verdict", string(v))...)
		}
		names, seconds := phases(r)
		for i, name := range names {
			phase.add(seconds[i], labels("phase", name)...)
		}
		tries.add(float64(len(r.Attempts)), labels()...)
		twice.add(float64(r.AllDuplicates()), labels()...)
	}
	return writeMetrics(w, verdict, phase, tries, twice)
}
