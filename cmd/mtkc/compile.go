package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ode"
)

func newCompile() *cobra.Command {
	var f modelFlags
	var embed embedFlags
	var backend, out, pkg, cpu, method string
	var ptx mtkc.PTXOptions
	cmd := &cobra.Command{
		Use:   "compile MODEL --backend go|llvm|cuda|basemodelica",
		Short: "Turn a model into Go source, machine code or flat text",
		Long: `Turn a model into another form:

  go            Go source that imports only the runtime of mtkc, for go generate. Its names
                carry that of the model, unless its file is alone in a directory
                With --embed-native it carries machine code as Go assembly
  llvm          text of LLVM IR (-o x.ll), an object (x.o) or a shared library (x.so),
                with a C header (x.h) beside it; needs libLLVM, but for text
  cuda          PTX text for NVIDIA GPUs: the loop of an ensemble with a method, a trajectory
                for each thread; for models with loops the right-hand side, too
  basemodelica  the flat system as Base Modelica, which other tools read`,
		Example: `  mtkc compile --backend go -o pendulum_mtk.go examples/pendulum
  mtkc compile --backend llvm -o pendulum.o examples/pendulum
  mtkc compile --backend go --embed-native --ensemble Tsit5 -o lorenz/ examples/lorenz
  mtkc compile --backend cuda --solver rodas5p -o robertson.ptx examples/robertson
  mtkc compile --backend basemodelica --arg N=100 -o ladder.bmo examples/rcladder`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(mtkc.Methods(), strings.ToLower(method)) {
				f.method = method
			} else {
				ptx.Method = cmp.Or(ptx.Method, method) // the older name of --solver
			}
			opt, found := f.options(cmd)
			pass := ""
			switch backend {
			case "go":
				pass = "go"
			case "basemodelica":
				pass = "flat"
			case "llvm":
				switch ext := filepath.Ext(out); {
				case out == "-" || ext == ".ll" || ext == ".o" || ext == ".so":
				default:
					bad(&found, "output", out, "the backend llvm writes .ll, .o or .so")
				}
			case "cuda":
				if ptx.Arch != "" && !architecture.MatchString(ptx.Arch) {
					bad(&found, "arch", ptx.Arch, "give an architecture from sm_70 on, such as sm_80 or sm_90")
				}
				if ptx.Method != "" {
					if m, err := ode.Lookup(ptx.Method); err != nil {
						bad(&found, "solver", ptx.Method, err.Error())
					} else {
						ptx.Method = m.Info().Name
					}
				}
			case "":
				found.Add(diag.Pos{}, "E002", "write --backend go, llvm, cuda or basemodelica", "mtkc compile needs a --backend")
			default:
				bad(&found, "backend", backend, "backends: go, llvm, cuda, basemodelica")
			}
			for _, name := range []string{"arch", "solver", "dense"} {
				if (cmd.Flags().Changed(name) || name == "solver" && ptx.Method != "") && backend != "cuda" {
					found.Add(diag.Pos{}, "E002", "leave --"+name+" out", "--%s is for --backend cuda", name)
				}
			}
			if pkg != "" && (!token.IsIdentifier(pkg) || pkg == "_") {
				bad(&found, "package", pkg, "a package is named by letters and digits, for example --package pendulum")
			}
			if cpu != "" && backend != "llvm" {
				found.Add(diag.Pos{}, "E002", "leave --cpu out", "--cpu is for --backend llvm")
			}
			code, embeds := embed.options(cmd, backend, out, &found)
			if found.Errors() > 0 {
				return found
			}
			if backend == "llvm" && f.dump == "" {
				return compileLLVM(cmd, mtkc.New(args[0], opt), out, cpu, f.timing)
			}
			if backend == "cuda" && f.dump == "" {
				return compileCUDA(cmd, mtkc.New(args[0], opt), out, ptx, f.timing)
			}
			c := mtkc.New(args[0], opt)
			if info, err := os.Stat(out); err == nil && info.IsDir() && f.dump == "" {
				if found = c.Run(cmd.Context(), "load"); found.Errors() == 0 {
					out = filepath.Join(out, c.FileName(pass))
				}
			}
			if out != "-" {
				c.Go.Package = mtkc.PackageAt(out)
				c.Go.Dedicated = c.Go.Package == ""
			}
			if pkg != "" {
				c.Go.Package = pkg
			}
			if f.dump != "" {
				if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
					return err
				}
				return nil
			}
			if embeds {
				return embed.write(cmd, c, out, code, found, f.timing)
			}
			found = append(found, c.Run(cmd.Context(), pass)...)
			if f.timing {
				printTiming(cmd.ErrOrStderr(), c, nil)
			}
			if found.Errors() > 0 {
				return found
			}
			printFindings(cmd.ErrOrStderr(), found)
			if found = c.Portable("Base Modelica"); pass == "flat" && found != nil {
				return found
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
				if pass == "go" {
					for _, name := range mtkc.NativeFiles(filepath.Base(out)) {
						if err := removeGenerated(filepath.Join(filepath.Dir(out), name)); err != nil {
							return err
						}
					}
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: wrote %s\n", c.System().Name, out)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&backend, "backend", "", "`NAME` of the form to write: go, llvm, cuda or basemodelica")
	fl.StringVarP(&out, "output", "o", "-", "write to `PATH`, a file or an existing directory (- is stdout)")
	fl.StringVar(&pkg, "package", "", "`NAME` of the generated Go package (default: that of the directory of -o, else made from the model's name)")
	fl.StringVar(&cpu, "cpu", "", "processor `NAME` that machine code is for, as LLVM calls it: x86-64-v3, znver4, generic, ... (default: this machine's)")
	embed.register(cmd)
	fl.StringVar(&method, "method", "", "`FORM` in which reactions are solved: ode, rate equations; cle, the chemical Langevin equation")
	f.registerItems(cmd)
	fl.StringVar(&ptx.Method, "solver", "", "integration method `NAME` of the kernel for GPUs (default: rodas5p with algebraic equations, else tsit5)")
	fl.BoolVar(&ptx.Dense, "dense", false, "the kernel for GPUs saves states at given times")
	fl.StringVar(&ptx.Arch, "arch", "", "oldest GPU `NAME` that the kernel runs on (default: sm_70)")
	f.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions([]string{"go", "llvm", "cuda", "basemodelica"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// architecture is the name of a GPU that kernels are made for.
var architecture = regexp.MustCompile(`^sm_([789][0-9]|1[0-9][0-9])[a-z]?$`)

// compileCUDA writes kernels for GPUs.
func compileCUDA(cmd *cobra.Command, c *mtkc.Compiler, out string, opt mtkc.PTXOptions, timing bool) error {
	text, found := c.PTX(cmd.Context(), opt)
	if timing {
		printTiming(cmd.ErrOrStderr(), c, nil)
	}
	if found.Errors() > 0 {
		return found
	}
	printFindings(cmd.ErrOrStderr(), found)
	if err := writeFile(out, cmd.OutOrStdout(), func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	if out != "-" {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: wrote %s\n", c.System().Name, out)
	}
	return nil
}

// compileLLVM writes machine code, or its text, and the header beside it.
func compileLLVM(cmd *cobra.Command, c *mtkc.Compiler, out, cpu string, timing bool) error {
	format := "ll"
	if out != "-" {
		format = strings.TrimPrefix(filepath.Ext(out), ".")
	}
	a, data, found := c.Artifact(cmd.Context(), format, cpu)
	if timing {
		printTiming(cmd.ErrOrStderr(), c, nil)
	}
	if found.Errors() > 0 {
		return found
	}
	printFindings(cmd.ErrOrStderr(), found)
	for _, r := range a.Refused {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s_%s is left out: %s\n", a.Name, r.Kernel, r.Reason)
	}
	text := func(b []byte) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(b); return err }
	}
	if err := writeFile(out, cmd.OutOrStdout(), text(data)); err != nil {
		return err
	}
	if out == "-" {
		return nil
	}
	header := strings.TrimSuffix(out, filepath.Ext(out)) + ".h"
	if err := writeFile(header, cmd.OutOrStdout(), text(a.Header)); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: wrote %s and %s\n", c.System().Name, out, header)
	return nil
}
