package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/smtp/probe"
)

// ProbeNagiosStatus is the state of a probe, as NagiosStatus is that of reports.
func ProbeNagiosStatus(r *probe.Report, failOn finding.Severity, unknownOK bool) int {
	all, warn := r.Findings(), false
	for _, f := range all {
		warn = warn || f.Severity.AtLeast(finding.Warning)
	}
	switch exit := report.ExitOf(all, failOn); {
	case exit == 1:
		return NagiosCritical
	case warn:
		return NagiosWarning
	case exit == 3 && !unknownOK:
		return NagiosUnknown
	}
	return NagiosOK
}

// WriteProbeNagios writes the output of a monitoring plugin: the state with the time of
// each step as performance data, then a line for each finding.
func WriteProbeNagios(w io.Writer, r *probe.Report, failOn finding.Severity, unknownOK bool) error {
	var b strings.Builder
	var heads, perf, lines []string
	endpoint := 0
	for i := range r.Targets {
		t := &r.Targets[i]
		heads = append(heads, t.Target+" "+view.ProbeStatus(t).Plain())
		for k := range t.Endpoints {
			e := &t.Endpoints[k]
			endpoint++
			for _, s := range e.Steps {
				if s.Outcome == probe.NotTried {
					continue
				}
				name := s.Step
				if s.TLS && s.Step == probe.StepEHLO {
					name += "_tls"
				}
				perf = append(perf, fmt.Sprintf("'%d_%d_%s'=%.3fs", endpoint, e.Port, name, float64(s.DurationMS)/1000))
			}
		}
		for _, f := range t.Findings {
			if f.Severity != finding.Pass && f.Severity != finding.Info {
				lines = append(lines, fmt.Sprintf("%s %s: %s", strings.ToUpper(string(f.Severity)), f.Check, f.Detail))
			}
		}
	}
	fmt.Fprintf(&b, "PROBE %s - %s | %s\n", NagiosNames[ProbeNagiosStatus(r, failOn, unknownOK)], nagiosText(strings.Join(heads, ", ")), strings.Join(perf, " "))
	for _, line := range lines {
		b.WriteString(nagiosText(line) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteProbePrometheus writes metrics for the text-file collector of the node exporter:
// a phase is a step, as in the probes of others.
func WriteProbePrometheus(w io.Writer, r *probe.Report) error {
	phase := metric{name: "mailworthy_probe_phase_seconds", help: "How long a step of the session took; without a sample if it was not tried."}
	outcome := metric{name: "mailworthy_probe_outcome", help: "1 for the outcome of a step."}
	success := metric{name: "mailworthy_probe_success", help: "1 if no step of the session went wrong, else 0."}
	expiry := metric{name: "mailworthy_probe_certificate_expiry_timestamp_seconds", help: "When the certificate ends, in seconds since 1970."}
	verified := metric{name: "mailworthy_probe_certificate_verified", help: "1 if the certificate verifies, 0 if not, without a sample if that is not known."}
	version := metric{name: "mailworthy_probe_tls_version_accepted", help: "1 if the version of TLS is accepted, 0 if it is refused, without a sample if that is not known or was not asked."}
	counts := metric{name: "mailworthy_probe_findings", help: "Findings by severity."}
	for i := range r.Targets {
		t := &r.Targets[i]
		for k := range t.Endpoints {
			e := &t.Endpoints[k]
			labels := []string{"target", t.Target, "host", e.Host, "port", strconv.Itoa(int(e.Port)), "address", e.Address}
			with := func(more ...string) []string { return append(append([]string{}, labels...), more...) }
			good := 1.0
			for n, s := range e.Steps {
				if s.Outcome != probe.OK && s.Outcome != probe.NotTried {
					good = 0
				}
				name := s.Step
				for _, before := range e.Steps[:n] {
					if before.Step == s.Step {
						name = s.Step + "-again"
					}
				}
				if s.Outcome != probe.NotTried {
					phase.add(float64(s.DurationMS)/1000, with("phase", name)...)
				}
				outcome.add(1, with("phase", name, "outcome", string(s.Outcome))...)
			}
			if s := e.Steps; len(s) < 2 || s[1].Outcome == probe.NotTried {
				good = 0
			}
			success.add(good, labels...)
			for _, v := range e.TLSVersions {
				if v.Accepted != nil {
					version.add(oneIf(*v.Accepted), with("version", v.Version)...)
				}
			}
			if c := e.Certificate; c != nil {
				expiry.add(float64(c.NotAfter.Unix()), labels...)
				if c.Verified != nil {
					verified.add(oneIf(*c.Verified), labels...)
				}
			}
		}
		for _, severity := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice, finding.Unknown, finding.Pass} {
			n := 0
			for _, f := range t.Findings {
				if f.Severity == severity {
					n++
				}
			}
			counts.add(float64(n), "target", t.Target, "severity", string(severity))
		}
	}
	return writeMetrics(w, success, phase, outcome, version, expiry, verified, counts)
}
