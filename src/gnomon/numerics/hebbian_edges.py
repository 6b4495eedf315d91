"""The closed curves that bound the spectrum of a sequence-storing matrix, and what is read off them.

Equations in `gnomon.numerics.hebbian_theory`; this file finds the level set F(w) = 1 and carries it to z.
"""

from typing import NamedTuple

import numpy as np

from gnomon.numerics.hebbian_contours import closed_curves, polished
from gnomon.numerics.hebbian_theory import Complex, Weights, growth, position, symbol


class Void(NamedTuple):
    """A hole in the spectrum.

    Attributes:
        edge: [point] closed curve around it.
        edge_w: [point] w there; 1/w is the resolvent.
        centre: of the largest disc in it, to a mesh's width; on the real axis where the void is its own mirror image.
        radius: of the largest disc about that centre that is free of spectrum, an atom at 0 apart.
    """

    edge: Complex
    edge_w: Complex
    centre: complex
    radius: float


class Edges(NamedTuple):
    """The boundary of a spectrum.

    Attributes:
        outer: [point] closed outer curve.
        outer_w: [point] w there.
        voids: widest first; of a pair that mirrors each other in the real axis the upper one only.
        max_re: largest real part on the outer curve.
        max_im: largest imaginary part.
        max_abs: largest modulus.
    """

    outer: Complex
    outer_w: Complex
    voids: tuple[Void, ...]
    max_re: float
    max_im: float
    max_abs: float


def spectral_edges(weights: Weights, load: float, *, grid: int = 401, smallest: float = 0.01) -> Edges:
    """Outer boundary and voids of J = (1/N) xi^T C xi for N without end at P = load N.

    Curves are found on a grid in the plane of w and then moved onto F = 1. A void narrower than the mesh is missed, and
    where c(t) passes through zero the curves have cusps at 0 that are cut off at a mesh's width.

    Args:
        weights: c_r for r = 0, 1, ...; not all zero.
        load: patterns for each neuron, positive.
        grid: points along the real axis.
        smallest: radius, over that of the spectrum, below which a void is left out.
    """
    if not load > 0 or not np.any(np.asarray(weights)):
        raise ValueError(
            f"expected a positive load and a weight other than zero, got load {load} and weights {list(weights)}"
        )

    def level(w: np.ndarray) -> np.ndarray:  # near c(t) F is one over the distance, so this is nearly linear
        with np.errstate(all="ignore"):
            return np.nan_to_num(1 - 1 / growth(weights, load, w), nan=1.0)

    x, y = _plane(weights, load, grid)
    upper = level(x[None, :] + 1j * y[y.size // 2 :, None])
    values = _with_curve(np.concatenate([upper[:0:-1], upper]), weights, x, y)
    curves = [polished(level, c, x[1] - x[0]) for c in closed_curves(values, x, y)]
    if not curves:
        raise ArithmeticError(
            "no edge was found on the grid; the load is too small for its mesh: raise `grid`"
        )
    around = max(curves, key=lambda c: np.ptp(c.real) + np.ptp(c.imag))
    outer = position(weights, load, around)
    size = float(np.abs(outer).max())
    inner = [c for c in curves if c is not around and c[:-1].imag.mean() > -1e-9 * size]
    found = [_void(weights, load, c, x[None, :] + 1j * y[:, None]) for c in inner]
    voids = sorted((v for v in found if v and v.radius > smallest * size), key=lambda v: -v.radius)
    return Edges(outer, around, tuple(voids), float(outer.real.max()), float(outer.imag.max()), size)


def onset(weights: Weights, load: float) -> float:
    """The gain g_c = 1 / max Re z at which rest, x = 0 of dx/dt = -x + g J tanh x, loses stability; inf if never.

    What misleads: chaos need not begin there (a limit cycle or another fixed point may), and it is the limit of many
    neurons.
    """
    most = spectral_edges(weights, load, grid=201).max_re
    return 1 / most if most > 0 else float("inf")


def _plane(weights: Weights, load: float, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """A square mesh that holds all of F >= 1, which is nowhere farther than sqrt(load) max |c| from the curve c(t)."""
    curve = symbol(weights, np.linspace(0, 2 * np.pi, 2001))
    margin = 1.05 * np.sqrt(load) * float(np.abs(curve).max())
    x = np.linspace(curve.real.min() - margin, curve.real.max() + margin, grid)
    half = int(np.ceil((curve.imag.max() + margin) / (x[1] - x[0])))
    # real multiples of the mesh would put real crossings of c(t) on the grid, where F is infinite
    return x, (x[1] - x[0]) * np.arange(-half, half + 1)


def _with_curve(values: np.ndarray, weights: Weights, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The values with the nodes that c(t) passes by marked as spectrum: F is infinite on it, however thin the band."""
    mesh = x[1] - x[0]
    curve = symbol(weights, np.linspace(0, 2 * np.pi, 100 * x.size))
    column, row = (
        np.rint((curve.real - x[0]) / mesh).astype(int),
        np.rint((curve.imag - y[0]) / mesh).astype(int),
    )
    values = values.copy()
    values[row, column] = np.maximum(values[row, column], 1e-3)
    return values


def _void(weights: Weights, load: float, curve: Complex, w: Complex) -> Void | None:
    edge = position(weights, load, curve)
    nodes = w.ravel()[inside(curve, w.ravel())]
    if not nodes.size:
        return None
    if abs(curve[:-1].imag.mean()) < 1e-9 * np.ptp(curve.real):  # its own mirror image
        nodes = nodes[np.abs(nodes.imag) < 1e-12] if np.any(np.abs(nodes.imag) < 1e-12) else nodes
    places = position(weights, load, nodes[:: max(1, nodes.size // 2000)])
    free = np.abs(edge[None, :] - places[:, None]).min(1)
    return Void(edge, curve, complex(places[free.argmax()]), float(free.max()))


def inside(curve: Complex, points: Complex) -> np.ndarray:
    """[point] whether points lie inside a closed curve, by crossings of a ray to the right."""
    a, b = curve[:-1], curve[1:]
    parity = np.zeros(points.shape, bool)
    for p, q in zip(a, b, strict=True):
        if p.imag == q.imag:
            continue
        spans = (p.imag > points.imag) != (q.imag > points.imag)
        at = p.real + (points.imag - p.imag) * (q.real - p.real) / (q.imag - p.imag)
        parity ^= spans & (points.real < at)
    return parity
