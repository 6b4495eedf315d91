"""Correlation sums and the correlation dimension, with a standard error and a scaling range chosen by a stated rule."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

BITS = 3  # of the mantissa of squared distances: 16 edges an octave of distance
GRID = 6  # radii an octave at which local slopes are taken
PIECES = 20  # stretches of time that are left out in turn
SPARSE = 100  # pairs below the smallest radius of a range
TILE = 1500  # points a side of a table of distances, at most
LARGEST = 0.1  # correlation sum at the largest radius of a range
NARROWEST = 2.0  # octaves of a range; half as many where no range is that wide
END = 1.5  # thirds of a range from its middle to its end
FINEST = 1e-9  # standard deviations; closer points are rounding


class CorrelationSum(NamedTuple):
    """Shares of pairs closer than r.

    Attributes:
        radius: [radius] in standard deviations of the coordinates, six an octave.
        whole: [radius] C(r).
        left_out: [piece, radius] C(r) without each stretch of time in turn.
        pairs: [radius] pairs closer than r.
    """

    radius: np.ndarray
    whole: np.ndarray
    left_out: np.ndarray
    pairs: np.ndarray


class Dimension(NamedTuple):
    """A correlation dimension.

    Attributes:
        value: slope of ln C(r) against ln r; NaN where no range could be found.
        error: root of sampling^2 + drift^2.
        sampling: jackknife standard error over stretches of time.
        drift: what is left of the dependence on r, with its own noise.
        low, high: radii of the range, in standard deviations of the coordinates.
        pairs: closer than `high`.
        ceiling: 2 log10(points): dimensions near or above it cannot be told from so few points (Eckmann and Ruelle
            1992, doi:10.1016/0167-2789(92)90023-G).
    """

    value: float
    error: float
    sampling: float
    drift: float
    low: float
    high: float
    pairs: int
    ceiling: float


def correlation_dimension(points: np.ndarray, theiler: int = 0) -> Dimension:
    """Grassberger-Procaccia dimension of points on one attractor, range chosen by a rule.

    C(r) = share of pairs closer than r; D = slope of ln C against ln r (Grassberger and Procaccia 1983,
    doi:10.1103/PhysRevLett.50.346), by least squares over radii of equal ratios. Pairs less than `theiler` samples
    apart in time are left out (Theiler 1986, doi:10.1103/PhysRevA.34.2427).

    The rule: of all ranges of at least two octaves that begin where at least 100 pairs are closer and end at
    C(r) <= 0.1, the one with the smallest error. Its error has two parts: the jackknife over 20 stretches of time, and
    the drift: 3/2 of the standard deviation of the slopes of the range's three thirds, which is how far the slope at
    the small end is from that in the middle if it changes steadily, plus the noise of that standard deviation, lest a
    range look straight by chance. A wide range has little of the first, a narrow one at small r little of the second.
    Where the pairs do not fill two octaves, one octave is allowed. `benchmarks/estimators.py` prints how far it is off,
    in its own errors, on sets of known dimension.

    What misleads: where the density has root singularities, as under a fold, C(r) has a factor ln(1/r) and slopes
    approach the dimension only logarithmically: on the logistic map at r = 4 and on phase-coherent flows such as
    Roessler's the result is too low by far more than the stated error (an extrapolation in 1 / ln r, Sprott and
    Rowlands 2001, Int. J. Bifurcation Chaos 11, 1865, mends them and spoils cubes and Lorenz, so it is not made here).
    Sharp edges make slopes fall in proportion to r. Points too close in time (take `theiler` of several
    decorrelation times); noise, which fills space below its size; dimensions near the `ceiling`, which come out too
    low; a range on the knee between two scalings, which looks straight when it is short; periodic orbits sampled at
    the same phases, whose points coincide.

    Args:
        points: [time, coordinate], or [run, time, coordinate] of runs on the same attractor. Every coordinate is
            divided by its standard deviation; constant ones are left out.
        theiler: in samples; pairs nearer in time than this are left out, at least a point with itself.
    """
    return dimension_of(correlation_sum(points, theiler), size=int(np.prod(np.shape(points)[:-1])))


def correlation_sum(points: np.ndarray, theiler: int = 0) -> CorrelationSum:
    """C(r) in Euclidean distance, with and without each of about 20 stretches of time. See `correlation_dimension`."""
    x = np.asarray(points, float)
    x = x[None] if x.ndim == 2 else x
    if x.ndim != 3 or not np.isfinite(x).all():
        raise ValueError(
            f"points of shape {np.shape(points)}; expected finite [time, coordinate] or [run, time, coordinate]"
        )
    spread = x.std(axis=(0, 1))
    x = x[:, :, spread > 0] / spread[spread > 0]
    runs, size, _ = x.shape
    if x.shape[2] == 0 or size < 10:
        raise ValueError(f"{size} points of which {x.shape[2]} coordinates vary; expected at least 10 and 1")
    each = max(1, round(PIECES / runs), -(-size // TILE))
    cuts = np.linspace(0, size, each + 1).astype(int)
    pieces = [(run, a, b) for run in range(runs) for a, b in itertools.pairwise(cuts)]
    counts, kept = _tables(x, pieces, max(1, theiler))
    if not kept.sum():
        raise ValueError(f"no pairs of points are {theiler} samples apart; take a smaller Theiler window")
    return _summed(counts, kept)


def dimension_of(found: CorrelationSum, *, size: int) -> Dimension:
    """The slope over the range with the smallest error; see `correlation_dimension`."""
    ceiling = float(2 * np.log10(size))
    inside = (found.pairs >= SPARSE) & (found.whole <= LARGEST) & (found.left_out > 0).all(axis=0)
    radius, log = found.radius[inside], np.log(np.concatenate([found.whole[None], found.left_out])[:, inside])
    best = None
    for octaves in (NARROWEST, NARROWEST / 2):
        best = _best(np.log(radius), log, round(octaves * GRID))
        if best is not None:
            break
    if best is None:
        return Dimension(*[float("nan")] * 6, pairs=0, ceiling=ceiling)
    value, sampling, drift, i, j = best
    return Dimension(
        value=value,
        error=float(np.hypot(sampling, drift)),
        sampling=sampling,
        drift=drift,
        low=float(radius[i]),
        high=float(radius[j]),
        pairs=int(found.pairs[inside][j]),
        ceiling=ceiling,
    )


def local_slopes(found: CorrelationSum) -> tuple[np.ndarray, np.ndarray]:
    """Radii between the radii, and d ln C / d ln r there: what to look at before one believes a dimension."""
    inside = found.whole > 0
    u, log = np.log(found.radius[inside]), np.log(found.whole[inside])
    return np.exp((u[1:] + u[:-1]) / 2), np.diff(log) / np.diff(u)


def _best(u: np.ndarray, log: np.ndarray, width: int) -> tuple[float, float, float, int, int] | None:
    """(slope, sampling error, drift, first, last) of the best range at least `width` grid steps wide."""
    steps = len(u) - 1
    if steps < max(width, 3):
        return None
    first, last = (v.ravel() for v in np.meshgrid(np.arange(steps + 1), np.arange(steps + 1), indexing="ij"))
    wide = last - first >= max(width, 3)
    first, last = first[wide], last[wide]
    slopes = _slopes(u, log, first, last)
    sampling = np.sqrt(_jackknife(slopes))
    third = (last - first) / 3
    cuts = [np.rint(first + k * third).astype(int) for k in range(4)]
    thirds = np.stack([_slopes(u, log, a, b) for a, b in itertools.pairwise(cuts)])
    noise = _jackknife(thirds - thirds.mean(axis=0)).sum(axis=0) / 2
    drift = END * np.sqrt(thirds[:, 0].var(axis=0, ddof=1) + noise)
    k = int(np.argmin(sampling**2 + drift**2))
    return float(slopes[0, k]), float(sampling[k]), float(drift[k]), int(first[k]), int(last[k])


def _jackknife(x: np.ndarray) -> np.ndarray:
    """[..., range] jackknife variance of x [..., whole and left out, range]."""
    rest = x[..., 1:, :]
    n = rest.shape[-2]
    return (n - 1) / n * ((rest - rest.mean(axis=-2, keepdims=True)) ** 2).sum(axis=-2)


def _slopes(u: np.ndarray, log: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """[series, range] least-squares slopes of log [series, radius] against evenly spaced u, for many ranges."""
    place = np.arange(log.shape[1])
    sums = np.pad(np.cumsum(log, axis=1), ((0, 0), (1, 0)))
    moments = np.pad(np.cumsum(log * place, axis=1), ((0, 0), (1, 0)))
    n = last - first + 1
    s0, s1 = sums[:, last + 1] - sums[:, first], moments[:, last + 1] - moments[:, first]
    return (s1 - (first + last) / 2 * s0) / (n * (n**2 - 1) / 12) / (u[1] - u[0])


_LOWEST = int(np.float64(FINEST**2).view(np.int64)) >> (52 - BITS)
_HIGHEST = int(np.float64(2.0**20).view(np.int64)) >> (52 - BITS)
_EDGES = (np.arange(_LOWEST, _HIGHEST + 1) << (52 - BITS)).view(np.float64) ** 0.5


def _tables(x: np.ndarray, pieces: list[tuple[int, int, int]], theiler: int) -> tuple[np.ndarray, np.ndarray]:
    """[group, group, bin] distances in each bin and [group, group] how many, upper triangle, from tables of pieces.

    Groups are the stretches that the jackknife leaves out: the pieces themselves, or neighbours where there are many.

    The upper bits of a floating-point number are its exponent and the first bits of its mantissa: shifting them down
    gives the bin of a squared distance without a logarithm.
    """
    size = _HIGHEST - _LOWEST + 1
    groups = min(len(pieces), PIECES)
    group = np.arange(len(pieces)) * groups // len(pieces)
    counts = np.zeros((groups, groups, size), np.int64)
    kept = np.zeros((groups, groups), np.int64)
    for i, (run, a, b) in enumerate(pieces):
        for j, (other, c, d) in enumerate(pieces[i:], start=i):
            squares = cdist(x[run, a:b], x[other, c:d], "sqeuclidean")
            bins = squares.view(np.int64)
            bins >>= 52 - BITS
            bins -= _LOWEST
            np.clip(bins, 0, size - 1, out=bins)
            flat = bins.ravel()
            if run == other and c - b + 1 < theiler:
                apart = np.arange(c, d)[None, :] - np.arange(a, b)[:, None]
                flat = bins[apart >= theiler]
            counts[group[i], group[j]] += np.bincount(flat, minlength=size)
            kept[group[i], group[j]] += len(flat)
    return counts, kept


def _summed(counts: np.ndarray, kept: np.ndarray) -> CorrelationSum:
    """C(r) on a grid of equal ratios: all pairs, and all pairs that do not touch a piece."""
    grid = np.arange(np.log(_EDGES[1]), np.log(_EDGES[-1]), np.log(2) / GRID)

    def on_grid(count: np.ndarray) -> np.ndarray:
        below = np.cumsum(count)  # pairs below each edge but the first
        log = np.interp(grid, np.log(_EDGES[1:]), np.log(np.maximum(below[: len(_EDGES) - 1], 1e-3)))
        return np.where(np.exp(log) >= 1 - 1e-9, np.exp(log), 0.0)

    total, number = counts.sum(axis=(0, 1)), kept.sum()
    whole = on_grid(total)
    left_out = []
    for p in range(len(kept)):
        touching = counts[p].sum(axis=0) + counts[:, p].sum(axis=0) - counts[p, p]
        rest = number - kept[p].sum() - kept[:, p].sum() + kept[p, p]
        left_out.append(on_grid(total - touching) / max(rest, 1))
    return CorrelationSum(np.exp(grid), whole / number, np.stack(left_out), whole)
