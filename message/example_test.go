package message_test

import (
	"fmt"
	"strings"

	"mailworthy/message"
)

// ExampleRead reads a raw message whose lines end in LF.
func ExampleRead() {
	m, err := message.Read(strings.NewReader("From: Acme <info@acme.example>\nSubject: Hello\n\nText\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range m.Fields {
		fmt.Println(f.Line, f.Name)
	}
	// Output:
	// 1 From
	// 2 Subject
}
