"""Delay embedding of one observed quantity: which delay, how many coordinates."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree


def delay_vectors(x: np.ndarray, dimension: int, delay: int) -> np.ndarray:
    """[vector, dimension] rows (x(t), x(t + delay), ..., x(t + (dimension - 1) delay)) of a series [time]."""
    count = x.shape[-1] - (dimension - 1) * delay
    if dimension < 1 or delay < 1 or count < 1:
        raise ValueError(f"{x.shape[-1]} values hold no vector of {dimension} coordinates at delay {delay}")
    return np.stack([x[i * delay : i * delay + count] for i in range(dimension)], axis=1)


def mutual_information(x: np.ndarray, lags: int, *, bins: int | None = None) -> np.ndarray:
    """[lag] average mutual information of x(t) and x(t + lag) in nats, lag = 0 ... lags, of a series [time].

    Fraser and Swinney 1986 (doi:10.1103/PhysRevA.33.1134), with bins of equal probability (ranks), so that any
    monotone change of x leaves it as it is; less the bias (bins - 1)^2 / (2 n) of n pairs (Roulston 1999,
    doi:10.1016/S0167-2789(98)00269-3), so it scatters about zero for independent values.

    Args:
        x: [time].
        lags: the longest.
        bins: a side; default the root of n / 20, from 4 to 32.
    """
    x = np.asarray(x, float)
    size = len(x)
    if not 0 < lags < size - 1:
        raise ValueError(f"lags up to {lags} of a series of {size} values")
    side = bins or int(np.clip(np.sqrt(size / 20), 4, 32))
    rank = x.argsort(kind="stable").argsort(kind="stable")
    box = rank * side // size
    out = np.empty(lags + 1)
    for k in range(lags + 1):
        n = size - k
        joint = np.bincount(side * box[:n] + box[k:], minlength=side * side).reshape(side, side) / n
        alone = _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))
        out[k] = alone - _entropy(joint.ravel()) - (side - 1) ** 2 / (2 * n) * (k > 0)
    return out


def first_minimum(information: np.ndarray, *, noise: float = 0.0) -> int | None:
    """The first lag from 1 on at which a curve stops falling; None where it falls to the end.

    A minimum counts once the curve has risen by more than `noise` above it. Series without memory have information
    that scatters about zero from lag 1 on; their minimum means nothing.
    """
    lowest = 1
    for k in range(2, len(information)):
        if information[k] < information[lowest]:
            lowest = k
        elif information[k] > information[lowest] + noise:
            return lowest
    return None


class Cao(NamedTuple):
    """Cao's quantities for dimensions 1, 2, ...

    Attributes:
        e1: stops changing (near 1) at the dimension that is enough; for noise it goes on rising.
        e2: 1 at every dimension for noise without memory; somewhere different from 1 for anything predictable.
    """

    e1: np.ndarray
    e2: np.ndarray


def cao(x: np.ndarray, delay: int, *, most: int = 8, apart: int = 1) -> Cao:
    """E1 and E2 for dimensions 1 ... most of a series [time] (Cao 1997, doi:10.1016/S0167-2789(97)00118-8).

    a(i, d) = distance of vector i and its nearest neighbour in d + 1 coordinates over that in d (maximum norm),
    E(d) = mean a, E1 = E(d + 1) / E(d); E*(d) = mean |x(i + d delay) - x(n(i) + d delay)|, E2 = E*(d + 1) / E*(d).

    What misleads: neighbours along the same stretch of a densely sampled flow (give `apart` of a few decorrelation
    times); a periodic series whose points coincide has no nearest distance, and coinciding pairs are left out.

    Args:
        x: [time].
        delay: in samples.
        most: dimensions.
        apart: vectors nearer in time than this, in samples, are no neighbours.
    """
    x = np.asarray(x, float)
    mean, star = [], []
    for d in range(1, most + 2):
        here, nearest, distance = _neighbours(x, d, delay, apart)
        change = np.abs(x[here + d * delay] - x[nearest + d * delay])
        kept = distance > 0
        wider = np.maximum(distance, change)
        mean.append(float(np.mean(wider[kept] / distance[kept])) if kept.any() else 1.0)
        star.append(float(np.mean(change)))
    e, s = np.asarray(mean), np.asarray(star)
    return Cao(e[1:] / e[:-1], np.divide(s[1:], s[:-1], out=np.ones(most), where=s[:-1] > 0))


def cao_dimension(found: Cao, *, within: float = 0.1) -> int | None:
    """The smallest dimension from which on E1 stays near 1; None where there is none.

    None also where |E2 - 1| < 0.1 throughout: then the series has no memory, and every dimension is too few.
    """
    if np.abs(found.e2 - 1).max() < 0.1:
        return None
    off = np.flatnonzero(np.abs(found.e1 - 1) > within)
    first = int(off[-1]) + 1 if off.size else 0
    return first + 1 if first < len(found.e1) - 1 else None


def false_neighbours(
    x: np.ndarray, delay: int, *, most: int = 8, apart: int = 1, ratio: float = 10.0, size: float = 2.0
) -> np.ndarray:
    """[dimension] share of nearest neighbours in 1 ... most coordinates that one more coordinate drives apart.

    False if the new coordinates differ by more than `ratio` distances, or the new distance is above `size` standard
    deviations (Kennel, Brown and Abarbanel 1992, doi:10.1103/PhysRevA.45.3403). Zero is reached where the attractor is
    unfolded; noise never gets there, by the second criterion.

    What misleads: a little noise makes neighbours at the smallest distances false by the first criterion.
    """
    x = np.asarray(x, float)
    spread = x.std()
    shares = []
    for d in range(1, most + 1):
        here, nearest, distance = _neighbours(x, d, delay, apart, norm=2)
        change = np.abs(x[here + d * delay] - x[nearest + d * delay])
        apart_now = np.hypot(distance, change) > size * spread
        shares.append(float(np.mean((change > ratio * np.maximum(distance, 1e-12 * spread)) | apart_now)))
    return np.asarray(shares)


def _neighbours(
    x: np.ndarray, dimension: int, delay: int, apart: int, norm: float = np.inf
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(vector, its nearest neighbour, their distance), among vectors that have one more coordinate to come."""
    vectors = delay_vectors(x[: len(x) - delay], dimension, delay)
    count, apart = len(vectors), max(1, apart)
    nearest, distance = np.full(count, -1), np.full(count, np.inf)
    tree, left, asked = KDTree(vectors), np.arange(count), 2
    while left.size:
        asked = min(asked, count)
        far, found = (np.asarray(v) for v in tree.query(vectors[left], k=asked, p=norm))
        free = np.abs(found - left[:, None]) >= apart
        first, has = np.argmax(free, axis=1), np.any(free, axis=1)
        rows = np.flatnonzero(has)
        nearest[left[rows]], distance[left[rows]] = found[rows, first[rows]], far[rows, first[rows]]
        if asked == count:
            break
        left, asked = left[~has], asked * 4
    here = np.flatnonzero(nearest >= 0)
    if not here.size:
        raise ValueError(f"no two of {count} vectors are {apart} samples apart")
    return here, nearest[here], distance[here]


def _entropy(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())
