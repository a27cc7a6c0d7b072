package export

import (
	"encoding/csv"
	"io"
	"strconv"

	"mailworthy/internal/rawjson"
	"mailworthy/smtp/maillog"
)

// WriteLogsCSV writes a header and a row a group of a log. Columns are added at the
// end, never moved.
func WriteLogsCSV(w io.Writer, r *maillog.Report) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"by", "name", "receiver", "messages", "attempts", "delivered", "deferred", "bounced", "expired", "queued", "failed_percent",
		"delay_p50_s", "delay_p95_s", "delay_max_s", "reason", "reply_code", "enhanced_code", "reason_count", "example"}}
	for i := range r.Groups {
		g := &r.Groups[i]
		row := []string{string(r.By), g.Name, optional(g.Receiver)}
		for _, n := range []int64{g.Messages, g.Attempts, g.Delivered, g.Deferred, g.Bounced, g.Expired, g.Queued} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		percent := ""
		if g.Delivered+g.Failed() > 0 {
			percent = strconv.FormatFloat(g.BouncedPercent(), 'f', 2, 64)
		}
		row = append(row, percent)
		for _, v := range []*float64{g.Delay.P50, g.Delay.P95, g.Delay.Max} {
			cell := ""
			if v != nil {
				cell = strconv.FormatFloat(*v, 'g', -1, 64)
			}
			row = append(row, cell)
		}
		reason := make([]string, 5)
		if len(g.Reasons) > 0 {
			x := &g.Reasons[0]
			reason[0], reason[2], reason[3], reason[4] = x.Reason, optional(x.EnhancedCode), strconv.FormatInt(x.Count, 10), optional(x.Example)
			if x.ReplyCode != nil {
				reason[1] = strconv.Itoa(*x.ReplyCode)
			}
		}
		rows = append(rows, safeRow(append(row, reason...)))
	}
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	return c.Error()
}

func optional(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// WriteLogEvent writes an event of a log as a line of JSON.
func WriteLogEvent(w io.Writer, e *maillog.Event) error {
	line, err := e.MarshalJSON()
	if err == nil {
		_, err = w.Write(append(rawjson.EscapeInvisible(line), '\n'))
	}
	return err
}
