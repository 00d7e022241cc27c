package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/internal/doctor"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what is usable on this machine, and how to get the rest",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return diag.New(diag.Pos{}, "E001", "write mtkc doctor", "mtkc doctor takes no argument")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			w := new(bytes.Buffer)
			fmt.Fprintf(w, "mtkc %s\n", version())
			for _, f := range doctor.Examine(cmd.Context()) {
				mark := "missing"
				switch {
				case f.Found:
					mark = "ok"
				case f.Optional:
					mark = "absent"
				}
				fmt.Fprintf(w, "\n%-8s %s", mark, f.Name)
				if f.Detail != "" {
					fmt.Fprintf(w, ": %s", f.Detail)
				}
				fmt.Fprintf(w, "\n         for  %s\n", f.Purpose)
				if !f.Found && f.Get != "" {
					fmt.Fprintf(w, "         get  %s\n", strings.ReplaceAll(f.Get, "\n", "\n              "))
				}
			}
			return writeFile("-", cmd.OutOrStdout(), func(out io.Writer) error {
				_, err := w.WriteTo(out)
				return err
			})
		},
	}
}
