package watch

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/smtp/roundtrip"
)

// figures are the metrics of a watcher. Those of the domains are the ones that
// `--format prometheus` writes, from the last run.
type figures struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	reloads  *prometheus.CounterVec
	changes  prometheus.Counter
	troubles prometheus.Counter
	last     prometheus.Gauge
	took     prometheus.Gauge
	next     prometheus.Gauge

	mu      sync.Mutex
	mails   []*roundtrip.Report
	reports []*report.Report
}

func newFigures(version string) *figures {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	f := &figures{
		registry: prometheus.NewRegistry(),
		runs:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mailworthy_runs_total", Help: "Runs by how they ended: done, failed, or skipped because another was under way."}, []string{"result"}),
		reloads:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mailworthy_config_reloads_total", Help: "Reloads of the configuration by how they ended."}, []string{"result"}),
		changes:  counter("mailworthy_changes_total", "Domains found changed, summed over the runs."),
		troubles: counter("mailworthy_troubles_total", "Failures of the history and of notifications."),
		last:     gauge("mailworthy_last_run_timestamp_seconds", "When the last run that came to its end began, in seconds since 1970."),
		took:     gauge("mailworthy_last_run_duration_seconds", "How long the last run took."),
		next:     gauge("mailworthy_next_run_timestamp_seconds", "When the next run is due, in seconds since 1970."),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "mailworthy_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	f.registry.MustRegister(f.runs, f.reloads, f.changes, f.troubles, f.last, f.took, f.next, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, result := range []string{"done", "failed", "skipped"} {
		f.runs.WithLabelValues(result)
	}
	for _, result := range []string{"done", "failed"} {
		f.reloads.WithLabelValues(result)
	}
	return f
}

// ran takes in a run.
func (f *figures) ran(out *Outcome, started time.Time, took time.Duration) {
	f.runs.WithLabelValues("done").Inc()
	f.changes.Add(float64(out.Changed))
	f.troubles.Add(float64(out.Troubles))
	f.last.Set(float64(started.Unix()))
	f.took.Set(took.Seconds())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports, f.mails = out.Reports, out.Roundtrips
}

// domains are the metrics of the last reports, as families.
func (f *figures) domains() ([]*dto.MetricFamily, error) {
	f.mu.Lock()
	reports, mails := f.reports, f.mails
	f.mu.Unlock()
	var b bytes.Buffer
	if err := export.WritePrometheus(&b, reports); err != nil {
		return nil, err
	}
	if err := export.WriteRoundtripPrometheus(&b, mails...); err != nil {
		return nil, err
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := p.TextToMetricFamilies(&b)
	if err != nil {
		return nil, err
	}
	families := make([]*dto.MetricFamily, 0, len(parsed))
	for _, family := range parsed {
		families = append(families, family)
	}
	return families, nil
}

func (f *figures) handler() http.Handler {
	all := prometheus.Gatherers{f.registry, prometheus.GathererFunc(f.domains)}
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
