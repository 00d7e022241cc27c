// Command mtkc compiles and solves symbolic models.
//
// In: a model file or package, and flags. Out: tables, plots, sources and reports;
// diagnostics on stderr; exit status 0 only where the run ended in Success or
// Terminated, 1 for anything a user can mend, 2 for a bug of mtkc.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/spell"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A compilation builds large tables and ends: fewer collections are worth memory.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the process at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if e := recover(); e != nil {
			reportBug(stderr, e, args)
			status = 2
		}
	}()
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, errReported) {
		return 1
	}
	if path := (*os.PathError)(nil); errors.As(err, &path) { // completion and help write by themselves
		err = unwritable(path)
	}
	fmt.Fprintln(stderr, err)
	// The command line was refused before the command began.
	if run, _, e := cmd.Find(args); e == nil && run.Name() == "run" && slices.ContainsFunc(args, wantsJSON) {
		if err := new(runFlags).writeFailure(stdout, nil, err, time.Now()); err != nil {
			fmt.Fprintln(stderr, err)
		}
	}
	return 1
}

// wantsJSON recognizes the flag in an argument, where the parser did not get to it.
func wantsJSON(arg string) bool {
	value, ok := strings.CutPrefix(arg, "--json")
	if !ok || value == "" {
		return ok
	}
	on, err := strconv.ParseBool(strings.TrimPrefix(value, "="))
	return err == nil && on
}

// errReported ends a command whose findings are on stderr already.
var errReported = errors.New("reported")

// reportBug tells what to send where.
func reportBug(w io.Writer, e any, args []string) {
	text := strings.TrimPrefix(fmt.Sprint(e), "mtkc: bug: ")
	fmt.Fprintf(w, "mtkc: bug: %s\n", text)
	fmt.Fprintf(w, "    this is a fault of mtkc, not of your model. Please report it with the model and the lines below\n")
	fmt.Fprintf(w, "    at https://github.com/mtkc/mtkc/issues\n")
	fmt.Fprintf(w, "    mtkc %s, %s, %s/%s\n    arguments: %q\n\n%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, args, debug.Stack())
}

// version is the module version that the build recorded.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mtkc",
		Short: "Compile and solve symbolic models",
		Long: `mtkc compiles models of differential and differential-algebraic equations with
events, and reaction networks, and solves them. A model is a Go package, a Base
Modelica file, or a network in SBML or of BioNetGen.

  mtkc run examples/pendulum --tspan 0,10 --plot pendulum.svg
  mtkc run network.xml --tspan 0,100 --method ssa --plot network.svg`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return noCommand(cmd, args[0])
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRun(), newEnsemble(), newBench(), newLinearize(), newCompile(), newInspect(), newDoctor())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Run = nil
			c.RunE = func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err != nil || len(rest) > 0 {
					return noCommand(about, args[len(args)-max(1, len(rest))])
				}
				return about.Help()
			}
		case "completion":
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return noCommand(cmd, args[0])
				}
				return cmd.Help()
			}
		}
	}
	return root
}

// noCommand is the finding of a word where a command below cmd should stand.
func noCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	next := "commands: " + strings.Join(names, ", ")
	if len(names) == 0 {
		next = "see " + cmd.CommandPath() + " --help"
	}
	if near := spell.Near(word, names); len(near) > 0 {
		next = "did you mean " + cmd.CommandPath() + " " + near[0] + "?"
	}
	return diag.New(diag.Pos{}, "E001", next, "there is no command %q", strings.TrimPrefix(cmd.CommandPath()+" "+word, "mtkc "))
}

// flagError turns a complaint of the flag parser into a diagnostic.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		next := "see mtkc " + cmd.Name() + " --help"
		if near := spell.Near("--"+name, names); len(near) > 0 && len(name) > 1 {
			next = "did you mean " + strings.Join(near, ", ") + "?"
		}
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return diag.New(diag.Pos{}, "E001", next, "%s has no flag %s%s", cmd.CommandPath(), dashes, name)
	case errors.As(err, &value):
		f := value.GetFlag()
		return diag.New(diag.Pos{}, "E002", usageOf(f), "--%s %s: not a valid value", f.Name, value.GetValue())
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return diag.New(diag.Pos{}, "E002", usageOf(f), "--%s needs a value", f.Name)
	}
	return diag.New(diag.Pos{}, "E002", "see "+cmd.CommandPath()+" --help", "%v", err)
}

func usageOf(f *pflag.Flag) string {
	kind, text := pflag.UnquoteUsage(f)
	if kind != "" {
		kind += ": "
	}
	return "--" + f.Name + " takes " + kind + text
}

// oneModel checks that a command got its MODEL.
func oneModel(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return diag.New(diag.Pos{}, "E001", "for example: mtkc "+cmd.Name()+" examples/pendulum", "mtkc %s needs a MODEL: a Go package, a .go file or a Base Modelica file", cmd.Name())
	case len(args) > 1:
		return diag.New(diag.Pos{}, "E001", "a list of values is written without spaces: --tspan 0,10", "mtkc %s takes one MODEL, not %d (%s)", cmd.Name(), len(args), strings.Join(args, " "))
	}
	return nil
}

// completeModel offers the files that the front ends read, and directories.
func completeModel(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"go", "mo", "bmo"}, cobra.ShellCompDirectiveFilterFileExt
}
