package config

import (
	"bytes"
	"encoding/json"

	"mailworthy/finding"
	"mailworthy/notify"
	"mailworthy/receiver"
	"mailworthy/report"
)

type object = map[string]any

// Schema returns the JSON Schema (draft 2020-12) of a configuration, for editors:
// its keys, their meaning, and the words and checks that they take. It is made
// from the same lists as the parser, which is stricter: names, addresses and
// what refers to something else are checked by it alone.
func Schema() []byte {
	var checks []string
	for _, c := range report.AllChecks() {
		checks = append(checks, c.ID)
	}
	domain := domainSchema()
	named := object{"domain": text("The domain, as it stands in From.")}
	for k, v := range domain {
		named[k] = v
	}
	root := keys(object{
		"defaults": describe(keys(domain), "What domains share. A domain's own statement replaces it."),
		"domains": object{"type": "array", "minItems": 1, "description": "The domains to audit.",
			"items": object{"anyOf": []any{text("A domain."), keys(named, "domain")}}},
		"domains_file": text("A list with a domain a line, as that of audit -f: they have the defaults. A relative path starts at the folder of the configuration."),
		"resolvers":    texts("The resolvers to ask: host[:port], udp://, tcp://, tls:// or https://…/dns-query. Default: the system's."),
		"limits": describe(keys(object{
			"timeout":     span("How long to wait for each try of a question."),
			"deadline":    span("How long one domain may take."),
			"retries":     whole(0, maxRetries, "Further tries for a question that is not answered."),
			"max_queries": whole(1, maxQueries, "How many questions one domain may cost."),
			"max_ips":     whole(1, maxIPs, "How many sending addresses found are examined."),
		}), "Bounds on what an audit costs."),
		"lists": object{"type": "array", "description": "Block lists to add or to change, and keys for them.",
			"items": object{"type": "object", "required": []string{"zone"}, "properties": object{
				"zone": text("The zone of the list."),
				"key":  text("The key to ask with, best as ${NAME}."),
			}}},
		"remove_lists": object{"type": "array", "items": text("The zone of a list that is not asked.")},
		"policy": describe(keys(object{
			"weights":    numbers(finding.Sections, 1000, "What a section weighs in the score."),
			"deductions": numbers(graded, 100, "What a finding takes from its section."),
			"caps":       numbers(graded, 100, "The highest score while a finding of the severity stands."),
			"severities": object{"type": "object", "description": "How severe a check is.", "propertyNames": words("", checks...),
				"additionalProperties": words("", append(graded, finding.Info)...)},
		}), "How findings are judged, where otherwise than by default."),
		"accept": object{"type": "array", "description": "Findings that are shown and not counted.", "items": keys(object{
			"check":   words("The check that is accepted.", checks...),
			"subject": text("The address, name or selector it is accepted for. Default: any."),
			"domain":  text("The domain it is accepted for. Default: any."),
			"until":   object{"type": "string", "format": "date", "pattern": `^\d{4}-\d{2}-\d{2}$`, "description": "The last day, in UTC. The day after it counts again."},
			"reason":  text("Why, for whoever reads the report."),
		}, "check", "until", "reason")},
		"fail_on": words("The severity at which a run fails. Default: error.", append(graded, report.Never)...),
		"history": object{"description": "Where runs are kept.", "anyOf": []any{
			text("The file."),
			keys(object{
				"file":    text("The file."),
				"keep":    span("How long runs are kept. Default: for ever."),
				"confirm": whole(1, 10, "How many times a change is seen before it is believed. Default: once."),
			}, "file"),
		}},
		"state_dir":     text("The folder for the lock and for notifications to send. Default: $STATE_DIRECTORY or ~/.local/state/mailworthy."),
		"notifications": object{"type": "array", "description": "Who is told.", "items": notificationSchema()},
		"watch": describe(keys(object{
			"schedule": text("A cron expression: minute, hour, day of month, month, day of week."),
			"listen":   text("The address for /healthz, /readyz and /metrics, such as 127.0.0.1:9599."),
			"jitter":   span("Each run is delayed by a random part of it."),
		}), "The long-running mailworthy watch."),
		"logs": describe(keys(object{
			"paths":        texts("Files and patterns, such as /var/log/mail.log*, rotated and compressed ones too."),
			"since":        span("How far back the shares reach. Default: 1d."),
			"max_bounced":  whole(1, 100, "The percentage of recipients that failed for good from which on it is told. Default: 5."),
			"max_deferred": whole(1, 100, "The percentage of attempts that were deferred from which on it is told. Default: 30."),
			"min_messages": whole(1, 1_000_000, "How many recipients make a share worth judging. Default: 20."),
		}, "paths"), "Logs of mail servers that a run looks at."),
		"roundtrips": object{"type": "array", "description": "Synthetic mails that a run sends and waits for.", "items": roundtripSchema()},
	})
	root["anyOf"] = []any{object{"required": []string{"domains"}}, object{"required": []string{"domains_file"}}, object{"required": []string{"roundtrips"}}}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://mailworthy.example/schema/config-1.json"
	root["title"] = "mailworthy.yaml"
	root["description"] = "What mailworthy audits and who is told. ${NAME} in a text is replaced by the environment's variable."
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic("config: " + err.Error()) // maps and strings marshal
	}
	return b.Bytes()
}

