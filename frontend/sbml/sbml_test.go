package sbml_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/runtime/ode"
)

// document is a model around the given lists.
func document(lists string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">` + lists + `</model></sbml>`
}

func parameter(id, value string) string {
	return fmt.Sprintf(`<parameter id="%s" value="%s" constant="false"/>`, id, value)
}

// final solves a document from 0 to 1 and returns variables at the end.
func final(t *testing.T, doc string, names ...string) []float64 {
	t.Helper()
	sys, found := sbml.Read(strings.NewReader(doc), "m.xml")
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	p, found := mtkc.NewSystem(sys, mtkc.Options{Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-10, AbsTol: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	v, err := sol.Final(names)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFormulas evaluates MathML with x = 0.5.
func TestFormulas(t *testing.T) {
	const x = 0.5
	ap := func(op string, args ...string) string {
		return "<apply><" + op + "/>" + strings.Join(args, "") + "</apply>"
	}
	cx := "<ci> x </ci>"
	cn := func(v string) string { return "<cn>" + v + "</cn>" }
	for _, c := range []struct {
		formula string
		want    float64
	}{
		{cn("2.5"), 2.5},
		{`<cn type="e-notation"> 2 <sep/> -3 </cn>`, 2e-3},
		{`<cn type="rational"> 1 <sep/> 4 </cn>`, 0.25},
		{`<cn type="integer"> 7 </cn>`, 7},
		{"<pi/>", math.Pi}, {"<exponentiale/>", math.E},
		{ap("plus"), 0}, {ap("times"), 1}, {ap("plus", cx, cx, cx), 1.5}, {ap("minus", cx), -0.5}, {ap("minus", cx, cn("2")), -1.5},
		{ap("power", cx, cn("3")), 0.125}, {ap("root", cx), math.Sqrt(x)}, {ap("root", "<degree>"+cn("3")+"</degree>", cx), math.Cbrt(x)},
		{ap("log", cx), math.Log10(x)}, {ap("log", "<logbase>"+cn("2")+"</logbase>", cx), -1}, {ap("ln", cx), math.Log(x)},
		{ap("factorial", cn("5")), 120}, {ap("sec", cx), 1 / math.Cos(x)}, {ap("arccot", cx), math.Atan(1 / x)}, {ap("arcsech", cx), math.Acosh(1 / x)},
		{ap("max", cx, cn("2"), cn("1")), 2}, {ap("min", cx, cn("2")), 0.5}, {ap("rem", cn("-7"), cn("3")), -1}, {ap("quotient", cn("-7"), cn("3")), -2},
		{ap("lt", cn("0"), cx, cn("1")), 1}, {ap("lt", cn("0"), cx, cx), 0}, {ap("eq", cx, cx), 1}, {ap("neq", cx, cn("1")), 1},
		{ap("and"), 1}, {ap("or"), 0}, {ap("xor", "<true/>", "<true/>", "<true/>"), 1}, {ap("implies", "<true/>", "<false/>"), 0}, {ap("not", cn("0")), 1},
		{"<piecewise><piece>" + cn("1") + ap("gt", cx, cn("1")) + "</piece><otherwise>" + cn("2") + "</otherwise></piecewise>", 2},
		{ap("plus", ap("gt", cx, cn("0")), cn("1")), 2},
		{"<apply><ci> f </ci>" + cx + cn("3") + "</apply>", 3.5},
	} {
		doc := document(`<listOfFunctionDefinitions><functionDefinition id="f"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci> a </ci></bvar><bvar><ci> b </ci></bvar>` +
			ap("plus", "<ci> a </ci>", "<ci> b </ci>") + `</lambda></math></functionDefinition></listOfFunctionDefinitions><listOfParameters>` +
			parameter("x", "0.5") + `<parameter id="y" constant="false"/></listOfParameters><listOfRules><assignmentRule variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML">` +
			c.formula + `</math></assignmentRule></listOfRules>`)
		if got := final(t, doc, "y")[0]; math.Abs(got-c.want) > 1e-14*math.Abs(c.want) {
			t.Errorf("%s = %v, want %v", c.formula, got, c.want)
		}
	}
}

// A compartment that grows dilutes a species: its amount stays.
func TestDilution(t *testing.T) {
	doc := document(`<listOfCompartments><compartment id="C" spatialDimensions="3" size="1" constant="false"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="C" initialConcentration="3" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfRules><rateRule variable="C"><math xmlns="http://www.w3.org/1998/Math/MathML"><cn> 1 </cn></math></rateRule></listOfRules>`)
	if got := final(t, doc, "C", "S", "S.amount"); math.Abs(got[0]-2) > 1e-9 || math.Abs(got[1]-1.5) > 1e-9 || got[2] != 3 {
		t.Errorf("C, S and its amount are %v, want 2, 1.5, 3", got)
	}
}

// endless is a document of n reactions that is never in memory as a whole.
func endless(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprint(w, `<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m"><notes>`)
		for range n {
			fmt.Fprint(w, `<p xmlns="http://www.w3.org/1999/xhtml">What a tool that annotates every element writes, again and again and again.</p>`)
		}
		fmt.Fprint(w, `</notes><listOfParameters><parameter id="k" value="1" constant="true"/></listOfParameters></model></sbml>`)
		w.Close()
	}()
	return r
}

// Annotations are not kept: 20 MB of them take no memory to speak of.
func TestStreaming(t *testing.T) {
	const n = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, found := sbml.Decode(endless(n), "m.xml")
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(m.Parameters) != 1 {
		t.Fatal("the parameter is lost")
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// Files that are cut or nested without end are diagnostics.
func TestBroken(t *testing.T) {
	whole := document(`<listOfParameters>` + parameter("x", "1") + `</listOfParameters>`)
	for i := range len(whole) - 1 {
		if _, found := sbml.Read(strings.NewReader(whole[:i]), "m.xml"); found.Errors() == 0 {
			t.Fatalf("cut at %d it is read", i)
		}
	}
	deep := document(`<listOfRules><algebraicRule><math xmlns="http://www.w3.org/1998/Math/MathML">` + strings.Repeat("<apply><minus/>", 20000) + `</math></algebraicRule></listOfRules>`)
	if _, found := sbml.Read(strings.NewReader(deep), "m.xml"); found.Errors() == 0 {
		t.Error("formulas nested without end are read")
	}
}

// Latin-1 is read, whatever the size of the pieces.
func TestLatin1(t *testing.T) {
	doc := strings.Replace(document(`<listOfParameters><parameter id="k" name="Gr\xf6\xdfe" value="1" constant="true"/></listOfParameters>`), "UTF-8", "ISO-8859-1", 1)
	doc = strings.NewReplacer(`\xf6`, "\xf6", `\xdf`, "\xdf").Replace(doc)
	for _, in := range []io.Reader{strings.NewReader(doc), iotest.OneByteReader(strings.NewReader(doc))} {
		m, found := sbml.Decode(in, "m.xml")
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		if m.Parameters[0].Name != "Größe" {
			t.Errorf("the name is %q", m.Parameters[0].Name)
		}
	}
}

// A submodel is copied twice, once with another time; its parameter k is replaced by that of
// the model around it, its rule for y deleted in the second copy.
func TestSubmodels(t *testing.T) {
	const doc = `<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" level="3" version="2" comp:required="true">
<comp:listOfModelDefinitions><comp:modelDefinition id="inner">
<listOfParameters><parameter id="k" value="1" constant="true"/><parameter id="x" value="0" constant="false"/><parameter id="y" value="7" constant="false"/></listOfParameters>
<listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci> k </ci></math></rateRule>
<assignmentRule metaid="rule_y" variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML"><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> t </csymbol></math></assignmentRule></listOfRules>
</comp:modelDefinition></comp:listOfModelDefinitions>
<model id="outer"><comp:listOfSubmodels><comp:submodel comp:id="A" comp:modelRef="inner" comp:timeConversionFactor="slow"/>
<comp:submodel comp:id="B" comp:modelRef="inner"><comp:listOfDeletions><comp:deletion comp:metaIdRef="rule_y"/></comp:listOfDeletions></comp:submodel></comp:listOfSubmodels>
<listOfParameters><parameter id="slow" value="4" constant="true"/>
<parameter id="K" value="3" constant="true"><comp:listOfReplacedElements><comp:replacedElement comp:submodelRef="A" comp:idRef="k"/><comp:replacedElement comp:submodelRef="B" comp:idRef="k"/></comp:listOfReplacedElements></parameter></listOfParameters>
</model></sbml>`
	want := []float64{0.75, 0.25, 3, 7}
	for i, got := range final(t, doc, "A__x", "A__y", "B__x", "B__y") {
		if math.Abs(got-want[i]) > 1e-9 {
			t.Errorf("variable %d is %v, want %v", i, got, want[i])
		}
	}
}

// Moles in a cell, some 1e-21, are as accurate as amounts of ordinary size, whatever way their start is given, and whatever
// their names mean.
func TestSmallAmounts(t *testing.T) {
	law := func(text string) string {
		return `<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">` + text + `</math></kineticLaw>`
	}
	for _, start := range []string{`initialAmount="1.66e-21"`, `initialConcentration="1.66e-6"`} {
		for _, attribute := range []string{"false", "true"} {
			size := "<ci> C </ci>"
			if attribute == "true" { // the name means the amount
				size = ""
			}
			doc := document(`<listOfCompartments><compartment id="C" spatialDimensions="3" size="1e-15" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="C" ` + start + ` hasOnlySubstanceUnits="` + attribute + `" boundaryCondition="false" constant="false"/>
<species id="B" compartment="C" initialAmount="0" hasOnlySubstanceUnits="` + attribute + `" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfReactions><reaction id="r" reversible="false"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>` + law("<apply><times/>"+size+"<cn> 0.2 </cn><ci> A </ci></apply>") + `</reaction></listOfReactions>`)
			sys, found := sbml.Read(strings.NewReader(doc), "m.xml")
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			p, found := mtkc.NewSystem(sys, mtkc.Options{}).Problem(context.Background())
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 20}, Solver: "Rodas5P"})
			if err != nil {
				t.Fatal(err)
			}
			amount := []string{"A.amount", "B.amount"}
			if attribute == "true" {
				amount = []string{"A", "B"}
			}
			v, err := sol.Final(amount)
			if err != nil {
				t.Fatal(err)
			}
			a := 1.66e-21 * math.Exp(-0.2*20)
			if math.Abs(v[0]/a-1) > 1e-4 || math.Abs(v[1]/(1.66e-21-a)-1) > 1e-4 {
				t.Errorf("%s, only substance: %s: %v, want %v and %v", start, attribute, v, a, 1.66e-21-a)
			}
		}
	}
}
