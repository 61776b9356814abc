// Command stoa is a complete shop in one file.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
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
	Setup   setupCmd   `cmd:"" help:"Print a new one-time link under which the owner makes an account. The link printed before ends."`
	Import  importCmd  `cmd:"" help:"Import goods or customers of another shop system from its CSV export."`
	Export  exportCmd  `cmd:"" help:"Write the goods or the customers to a file, in the columns of another shop system or whole."`
	Token   tokenCmd   `cmd:"" help:"Make, list and revoke the keys with which programs use the API."`
	Setting configCmd  `cmd:"" name:"config" help:"Settings: what is in force, and where it was set."`
	Sim     simCmd     `cmd:"" help:"Prove that stock, orders and money add up: play shoppers, staff, banks and crashes at random and check every promise."`
	Doctor  doctorCmd  `cmd:"" help:"Look for what would keep the shop from running, and say what to do."`
	Version versionCmd `cmd:"" help:"Print the version, the commit it was built from and Go's version."`
	Help    helpCmd    `cmd:"" help:"Explain a command."`
}

const description = `A complete shop in one file.

Everything is set by environment variables or the same names in stoa.conf;
"stoa config print" lists them with what they mean. The first steps:

  stoa demo      a filled shop on http://localhost:8080, to look around
  stoa serve     your own shop; prints a link to make the owner's account

It ends with 0 when all went well, and tells troubles apart: 2 command line,
3 settings, 4 address in use, 5 data folder not writable, 6 data folder in use,
7 PostgreSQL away, 8 database newer than the program, 9 database damaged, or
keys of personal data missing or wrong, 10 import done but rows refused,
130 stopped before it was done, 1 anything else. "stoa doctor" ends with the same codes.`

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
	if args[0] == "--version" {
		args[0] = "version"
	}
	line, err := parser.Parse(args)
	if err != nil {
		return mistaken(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	line.BindTo(ctx, (*context.Context)(nil))
	err = line.Run(&c)
	switch {
	case err == nil:
		return 0
	case isParse(err): // of the line whose help was asked for
		return mistaken(err)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "stoa: stopped before it was done; run it again")
		return stoa.ExitStopped
	}
	complain(err)
	return stoa.ExitCode(err)
}

func isParse(err error) bool {
	var mistake *kong.ParseError
	return errors.As(err, &mistake)
}

// mistaken tells what is wrong with the command line, and whose help lists
// what it could have said.
func mistaken(err error) int {
	fmt.Fprintf(os.Stderr, "stoa: %v\nTry: %s\n", err, helpFor(err))
	return stoa.ExitUsage
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

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"Which command, such as import or token create."`
}

// Run prints what the command's --help prints.
func (h helpCmd) Run(parser *kong.Kong) error {
	_, err := parser.Parse(append(h.Command, "--help")) // which ends the program, unless there is no such command
	return err
}
