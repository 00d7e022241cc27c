package expr

import "testing"

func TestLaTeX(t *testing.T) {
	cases := []struct{ in, want string }{
		{"x/y", `\frac{x}{y}`},
		{"(x + 1)/(2*y)", `\frac{x + 1}{2 y}`},
		{"-2/3*x", `-\frac{2 x}{3}`},
		{"sqrt(x + y)", `\sqrt{x + y}`},
		{"x^(1/3)", `\sqrt[3]{x}`},
		{"(x + y)^2", `\left(x + y\right)^{2}`},
		{"exp(-x)", `e^{-x}`},
		{"exp(x)^y", `\left(e^{x}\right)^{y}`},
		{"der(x) + der(der(y))", `\dot{x} + \ddot{y}`},
		{"der(x*y)", `\frac{d}{dt}\left(x y\right)`},
		{"if x > 0 then x else -x", `\begin{cases} x & \text{if } 0 < x \\ -x & \text{otherwise} \end{cases}`},
		{"sin(x)*cos(y)", `\sin\left(x\right) \cos\left(y\right)`},
		{"abs(x - y)", `\left\lvert x - y \right\rvert`},
		{"sigma_max*k1 - y[3]", `\sigma_{\mathrm{max}} k_{1} - y_{3}`},
		{"r1.p.v", `\mathrm{r1.p.}v`},
		{"1.5e-7*x", `1.5 \cdot 10^{-7} x`},
		{"x <= y and not x < 1", `x \le y \land \lnot \left(x < 1\right)`},
		{"x*(y + 1)", `x \left(y + 1\right)`},
		{"1/(x*y)", `\frac{1}{x y}`},
		{"2*time", `2 t`},
		{"log(x)/log10(y)", `\frac{\ln\left(x\right)}{\log_{10}\left(y\right)}`},
		{"mod(x, 3)", `x \bmod 3`},
		{"initial()", `\operatorname{initial}\left(\right)`},
		{"max(x, y)^2", `\max\left(x, y\right)^{2}`},
	}
	for _, c := range cases {
		p := NewPool()
		p.Sym("x")
		p.Sym("y")
		if got := p.LaTeX(p.MustParse(c.in), LaTeXOptions{}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}
