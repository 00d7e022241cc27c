package sbml_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/runtime/ode"
)

// chance is a document with the package distrib, of which formulas are written as in the formula language of Level 3: {name args}
// is a draw or an operator of MathML, everything else a number or a name.
func chance(lists string) string {
	var b strings.Builder
	for {
		from := strings.IndexByte(lists, '{')
		if from < 0 {
			break
		}
		b.WriteString(lists[:from])
		lists = lists[from:]
		b.WriteString(`<math xmlns="http://www.w3.org/1998/Math/MathML">` + mathML(&lists) + `</math>`)
	}
	return `<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" xmlns:distrib="http://www.sbml.org/sbml/level3/version1/distrib/version1" level="3" version="2" distrib:required="true"><model id="m">` +
		b.String() + lists + `</model></sbml>`
}

// mathML translates the formula at the start of s and takes it away.
func mathML(s *string) string {
	*s = strings.TrimLeft(*s, " \n\t")
	if (*s)[0] != '{' {
		n := strings.IndexAny(*s, " {}")
		word := (*s)[:n]
		*s = (*s)[n:]
		if strings.ContainsAny(word[:1], "-.0123456789") {
			return "<cn>" + word + "</cn>"
		}
		return "<ci>" + word + "</ci>"
	}
	*s = (*s)[1:]
	n := strings.IndexAny(*s, " {}")
	op := (*s)[:n]
	*s = (*s)[n:]
	var args []string
	for {
		*s = strings.TrimLeft(*s, " \n\t")
		if (*s)[0] == '}' {
			*s = (*s)[1:]
			break
		}
		args = append(args, mathML(s))
	}
	all := strings.Join(args, "")
	switch {
	case op == "time":
		return `<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> time </csymbol>`
	case op == "same":
		return all
	case op == "piecewise":
		return "<piecewise><piece>" + args[0] + args[1] + "</piece><otherwise>" + args[2] + "</otherwise></piecewise>"
	case strings.HasPrefix(op, "f_"):
		return "<apply><ci>" + op + "</ci>" + all + "</apply>"
	case strings.Contains("plus minus times divide geq lt gt", op):
		return "<apply><" + op + "/>" + all + "</apply>"
	}
	return `<apply><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/distrib/` + op + `"> ` + op + ` </csymbol>` + all + `</apply>`
}

