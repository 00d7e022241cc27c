package sbml_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mtkc/mtkc/frontend/sbml"
)

var long = flag.Bool("long", false, "read documents of 100 MB")

// chain is a document of n species in a chain of reversible reactions with kinetic laws of their own parameters, about 1.1 kB for each: what
// tools write, with notes and annotations.
func chain(n int) io.Reader {
	r, pipe := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(pipe, 1<<16)
		fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="chain">
<listOfCompartments><compartment id="cell" spatialDimensions="3" size="1" constant="true"/></listOfCompartments>
<listOfSpecies>
`)
		for i := range n + 1 {
			fmt.Fprintf(w, `<species metaid="meta_%d" id="S%d" name="species number %d" compartment="cell" initialConcentration="%d" substanceUnits="mole" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false">
<annotation><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="#meta_%d"/></rdf:RDF></annotation></species>
`, i, i, i, i%7, i)
		}
		fmt.Fprint(w, "</listOfSpecies>\n<listOfReactions>\n")
		for i := range n {
			fmt.Fprintf(w, `<reaction id="R%d" reversible="true"><listOfReactants><speciesReference species="S%d" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="S%d" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci> cell </ci><apply><minus/><apply><times/><ci> k1 </ci><ci> S%d </ci></apply><apply><times/><ci> k2 </ci><ci> S%d </ci></apply></apply></apply></math>
<listOfLocalParameters><localParameter id="k1" value="%d"/><localParameter id="k2" value="0.5"/></listOfLocalParameters></kineticLaw></reaction>
`, i, i, i+1, i, i+1, i%11+1)
		}
		fmt.Fprint(w, "</listOfReactions></model></sbml>\n")
		w.Flush()
		pipe.Close()
	}()
	return r
}

// counter counts bytes.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// peak is the largest heap while f runs, looked at every few milliseconds.
func peak(f func()) uint64 {
	var stop atomic.Bool
	most := make(chan uint64)
	go func() {
		var m runtime.MemStats
		top := uint64(0)
		for !stop.Load() {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
			time.Sleep(5 * time.Millisecond)
		}
		most <- top
	}()
	f()
	stop.Store(true)
	return <-most
}

// A document of 100 MB is read into a system in less than 1 GB, at a rate of megabytes a second that does not fall with its size.
func TestLarge(t *testing.T) {
	n := 3000
	if *long {
		n = 90_000
	}
	debug.FreeOSMemory()
	in := &counter{Reader: chain(n)}
	var decode, build time.Duration
	most := peak(func() {
		start := time.Now()
		m, found := sbml.Decode(in, "chain.xml")
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		decode = time.Since(start)
		start = time.Now()
		sys, found := sbml.System(m)
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		build = time.Since(start)
		if len(m.Reactions) != n || len(sys.Equations) < 2*n {
			t.Fatalf("%d reactions, %d equations", len(m.Reactions), len(sys.Equations))
		}
	})
	t.Logf("%.1f MB: decoded in %.2f s, equations in %.2f s, peak of the heap %.0f MB", float64(in.n)/1e6, decode.Seconds(), build.Seconds(), float64(most)/1e6)
	if limit := 50e6 + 9*float64(in.n); float64(most) > limit {
		t.Errorf("%.0f MB of heap for %.1f MB of SBML", float64(most)/1e6, float64(in.n)/1e6)
	}
}
