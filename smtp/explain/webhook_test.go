package explain

import (
	"strconv"
	"strings"
	"testing"

	"mailworthy/smtp/bounce"
	"mailworthy/smtp/reply"
)

// TestWebhooks: the events that sending services post have the recipient, the codes and
// what was said in fields of their own.
func TestWebhooks(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		// want is a line an item: recipient, codes, reason.
		want []string
	}{
		{"SendGrid", `[{"email":"a@shop.example","event":"bounce","reason":"550 5.1.1 User unknown","status":"5.1.1","type":"bounce","sg_event_id":"x"},
			{"email":"b@shop.example","event":"deferred","response":"452 4.2.2 Mailbox full","attempt":"3"},
			{"email":"c@shop.example","event":"dropped","reason":"Bounced Address","status":"5.0.0"},
			{"email":"d@shop.example","event":"delivered","response":"250 2.0.0 OK"},
			{"email":"e@shop.example","event":"open"}]`,
			[]string{"a@shop.example 550 5.1.1 user-unknown", "b@shop.example 452 4.2.2 mailbox-full", "c@shop.example 0 5.0.0 suppressed", "d@shop.example 250 2.0.0 delivered"}},
		{"Mailgun", `{"signature":{"token":"t"},"event-data":{"event":"failed","severity":"temporary","recipient":"a@shop.example","delivery-status":{"code":452,"message":"4.2.2 Over quota","description":"","mx-host":"mx.shop.example"},"message":{"headers":{"to":"a@shop.example"}}}}`,
			[]string{"a@shop.example 452 4.2.2 mailbox-full"}},
		{"Amazon SES by SNS", `{"Type":"Notification","Message":"{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":\"a@shop.example\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"},{\"emailAddress\":\"b@shop.example\",\"status\":\"5.2.2\",\"diagnosticCode\":\"smtp; 552 5.2.2 over quota\"}]}}"}`,
			[]string{"a@shop.example 550 5.1.1 user-unknown", "b@shop.example 552 5.2.2 mailbox-full"}},
		{"Postmark", `{"RecordType":"Bounce","Type":"HardBounce","Description":"The server was unable to deliver your message (ex: unknown user, mailbox not found).","Details":"smtp;550 5.7.1 Message rejected: SPF check failed","Email":"a@shop.example","From":"b@acme.example"}`,
			[]string{"a@shop.example 550 5.7.1 auth-failure"}},
		{"SparkPost", `[{"msys":{"message_event":{"type":"bounce","raw_reason":"550 5.1.1 no such user","rcpt_to":"a@shop.example","error_code":"550"}}}]`,
			[]string{"a@shop.example 550 5.1.1 user-unknown"}},
		{"one on a line", "{\"email\":\"a@shop.example\",\"reason\":\"550 5.1.1 no such user\"}\n{\"email\":\"b@shop.example\",\"reason\":\"552 5.2.2 full mailbox\"}\n",
			[]string{"a@shop.example 550 5.1.1 user-unknown", "b@shop.example 552 5.2.2 mailbox-full"}},
	} {
		in, err := (&Explainer{}).Read(tt.name, []byte(tt.data))
		if err != nil || len(in) != 1 {
			t.Fatalf("%s: %v %+v", tt.name, err, in)
		}
		var got []string
		for _, i := range in[0].Items {
			code, enhanced, to := "0", "", ""
			if i.ReplyCode != nil {
				code = strconv.Itoa(*i.ReplyCode)
			}
			if i.EnhancedCode != nil {
				enhanced = *i.EnhancedCode
			}
			if i.Recipient != nil {
				to = *i.Recipient
			}
			got = append(got, strings.Join([]string{to, code, enhanced, string(i.Reason)}, " "))
		}
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
	// The journal writes JSON, too.
	journal := `{"__REALTIME_TIMESTAMP":"1795773600000000","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"9","MESSAGE":"AAAAAAAAAA1: to=<a@shop.example>, relay=mx.shop.example[192.0.2.25]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (host mx.shop.example[192.0.2.25] said: 550 5.1.1 no such user (in reply to RCPT TO command))"}`
	if in, err := (&Explainer{}).Read("x", []byte(journal)); err != nil || len(in) != 1 || in[0].Kind != bounce.KindLog {
		t.Errorf("a log in JSON: %v %+v", err, in)
	}
	// What is no event of a service is a text as any other, however deep.
	for _, data := range []string{`{"a":1}`, `{"code":200}`, strings.Repeat("[", 5000), `[`, `{} x`} {
		in, err := (&Explainer{}).Read("x", []byte(data))
		if err != nil || len(in) != 1 || len(in[0].Items) != 1 || in[0].Items[0].Reason != reply.Unknown {
			t.Errorf("%.20s: %v %+v", data, err, in)
		}
	}
}

// FuzzWebhook: no JSON, however it is made, does more than be explained.
func FuzzWebhook(f *testing.F) {
	for _, s := range []string{`[{"email":"a@b.example","reason":"550 5.1.1 x","status":"5.1.1"}]`, `{"Message":"{\"a\":[{\"emailAddress\":\"a@b\",\"diagnosticCode\":\"smtp; 550 x\"}]}"}`, `{"code":452,"message":"4.2.2 x"}`} {
		f.Add([]byte(s))
	}
	x := &Explainer{}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, ok := x.webhook("x", data)
		if ok == (len(in.Items) == 0) || len(in.Items) > reply.MaxReplies {
			t.Errorf("%v %d", ok, len(in.Items))
		}
	})
}
