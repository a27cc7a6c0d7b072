package terminal_test

import (
	"os"

	"mailworthy/finding"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// A command makes a document of blocks; each writer draws it for its medium.
func ExampleWriteDoc() {
	d := &view.Doc{}
	d.Add(
		view.Title{Text: view.T("bounce.eml"), Status: view.Marked(finding.Error, "rejected for good")},
		view.Facts{Facts: []view.Fact{
			{Key: "recipient", Value: view.T("info@acme.example")},
			{Key: "said by", Value: view.T("mx1.acme.example")},
			{Key: "reply", Value: view.CodeText("550 5.7.25 No PTR record")},
		}},
		view.Paragraph("The sending address has no PTR record, so the receiver takes no mail from it."),
		view.Section{Title: "What to publish", Blocks: []view.Block{
			view.Records{Add: []finding.Record{{Name: "10.2.0.192.in-addr.arpa", Type: "PTR", Value: "mail.acme.example"}}},
		}},
		view.Next{Steps: []view.Step{{Command: "mailworthy audit --ip 192.0.2.10 acme.example", Does: "checks it again"}}},
	)
	_ = terminal.WriteDoc(os.Stdout, d, terminal.Options{Width: 80})
	// Output:
	// bounce.eml  ✖ rejected for good
	//
	// recipient  info@acme.example
	// said by    mx1.acme.example
	// reply      550 5.7.25 No PTR record
	//
	// The sending address has no PTR record, so the receiver takes no mail from it.
	//
	// What to publish
	//   10.2.0.192.in-addr.arpa. PTR mail.acme.example.
	//
	// mailworthy audit --ip 192.0.2.10 acme.example checks it again
}
