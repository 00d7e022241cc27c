// Package bngl reads reaction networks that BioNetGen has generated: .net files.
//
// In: a file, read line by line. Out: model.System with its reactions, or a list of
// diagnostics. What is not supported is a diagnostic, never a changed meaning.
//
// Sources: the files that BioNetGen 2.0 to 2.9 writes, and for what they mean the simulator that
// comes with it, run_network (J. R. Faeder, M. L. Blinov, W. S. Hlavacek, Rule-based modeling of biochemical systems
// with BioNetGen, Methods in Molecular Biology 500, 2009; L. A. Harris et al., BioNetGen 2.2, Bioinformatics 32, 2016).
//
// # How a network is mapped
//
// A parameter is a parameter; one that is an expression stays bound to what it depends on. A species is an unknown with the
// name that the file gives it, its pattern without the $ of fixed species, as in A(b!1).B(a!1); a second name is S and its
// number, as BioNetGen calls it in its own output. A species that is fixed, or that no reaction changes, is a parameter. A group
// is an unknown, the weighted sum of its species, and so is a function without arguments. These names share one space; where a
// group has the name of a parameter, it is NAME_group here (W230). Where there are groups, they are what is recorded
// unless the user names variables; species, functions and rates are recorded by name.
//
// The reaction with the number N has the rate rate[N], its number of events per time. For a rate constant k with the statistical
// factor f that is f*k times the product of the reactants, each as often as it is named: the factors for equal reactants are in
// f already. A function or an expression in the place of k multiplies the reactants just the same. The propensity of a
// reaction with equal reactants is f*k*A*(A-1). Of the older laws, with the first reactants S and E, and X the product of reactants:
//
//	Sat k K1 K2 ...  f*k*X/((K1+R1)*(K2+R2)*...) for the reactants R1, R2, ...; without K it is f*k
//	MM k K           f*k*E*s/(K+s), s free substrate: (b+sqrt(b^2+4*S*K))/2, b = S-E-K
//	Hill k K h       f*k*S^h/(K^h+S^h) times the other reactants
//	FunctionProduct f1 f2 ...  f1*f2*... times the reactants
//
// Expressions are those of BioNetGen. time(), and t or time where nothing else has that name, are the time. A tfun is a
// table: straight lines or steps between its points, constant outside.
//
// # Diagnostics
//
//	E230  the file cannot be opened or read, or holds no network
//	E231  a line or a block that does not have its form
//	E232  an expression that cannot be read
//	E233  a name or a number that nothing declares
//	E234  two of one name or number
//	E235  a function that depends on itself
//	E236  not supported: functions of patterns, log, what only other simulators have
//	W230  what is left out, or has another name
package bngl

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
)

// Load reads a file. See Read.
func Load(path string) (*model.System, diag.List) {
	f, err := os.Open(path)
	if err != nil {
		return nil, diag.New(diag.Pos{File: path}, "E230", "check the path and that the file can be read", "cannot open the network: %v", reason(err))
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a network into a system. file is its name in positions; the system has its base name, and files of
// tables are looked for in its directory. The system is nil where the file cannot be read.
func Read(in io.Reader, file string) (*model.System, diag.List) {
	r := newReader(in, file)
	n := r.network()
	if r.diags.Errors() > 0 {
		r.diags.Sort()
		return nil, r.diags
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if name == "" || name == "." {
		name = "network"
	}
	sys, found := build(n, name)
	found = append(r.diags, found...)
	found.Sort()
	if found.Errors() > 0 {
		return nil, found
	}
	return sys, found
}

func reason(err error) error {
	if pe := new(os.PathError); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// mostFindings bounds how many mistakes of a file are listed.
const mostFindings = 20
