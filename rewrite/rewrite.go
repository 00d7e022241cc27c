// Package rewrite simplifies and takes apart expressions: rules as data applied to a
// fixed point, linear and polynomial coefficients, expansion, change of variables.
//
// In: terms of an expr.Pool and rules. Out: terms of the same pool and a count per
// rule. A rewrite keeps the value wherever the term that it replaces is defined.
package rewrite
