// Package basemodelica reads and writes flat models in Base Modelica, the flat subset of
// Modelica (Modelica Change Proposal MCP-0031): what other tools export and what the
// stages of this compiler hand over between processes.
//
// In: text. Out: model.System with arrays and records scalarised, functions expanded,
// algorithms turned into equations; or a list of diagnostics. What is not supported is
// a diagnostic, never a changed meaning. The writer's text reads back to the identical
// system.
//
// Sources: the grammar of MCP-0031 and the Modelica Language Specification 3.6.
package basemodelica