func domainSchema() object {
	return object{
		"selectors":    texts("DKIM selectors in use."),
		"mail_from":    texts("Envelope domains (return path). Default: the domain."),
		"dkim_domains": texts("Signing domains (d=). Default: the domain."),
		"ips":          texts("Sending addresses. Default: the MX hosts and the single addresses in SPF."),
		"helo":         texts("The names that the sending hosts greet with."),
		"profile":      words("What the domain is for. Default: guessed.", finding.Sender, finding.Parked, finding.Receiver),
		"volume":       words("How much is sent: receivers ask more of bulk senders. Default: judged as both.", receiver.Bulk, receiver.Low),
		"owner":        text("Who to ask about the domain; part of notifications."),
		"sections": object{"type": "array", "minItems": 1, "items": words("", finding.Choosable...),
			"description": "Audit these sections alone."},
	}
}

// notificationSchema has a form for each type.
func notificationSchema() object {
	forms := []any{}
	for _, kind := range []notify.Kind{notify.Webhook, notify.Slack, notify.Teams, notify.Email} {
		properties := object{
			"type":     object{"const": kind},
			"name":     text("What the target is called in messages."),
			"when":     words("What it hears about. Default: change.", notify.Change, notify.Threshold),
			"severity": words("The least that a threshold target hears about. Default: error.", graded...),
			"domains":  texts("These domains alone."),
		}
		required := []string{"type"}
		if kind == notify.Email {
			properties["to"] = texts("Who gets the e-mail.")
			properties["from"] = text("Whom it is from.")
			properties["server"] = text("The SMTP server, host:port.")
			properties["tls"] = words("How the connection is protected. Default: starttls.", notify.StartTLS, notify.Implicit, notify.Plain)
			properties["username"] = text("The user name for the server.")
			properties["password"] = text("The password, best as ${NAME}.")
			required = append(required, "to", "from", "server")
		} else {
			properties["url"] = text("Where to post to, best as ${NAME}.")
			required = append(required, "url")
		}
		if kind == notify.Webhook {
			properties["secret"] = text("Signs what is sent (HMAC-SHA256), 16 characters or more, best as ${NAME}.")
		}
		forms = append(forms, keys(properties, required...))
	}
	return object{"oneOf": forms}
}

func keys(properties object, required ...string) object {
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func describe(o object, text string) object {
	if text != "" {
		o["description"] = text
	}
	return o
}

// text is a single value: a selector may look like a number.
func text(description string) object {
	return describe(object{"type": []string{"string", "number", "boolean"}, "pattern": `\S`}, description)
}

// texts is a list of values, or one value.
func texts(description string) object {
	return object{"description": description, "anyOf": []any{text(""), object{"type": "array", "items": text("")}}}
}

func words[T ~string](description string, of ...T) object {
	return describe(object{"enum": of}, description)
}

func whole(least, most int, description string) object {
	return describe(object{"type": "integer", "minimum": least, "maximum": most}, description)
}

func span(description string) object {
	return object{"type": "string", "pattern": `^(\d+d|([0-9.]+(ns|us|µs|ms|s|m|h))+)$`, "description": description + " Such as 30s, 5m, 1h30m or 400d."}
}

func numbers[T ~string](of []T, most int, description string) object {
	properties := object{}
	for _, name := range of {
		properties[string(name)] = whole(0, most, "")
	}
	return describe(keys(properties), description)
}
