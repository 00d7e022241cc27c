package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
)

func newCompile() *cobra.Command {
	var f modelFlags
	var backend, out, pkg string
	cmd := &cobra.Command{
		Use:   "compile MODEL --backend go|basemodelica",
		Short: "Turn a model into Go source or flat text",
		Long: `Turn a model into another form:

  go            Go source that imports only the runtime of mtkc, for go generate. Its names
                carry that of the model, unless its file is alone in a directory
  basemodelica  the flat system as Base Modelica, which other tools read`,
		Example: `  mtkc compile --backend go -o pendulum_mtk.go examples/pendulum
  mtkc compile --backend basemodelica --arg N=100 -o ladder.bmo examples/rcladder`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, found := f.options(cmd)
			pass := ""
			switch backend {
			case "go":
				pass = "go"
			case "basemodelica":
				pass = "flat"
			case "llvm", "cuda":
				found.Add(diag.Pos{}, "E010", "use --backend go or --backend basemodelica", "--backend %s: this version of mtkc has no such backend yet", backend)
			case "":
				found.Add(diag.Pos{}, "E002", "write --backend go or --backend basemodelica", "mtkc compile needs a --backend")
			default:
				bad(&found, "backend", backend, "backends: go, basemodelica")
			}
			if pkg != "" && (!token.IsIdentifier(pkg) || pkg == "_") {
				bad(&found, "package", pkg, "a package is named by letters and digits, for example --package pendulum")
			}
			if found.Errors() > 0 {
				return found
			}
			dir := ""
			if info, err := os.Stat(out); err == nil && info.IsDir() {
				dir = out
				out = filepath.Join(out, "model.go")
			}
			if out != "-" {
				opt.Go.Package = mtkc.PackageAt(out)
				opt.Go.Dedicated = opt.Go.Package == ""
			}
			if pkg != "" {
				opt.Go.Package = pkg
			}
			c := mtkc.New(args[0], opt)
			if f.dump != "" {
				if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
					return err
				}
				return nil
			}
			found = c.Run(cmd.Context(), pass)
			if f.timing {
				printTiming(cmd.ErrOrStderr(), c, nil)
			}
			if found.Errors() > 0 {
				return found
			}
			printFindings(cmd.ErrOrStderr(), found)
			if dir != "" {
				out = filepath.Join(dir, c.FileName(pass))
			}
			var text bytes.Buffer
			if err := c.Dump(pass, &text); err != nil {
				return diag.New(diag.Pos{}, "E014", "", "the model cannot be written in this form: %s", strings.TrimPrefix(err.Error(), "basemodelica: "))
			}
			if err := writeFile(out, cmd.OutOrStdout(), func(w io.Writer) error {
				_, err := w.Write(text.Bytes())
				return err
			}); err != nil {
				return err
			}
			if out != "-" {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: wrote %s\n", c.System().Name, out)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&backend, "backend", "", "`NAME` of the form to write: go or basemodelica")
	fl.StringVarP(&out, "output", "o", "-", "write to `PATH`, a file or an existing directory (- is stdout)")
	fl.StringVar(&pkg, "package", "", "`NAME` of the generated Go package (default: that of the directory of -o, else made from the model's name)")
	f.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions([]string{"go", "basemodelica"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
