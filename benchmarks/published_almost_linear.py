"""The authors' own almost-linear network (M = 20, P = 2, Lorenz) by the measures that ours are held to.

The file is `alrnn_python/models/lorenz_m20_p2` of github.com/DurstewitzLab/ALRNN-DSR (with arXiv 2410.14240), the data
it was trained on `alrnn_python/lorenz63_train.npy` there; neither is part of this repository. The network lives in
standardised coordinates of data with 5 % error, so the truth is standardised likewise. Nothing in the file is executed:
its arrays are read as bytes.

    python benchmarks/published_almost_linear.py lorenz_m20_p2 lorenz63_train.npy
"""

import argparse
import zipfile
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from attractor_statistics import EXACT, WORLDS, distances, truths_of

from gnomon.numerics.code_topology import fixed_points
from gnomon.numerics.fates import fate_of, reach_of
from gnomon.numerics.symbolic_code import region_symbols, visited_regions
from gnomon.spec.registry import build

UNITS, RECTIFIED, CHANNELS, ERROR = 20, 2, 3, 0.05


class Network(NamedTuple):
    """z' = A z + W phi(z) + h, started from z = x B."""

    relaxation: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    start: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100_000)
    told = parser.parse_args()
    network, data = read_network(told.network), np.load(told.data).astype(float)
    kind, args = WORLDS[EXACT]
    with jax.enable_x64(True):
        truths = truths_of(build("worlds", kind, args), told.runs, told.steps, seed=98)
    centre, spread = data.mean(axis=0), np.sqrt(data.var(axis=0) - ERROR**2)
    rows = []
    for i, truth in enumerate(truths):
        states = free(network, data[(i + 1) * 1000], told.steps)
        seen = (states[:, :CHANNELS] - centre) / spread
        wanted = (truth - truth.mean(axis=0)) / truth.std(axis=0)
        rows.append(distances(wanted, seen))
        found, shares = visited_regions(region_symbols(states[:, -RECTIFIED:]))
        regions = ", ".join(f"{s}: {x:.4f}" for s, x in zip(found, shares, strict=True))
        print(f"run {i}: {fate_of(seen, reach_of(wanted[None]))}; regions {regions}; {rows[-1]}", flush=True)
    mean = np.mean(rows, axis=0)
    print(f"mean D_stsp {mean[0]:.3f} (as published {mean[1]:.3f}), D_H {mean[2]:.3f}, escaped {mean[3]:.2%}")
    for p in fixed_points(network.relaxation, network.weights, network.offset, RECTIFIED):
        at = ((p.state[:CHANNELS] - centre) / spread).round(2)
        print(
            f"region {p.symbol}: {'real' if p.real else 'virtual'} fixed point {at}, modulus {p.largest:.5f}"
        )


def read_network(path: Path) -> Network:
    """Its four arrays, told apart by their sizes and the order in which they were stored."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.rpartition("/")[0].endswith("/data")]
        order = sorted(names, key=lambda n: int(n.rpartition("/")[2]))
        flat = [np.frombuffer(archive.read(n), "<f4").astype(float) for n in order]
    square = UNITS * UNITS
    sizes = [square, square, UNITS, CHANNELS * UNITS]
    if [x.size for x in flat] != sizes:
        raise SystemExit(f"{path}: arrays of {[x.size for x in flat]} numbers, wanted {sizes}")
    a, w, h, b = flat
    # the diagonal was stored as a view of the matrix it was taken from
    return Network(
        np.diagonal(a.reshape(UNITS, UNITS)), w.reshape(UNITS, UNITS), h, b.reshape(CHANNELS, UNITS)
    )


def free(network: Network, first: np.ndarray, steps: int) -> np.ndarray:
    """[step, unit] of a free run."""
    z = first @ network.start
    z[:CHANNELS] = first
    states = np.empty((steps, UNITS))
    for n in range(steps):
        felt = z.copy()
        felt[-RECTIFIED:] = np.maximum(felt[-RECTIFIED:], 0)
        z = network.relaxation * z + network.weights @ felt + network.offset
        states[n] = z
    return states


if __name__ == "__main__":
    main()