// chances compiles a document.
func chances(t *testing.T, lists string) *ode.Problem {
	t.Helper()
	sys, found := sbml.Read(strings.NewReader(chance(lists)), "m.xml")
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	p, found := mtkc.NewSystem(sys, mtkc.Options{Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// paths solves a problem from 0 to 1 on n paths, by one integrator that is reset, and gives the variables at the end to each.
func paths(t *testing.T, p *ode.Problem, n int, names []string, each func(path int, v []float64)) {
	t.Helper()
	opt := ode.Options{Span: [2]float64{0, 1}, Seed: 11}
	in, err := ode.NewIntegrator(t.Context(), p, opt)
	for path := range n {
		if path > 0 {
			opt.Path = uint64(path)
			err = in.Reset(t.Context(), opt)
		}
		for err == nil && !in.Done() {
			err = in.Step()
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := in.Solution().Final(names)
		if err != nil {
			t.Fatal(err)
		}
		each(path, v)
	}
}

const normalParameter = `<listOfParameters><parameter id="k" constant="true"/><parameter id="sd" value="2" constant="true"/><parameter id="twice" constant="true"/><parameter id="u" constant="true"/><parameter id="x" constant="false"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="twice">{times 2 k}</initialAssignment><initialAssignment symbol="k">{normal 10 sd}</initialAssignment>
<initialAssignment symbol="u">{uniform k {plus k 1}}</initialAssignment><initialAssignment symbol="x">{plus u {uniform 0 1}}</initialAssignment></listOfInitialAssignments>
<listOfRules><rateRule variable="x">{same k}</rateRule></listOfRules>`

// Initial assignments draw once a run, before everything that depends on them; what is drawn is a function of seed and path.
func TestDrawInitially(t *testing.T) {
	const n = 4000
	p := chances(t, normalParameter)
	names := []string{"k", "twice", "u", "x"}
	sum, squares := 0.0, 0.0
	var first, second []float64
	paths(t, p, n, names, func(path int, v []float64) {
		k, u, x0 := v[0], v[2], v[3]-v[0]
		if v[1] != 2*k || u < k || u > k+1 || x0 < u-1e-9 || x0 > u+1+1e-9 {
			t.Fatalf("path %d: k, 2k, u, x are %v", path, v)
		}
		sum += k - 10
		squares += (k - 10) * (k - 10)
		switch path {
		case 0:
			first = v
		case 1:
			second = v
		}
	})
	mean, variance := sum/n, squares/n
	if math.Abs(mean) > 4*2/math.Sqrt(n) || math.Abs(variance/4-1) > 4*math.Sqrt(2.0/n) { // 4 standard errors
		t.Errorf("k has mean %v and variance %v", 10+mean, variance)
	}
	for path, want := range [][]float64{first, second} {
		sol, err := ode.Solve(t.Context(), p, ode.Options{Span: [2]float64{0, 1}, Seed: 11, Path: uint64(path)})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := sol.Final(names); got[0] != want[0] || got[3] != want[3] {
			t.Errorf("path %d is %v, then %v", path, want, got)
		}
	}
	sol, err := ode.Solve(t.Context(), p, ode.Options{Span: [2]float64{0, 1}, Seed: 12})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := sol.Final(names); got[0] == first[0] || first[0] == second[0] {
		t.Error("another seed or path gives the same number")
	}
	// What the user sets is not drawn, and what depends on it follows.
	sol, err = ode.Solve(t.Context(), p, ode.Options{Span: [2]float64{0, 1}, Set: map[string]float64{"k": 3}})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := sol.Final(names); got[0] != 3 || got[1] != 6 || got[2] < 3 || got[2] > 4 {
		t.Errorf("with k = 3: %v", got)
	}
}

// Events draw when they are executed, or triggered: anew in each place of a formula and in each call of a function.
func TestDrawInEvents(t *testing.T) {
	const n = 4000
	p := chances(t, `<listOfFunctionDefinitions><functionDefinition id="f_noise"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci> a </ci></bvar><apply><plus/><ci> a </ci><apply>
<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/distrib/normal"> normal </csymbol><cn> 0 </cn><cn> 1 </cn></apply></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>
<listOfParameters><parameter id="d" value="0" constant="false"/><parameter id="coin" value="7" constant="false"/><parameter id="safe" value="7" constant="false"/><parameter id="at" value="0" constant="false"/><parameter id="was" value="0" constant="false"/>
<parameter id="s" value="0" constant="false"/></listOfParameters>
<listOfRules><rateRule variable="s">{same 1}</rateRule></listOfRules>
<listOfEvents><event id="e" useValuesFromTriggerTime="false"><trigger initialValue="true" persistent="true">{geq s 0.25}</trigger><delay>{uniform 0.1 0.2}</delay><listOfEventAssignments>
<eventAssignment variable="d">{minus {f_noise 1} {f_noise 0}}</eventAssignment>
<eventAssignment variable="coin">{piecewise 1 {lt {uniform 0 1} 0.3} 0}</eventAssignment>
<eventAssignment variable="safe">{piecewise {normal 0 {minus s 1}} {gt s 2} 5}</eventAssignment>
<eventAssignment variable="at">{same s}</eventAssignment></listOfEventAssignments></event>
<event id="g" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{geq s 0.25}</trigger><delay>{same 0.5}</delay><listOfEventAssignments>
<eventAssignment variable="was">{normal s 0}</eventAssignment></listOfEventAssignments></event></listOfEvents>`)
	var sum, squares, heads, late float64
	paths(t, p, n, []string{"d", "coin", "safe", "at", "was"}, func(path int, v []float64) {
		if v[2] != 5 || v[3] < 0.35 || v[3] > 0.45 || math.Abs(v[4]-0.25) > 1e-9 || v[1] != 0 && v[1] != 1 {
			t.Fatalf("path %d: %v", path, v)
		}
		sum += v[0] - 1
		squares += (v[0] - 1) * (v[0] - 1)
		heads += v[1]
		late += v[3] - 0.4
	})
	// Bounds of 4 standard errors: two independent normal numbers, a coin of 0.3, a delay with the standard deviation 0.1/sqrt(12).
	if math.Abs(sum/n) > 4*math.Sqrt(2.0/n) || math.Abs(squares/n/2-1) > 4*math.Sqrt(2.0/n) {
		t.Errorf("the difference of two calls has mean %v and variance %v, want 1 and 2", 1+sum/n, squares/n)
	}
	if math.Abs(heads/n-0.3) > 4*math.Sqrt(0.3*0.7/n) || math.Abs(late/n) > 4*0.1/math.Sqrt(12*n) {
		t.Errorf("the coin falls with %v, the mean of the delay is %v", heads/n, 0.15+late/n)
	}
}

// A run that was saved draws the same numbers afterwards.
func TestDrawAfterRestore(t *testing.T) {
	p := chances(t, `<listOfParameters><parameter id="x" value="0" constant="false"/><parameter id="s" value="0" constant="false"/></listOfParameters>
<listOfRules><rateRule variable="s">{same 1}</rateRule></listOfRules>
<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{geq s 0.1}</trigger><listOfEventAssignments>
<eventAssignment variable="x">{plus x {gamma 2 1}}</eventAssignment><eventAssignment variable="s">{same 0}</eventAssignment></listOfEventAssignments></event></listOfEvents>`)
	in, err := ode.NewIntegrator(t.Context(), p, ode.Options{Span: [2]float64{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	var saved []byte
	end := func() float64 {
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			if saved == nil && in.T() > 0.5 {
				if saved, err = in.Save(); err != nil {
					t.Fatal(err)
				}
			}
		}
		v, err := in.Solution().Final([]string{"x"})
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	want := end()
	if err := in.Restore(saved); err != nil {
		t.Fatal(err)
	}
	if got := end(); got != want {
		t.Errorf("the run ends at %v, after it was restored at %v", want, got)
	}
}

// What makes no sense ends the run with a message that names the distribution and the event.
func TestDrawFails(t *testing.T) {
	for _, c := range []struct{ lists, want string }{
		{strings.Replace(normalParameter, `id="sd" value="2"`, `id="sd" value="-2"`, 1), "random numbers: normal: the standard deviation is -2: it must be finite and not negative"},
		{`<listOfParameters><parameter id="x" value="0" constant="false"/></listOfParameters><listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="false" persistent="true">{geq {time} 0.5}</trigger>
<listOfEventAssignments><eventAssignment variable="x">{bernoulli {plus 1 {time}}}</eventAssignment></listOfEventAssignments></event></listOfEvents>`,
			"event e: bernoulli: the probability is 1.5: it must be between 0 and 1, at t = 0.5"},
	} {
		_, err := ode.Solve(t.Context(), chances(t, c.lists), ode.Options{Span: [2]float64{0, 1}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// Random numbers at all times, wrong numbers of arguments and names are diagnostics; uncertainties are left out with a warning.
func TestDrawDiagnostics(t *testing.T) {
	rule := func(formula string) string {
		return `<listOfParameters><parameter id="x" constant="false"/><parameter id="y" constant="false"/></listOfParameters><listOfRules><assignmentRule variable="x">` + formula + `</assignmentRule></listOfRules>`
	}
	for _, c := range []struct{ lists, code, want string }{
		{rule("{normal 0 1}"), "E227", "normal draws a random number where a formula holds at all times"},
		{rule("{plus 1 {poisson 1}}"), "E227", "poisson draws"},
		{rule("{normal 0 1 2}"), "E222", "normal with 3 arguments"},
		{rule("{weibull 0 1}"), "E222", `the csymbol "http://www.sbml.org/sbml/symbols/distrib/weibull" is not supported`},
		{`<listOfParameters><parameter id="x" value="0" constant="false"/></listOfParameters><listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{gt {uniform 0 1} 0.5}</trigger></event></listOfEvents>`, "E227", "uniform draws"},
		{`<listOfParameters><parameter id="x" constant="false"/><parameter id="k" constant="true"/></listOfParameters><listOfInitialAssignments><initialAssignment symbol="k">{normal x 1}</initialAssignment></listOfInitialAssignments>
<listOfRules><algebraicRule>{minus x 3}</algebraicRule></listOfRules>`, "E227", "an argument of normal depends on an algebraic rule"},
		{`<listOfParameters><parameter id="x" value="1" constant="true"><listOfUncertainties xmlns="http://www.sbml.org/sbml/level3/version1/distrib/version1"><uncertainty><uncertParameter type="mean" value="2"/></uncertainty></listOfUncertainties></parameter></listOfParameters>`,
			"W220", "the uncertainties of the package distrib do not change the simulation and are left out"},
	} {
		_, found := sbml.Read(strings.NewReader(chance(c.lists)), "m.xml")
		if len(found) != 1 || found[0].Code != c.code || !strings.Contains(found[0].Message, c.want) {
			t.Errorf("%s\n%v, want %s %s", c.lists, found, c.code, c.want)
		}
	}
}
