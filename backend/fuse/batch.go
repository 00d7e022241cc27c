package fuse

// Batch is a set of N trajectories of one problem with n states and np entries of p, row-major.
type Batch struct {
	N        int
	T, TEnd  []float64 // N: where each starts (in) and where it stopped (out, in T); where it ends
	U        []float64 // N*n: in, and out at T
	P        []float64 // N*np, with the discrete memory
	Save     []float64 // M ascending times, common to all; those in (T, TEnd] of a trajectory are saved
	Out      []float64 // N*M*n, entry [(i*M+k)*n+j]; untouched where not reached
	Status   []Stop    // N: in: Running, anything else means that the trajectory is left alone
	H        []float64 // N: in: the first step size, 0 = choose; out: the next one, where an event stopped it the one that crosses
	Steps    []int64   // N: accepted steps, counted up
	Rejected []int64   // N: rejected ones, counted up
}

// Stop says why an engine left a trajectory: the values of the entry Status.
type Stop int32
