package setup

import "mailworthy/provider"

// Listed is a service of a List.
type Listed struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Also    []string `json:"also"`
	Kind    string   `json:"kind"`
	Align   []string `json:"align"`
	Regions []string `json:"regions"`
	SMTP    string   `json:"smtp_host" empty:"null"`
	Source  string   `json:"source"`
	Date    string   `json:"date"`
	User    bool     `json:"user"`
}

// Services is a list of services.
type Services struct {
	Schema   string   `json:"schema"`
	Services []Listed `json:"services"`
}

// List is what the catalogue says of services, for whoever chooses one.
func List(services []*provider.Service) Services {
	out := Services{Schema: "mailworthy/services/1", Services: []Listed{}}
	for _, s := range services {
		l := Listed{ID: s.ID, Name: s.Name, Also: append([]string{}, s.Also...), Kind: string(s.Kind), Align: append([]string{}, s.Align...),
			Regions: append([]string{}, s.RegionNames()...), Source: s.Source, Date: s.Date, User: s.User}
		if d := Describe(s, Options{}); d.SMTP != nil {
			l.SMTP = d.SMTP.Hosts[0]
		}
		out.Services = append(out.Services, l)
	}
	return out
}
