package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
)

func newInspect() *cobra.Command {
	var f modelFlags
	var svg string
	var all bool
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show what the compiler makes of a model",
		Long: `Show what the compiler makes of a model: equations before and after, index, states,
initialization, blocks and sparsity. With --dump, the result of one pass instead.`,
		Example: `  mtkc inspect examples/pendulum
  mtkc inspect examples/rc --dump flat
  mtkc inspect examples/rcladder --svg incidence.svg`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, found := f.options(cmd)
			if ext := filepath.Ext(svg); ext != "" && !strings.EqualFold(ext, ".svg") {
				bad(&found, "svg", svg, "it is written as SVG: end the name in .svg")
			}
			if found.Errors() > 0 {
				return found
			}
			c := mtkc.New(args[0], opt)
			if f.dump != "" {
				if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
					return err
				}
				return nil
			}
			_, found = c.Problem(cmd.Context())
			if f.timing {
				printTiming(cmd.ErrOrStderr(), c, nil)
			}
			if found.Errors() > 0 {
				return found
			}
			printFindings(cmd.ErrOrStderr(), found)
			if svg != "" {
				if err := writeFile(svg, cmd.OutOrStdout(), c.WriteIncidence); err != nil {
					return err
				}
			}
			if svg == "-" {
				return nil
			}
			limit := 40
			if all {
				limit = 0
			}
			return writeFile("-", cmd.OutOrStdout(), func(w io.Writer) error { return c.WriteReport(w, limit) })
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&svg, "svg", "", "draw the incidence of equations and unknowns in block triangular form to `FILE`")
	fl.BoolVar(&all, "all", false, "list everything; without it lists end after 40 entries")
	f.registerMethod(cmd)
	f.register(cmd)
	return cmd
}
