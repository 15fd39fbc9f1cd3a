// Package cli is the command line: one file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are all commands of the program.
type commands struct {
	Config kong.ConfigFlag `help:"File of settings in YAML: their flag names without dashes in front." env:"BROADSHEET_CONFIG" placeholder:"FILE"`

	ShowVersion kong.VersionFlag `name:"version" help:"Say which version this is."`

	Serve      serveCommand      `cmd:"" help:"Serve the site over GraphQL."`
	Demo       demoCommand       `cmd:"" help:"Keep the demo newsroom."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database to the schema of this program."`
	Import     importCommand     `cmd:"" help:"Bring content of other systems in."`
	Backup     backupCommand     `cmd:"" help:"Write the newsroom, rows and media files, into one file while the server runs."`
	Restore    restoreCommand    `cmd:"" help:"Bring a backup into an empty database of either kind."`
	Copy       copyCommand       `cmd:"" help:"Copy a newsroom from one database into another, of either kind, and compare."`
	Export     exportCommand     `cmd:"" help:"Write content for other systems."`
	Verify     verifyCommand     `cmd:"" help:"Check a backup, or compare the database with what it was filled from."`
	User       userCommand       `cmd:"" help:"Keep the accounts of staff and readers."`
	Key        keyCommand        `cmd:"" help:"Keep the API keys of partners."`
	Secrets    secretsCommand    `cmd:"" help:"Seal the secrets in the database by another key."`
	Documents  documentsCommand  `cmd:"" help:"Register GraphQL documents that clients name, and check them."`
	Doctor     doctorCommand     `cmd:"" help:"Look at what the server needs, with the settings of serve, and say what is wrong."`
	Probe      probeCommand      `cmd:"" help:"Ask a server whether it is ready; for health checks where there is no other program."`
	Mail       mailCommand       `cmd:"" help:"Try whether mails can be sent."`
	Newsletter newsletterCommand `cmd:"" help:"Send newsletters and keep the suppression list."`
	Seed       seedCommand       `cmd:"" help:"Fill an empty database with a synthetic newsroom."`
	Version    versionCommand    `cmd:"" help:"Say which version this is."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// describe says of a setting what it is for, its default and its variable.
func describe(v *kong.Value) string {
	var facts []string
	if v.HasDefault {
		facts = append(facts, "default "+v.Default)
	}
	for _, env := range v.Tag.Envs {
		facts = append(facts, "$"+env)
	}
	if len(facts) == 0 {
		return v.Help
	}
	return v.Help + " (" + strings.Join(facts, ", ") + ")"
}

// exit ends parsing, as kong does for --help, with a status.
type exit int

// errReported ends a command with status 1 after it has said why itself.
var errReported = errors.New("reported")

// Main runs the program and gives its exit status: 0 done, 1 failed, 2 called
// wrongly.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("broadsheet"),
		kong.Description("A GraphQL content platform for newsrooms."),
		kong.Configuration(loadSettings),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describe),
		kong.Vars{"version": versionLine()},
	)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "broadsheet:", err)
		return 1
	}
	defer func() {
		thrown := recover()
		if code, ok := thrown.(exit); ok {
			status = int(code)
		} else if thrown != nil {
			panic(thrown)
		}
	}()
	parsed, err := parser.Parse(args)
	if err == nil {
		err = checkVariables(parser.Model, os.Environ())
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "broadsheet:", err)
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&streams{in: stdin, out: stdout, err: stderr})
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		_, _ = fmt.Fprintln(stderr, "broadsheet:", err)
	}
	return 1
}
