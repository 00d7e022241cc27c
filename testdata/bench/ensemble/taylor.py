"""Lorenz trajectories by heyoka in batches of 8: the yardstick of ensembles with high accuracy.

    python taylor.py SAMPLES TOL

SAMPLES has a Rayleigh number on each line, a multiple of 8 of them. Prints one JSON object: seconds of processor time of all
trajectories from (1, 0, 0) at t = 0 to t = 10, the least of three runs, and the final states.
"""
import json
import sys
import time

import heyoka as hy
import numpy as np

W = 8
r = np.loadtxt(sys.argv[1])
x, y, z = hy.make_vars("x", "y", "z")
equations = [(x, 10.0 * (y - x)), (y, x * (hy.par[0] - z) - y), (z, x * y - 8.0 / 3.0 * z)]
ta = hy.taylor_adaptive_batch(equations, np.zeros((3, W)), pars=np.zeros((1, W)), tol=float(sys.argv[2]))
final = np.empty((len(r), 3))


def run(n):
    for i in range(0, n, W):
        ta.state[:] = [[1.0] * W, [0.0] * W, [0.0] * W]
        ta.pars[0, :] = r[i : i + W]
        ta.set_time(0.0)
        ta.propagate_until(10.0)
        final[i : i + W] = ta.state.T


run(80)
best = float("inf")
for _ in range(3):
    start = time.thread_time()
    run(len(r))
    best = min(best, time.thread_time() - start)
print(json.dumps({"seconds": best, "final": final.ravel().tolist()}))
