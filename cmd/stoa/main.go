// Command stoa is a complete shop in one file.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/stoashop/stoa"
)

// commands is the command line.
type commands struct {
	Config string `short:"c" placeholder:"FILE" help:"Settings file. Without it stoa.conf in the working folder is read, if there is one."`

	Serve   serveCmd   `cmd:"" help:"Serve the shop."`
	Demo    demoCmd    `cmd:"" help:"Fill a fresh shop with goods to look at and serve it, with a bank to practise with."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to date. The other commands do it by themselves."`
	Setup   setupCmd   `cmd:"" help:"Print the one-time link under which the owner makes an account."`
	Import  importCmd  `cmd:"" help:"Import goods or customers of another shop system from its CSV export."`
	Export  exportCmd  `cmd:"" help:"Write the goods or the customers to a file, in the columns of another shop system or whole."`
	Token   tokenCmd   `cmd:"" help:"Keys of the API for programs."`
	Setting configCmd  `cmd:"" name:"config" help:"Settings."`
	Sim     simCmd     `cmd:"" help:"Prove the order core: play shoppers, staff, banks and crashes at random and check every promise."`
	Doctor  doctorCmd  `cmd:"" help:"Look for what would keep the shop from running, and say what to do."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const description = `A complete shop in one file.

Everything is set by environment variables or the same names in stoa.conf;
"stoa config print" lists them with what they mean. The first steps:

  stoa demo      a filled shop on http://localhost:8080, to look around
  stoa serve     your own shop; prints a link to make the owner's account

It ends with 0 when all went well, and tells troubles apart: 2 command line,
3 settings, 4 address in use, 5 data folder not writable, 6 data folder in use,
7 PostgreSQL away, 8 database newer than the program, 9 database damaged,
10 import done but rows refused, 130 stopped before it was done, 1 anything else.`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("stoa"), kong.Description(description), kong.UsageOnError(), kong.Vars{"scopes": scopeNames()}, kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "stoa:", err)
		return stoa.ExitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "stoa: %v\nTry: %s\n", err, helpFor(err))
		return stoa.ExitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	line.BindTo(ctx, (*context.Context)(nil))
	if err := line.Run(&c); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "stoa: stopped before it was done; run it again")
			return stoa.ExitStopped
		}
		complain(err)
		return stoa.ExitCode(err)
	}
	return 0
}

// helpFor is the command whose help lists what the mistaken line could have
// said.
func helpFor(err error) string {
	var mistake *kong.ParseError
	command := "stoa"
	if errors.As(err, &mistake) {
		for _, part := range mistake.Context.Path {
			if part.Command != nil {
				command += " " + part.Command.Name
			}
		}
	}
	return command + " --help"
}

type versionCmd struct{}

func (versionCmd) Run() error {
	fmt.Println("stoa", version())
	return nil
}

// version is the module's version, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = "development " + s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return v + " " + info.GoVersion
}
