package inspect_test

import (
	"errors"
	"fmt"
	"strings"

	"mailworthy/inspect"
)

// ExampleReadRequest reads what somebody asks over a wire, and says which key is wrong.
func ExampleReadRequest() {
	target, options, err := inspect.ReadRequest(strings.NewReader(`{
		"target": {"domain": "acme.example", "ips": ["192.0.2.10"], "sections": ["spf", "hosts"]},
		"options": {"max_queries": 200}}`))
	fmt.Println(target.Domain, target.IPs, target.Sections, options.MaxQueries, err)

	_, _, err = inspect.ReadRequest(strings.NewReader(`{"target": {"domain": "acme.example", "ips": ["192.0.2"]}}`))
	var wrong *inspect.FieldError
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Field, "|", err)
	}
	// Output:
	// acme.example [192.0.2.10] [spf hosts] 200 <nil>
	// ips | ips "192.0.2" is not an IP address
}
