// Command mailworthy audits whether a domain is fit to send mail.
//
// This package is flags, wiring and exit statuses; what is checked lives in the
// packages of the protocols, and how it is shown in report.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"mailworthy/internal/cli"
)

// Exit statuses, a contract with scripts.
const (
	exitOK         = cli.OK
	exitFindings   = 1
	exitUsage      = cli.Usage
	exitIncomplete = 3
)

func main() {
	os.Exit(process())
}

// process is run with the surroundings of this process. The first signal to end
// cancels what is under way, the second ends the process as signals do.
func process() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// run is the whole command with its surroundings as arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	return cli.Run(ctx, root, habits.WithCommand(root, args), stdin, stdout, stderr)
}

func withHint(err error, hint string, args ...any) error { return cli.WithHint(err, hint, args...) }

func exactly(names ...string) cobra.PositionalArgs { return cli.Exactly(names...) }

// exit turns a status into the error that carries it.
func exit(status int) error { return cli.Exit(status) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mailworthy",
		Short: "Is this domain fit to send mail, and if not, what must be published?",
		Long: `mailworthy asks the DNS everything that a receiving mail server asks about a
domain, and says what is wrong, on what evidence, what receivers do about it, and
which record to publish instead. What the DNS does not answer is reported as
unknown, never as missing.`,
		Example: `  mailworthy acme.example
  mailworthy audit --offline --zone acme.zone acme.example
  mailworthy checks spf-too-many-lookups`,
	}
	root.CompletionOptions.DisableDescriptions = false
	root.Version = version + revision() + ", " + runtime.Version()
	root.SetVersionTemplate("mailworthy {{.Version}}\n")
	root.AddCommand(
		newAudit(), newSPF(), newDKIM(), newDMARC(), newRBL(), newMTASTS(), newTLSRPT(), newDANE(), newDNSSEC(), newBIMI(), newMessage(), newExplain(), newLint(), newChecks(), newVersion(),
		newSetup(), newHistory(), newDiff(), newTrend(), newLogs(), newProbe(), newRoundtrip(),
		newConfig(), newInit(), newRun(), newWatch(),
		newDoctor(),
	)
	habits.Apply(root)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 98 "))
	return root
}

// version is that of the release under way; CHANGELOG.md says what is in it.
const version = "0.1.0-dev"

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  mailworthy version
  mailworthy version | cut -d' ' -f2`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "mailworthy %s\n", cmd.Root().Version)
			return err
		},
	}
}

// revision is the commit that the binary was built from, if Go recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return " (" + s.Value[:12] + ")"
		}
	}
	return ""
}
