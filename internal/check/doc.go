// Package check holds what is checked across packages: the import lattice, the cases
// of testdata, the agreement of documentation and code, and runs of the command.
//
// In: the repository. Out: test failures.
package check
