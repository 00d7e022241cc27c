// Package basemodelica reads and writes flat models in Base Modelica, the flat subset of
// Modelica (Modelica Change Proposal MCP-0031): what other tools export, what
// --dump prints and what people keep.
//
// In: text. Out: model.System with arrays and records scalarised, functions expanded,
// algorithms turned into equations; or a list of diagnostics. What is not supported is
// a diagnostic, never a changed meaning. The writer's text reads back to the identical
// system.
//
// Sources: the grammar of MCP-0031 and the Modelica Language Specification 3.6.
//
// # How the language is mapped
//
// Names lose their quotes; array elements are named x[2] and A[1,3], members of records
// r.a. A declaration equation of an unknown becomes an equation, in front of those of the
// equation sections. A variable that a when-clause sets is a DiscreteVar; a variable
// declared discrete that an equation determines is an Unknown. Parameters whose value was
// needed while reading (an array size, a branch with another number of equations) become
// Structural. Functions are executed with terms as values and so expanded; a call that
// depends on a loop whose end is known only at run time becomes a call of an interpreter
// (expr.Func), with central differences as derivatives. An algorithm section becomes one
// equation for each variable it assigns, its when-statements become when-clauses; of two
// that set the same variables the later has precedence. In an if-equation equations for
// the same left side are paired. A text in a message that depends on the run shows the
// formula in braces.
//
// The annotation __mtkc is our own. On variables, equations, asserts and when-clauses:
// pos="file:line:col" (an empty file: the last one given), path="instance.path",
// connection=true, analysisPoint="name" (on input = output), tunable=true, isDiscrete=true, isOutput=true,
// noise="Ito" or "Stratonovich" (on input Real, see model.WhiteNoise), branches={pos, ...}; on the model:
// solver="...".
//
// # Diagnostics
//
//	W150  the version line //! base ... is missing
//	E150  the file cannot be opened or read
//	E151  characters that form no token: a comment, string or name without end, a number too large
//	E152  syntax: something else was expected here
//	E153  nesting too deep
//	E154  the name behind end is another one
//	E155  no model in the file, or more than one
//	E156  a name is declared twice, or a variable outside the model
//	E157  unknown name, member or enumeration value
//	E158  unknown type, or a type defined by itself
//	E159  unknown function
//	E160  wrong number or names of arguments, targets or members
//	E161  types do not fit
//	E162  sizes do not fit, or a subscript is out of range
//	E163  a value must be known at compile time and is not
//	E164  branches of an if-equation with different numbers of equations
//	E165  what cannot stand in, or only in, a when
//	E166  a construct that is not part of the flat format, or not supported
//	E167  an algorithm section that cannot become equations
//	E168  a function that cannot be executed
//	E169  a wrong attribute or annotation
//	E170  assignment to what is no variable
//	E172  a parameter or size that depends on itself
//	E174  the model, a loop or an array is too large
package basemodelica
