"""What a symbolic code keeps of an attractor: its pieces' fixed points, its graph, its lobes, its words.

A piecewise-linear map z' = A z + W phi(z) + h has one affine law in each region, so each region has one fixed point,
which is real where it lies in its own region and virtual elsewhere. The graph and the words of a code tell which ways
round the attractor there are; whether a symbol tells the lobe is a mutual information.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gnomon.numerics.symbolic_code import itinerary, region_symbols


class FixedPoint(NamedTuple):
    """Of one region's affine law.

    Attributes:
        symbol: of the region whose law it is.
        state: where it is.
        real: whether it lies in that region.
        largest: modulus of the largest eigenvalue of the law; above 1 it repels.
        turns: angle a step of the leading complex pair, in turns; 0 where the leading eigenvalue is real.
    """

    symbol: int
    state: np.ndarray
    real: bool
    largest: float
    turns: float


def fixed_points(
    relaxation: Float[np.ndarray, " unit"],
    weights: Float[np.ndarray, "unit unit"],
    offset: Float[np.ndarray, " unit"],
    rectified: int,
) -> list[FixedPoint]:
    """One for each region of a map that rectifies its last units, where its law has one."""
    units, found = len(offset), []
    for symbol in range(2**rectified):
        on = (symbol >> np.arange(rectified)) & 1
        law = np.diag(relaxation) + weights * np.concatenate([np.ones(units - rectified), on])
        left = np.eye(units) - law
        if np.linalg.cond(left) > 1e12:
            continue
        state = np.linalg.solve(left, offset)
        values = np.linalg.eigvals(law)
        leading = values[np.argmax(np.abs(values))]
        real = int(region_symbols(state[-rectified:])) == symbol
        turns = abs(float(np.angle(leading))) / (2 * np.pi)
        found.append(FixedPoint(symbol, state, real, float(np.abs(leading)), turns))
    return found


def told(symbols: Int[np.ndarray, " time"], lobes: Int[np.ndarray, " time"]) -> float:
    """Share of the entropy of the lobes that the symbols tell, 0 to 1: mutual information over H(lobe)."""
    joint = np.zeros((symbols.max() + 1, lobes.max() + 1))
    np.add.at(joint, (symbols, lobes), 1.0)
    joint /= joint.sum()
    p, q = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    inside = joint > 0
    entropy = -np.sum(q[q > 0] * np.log(q[q > 0]))
    return (
        float(np.sum(joint[inside] * np.log((joint / (p * q + (joint == 0)))[inside])) / entropy)
        if entropy
        else 1.0
    )


def transition_shares(symbols: Int[np.ndarray, " time"], count: int) -> Float[np.ndarray, "from to"]:
    """Share of each transition among those that leave their region."""
    visits = itinerary(symbols)
    shares = np.zeros((count, count))
    np.add.at(shares, (visits[:-1], visits[1:]), 1.0)
    return shares / max(1.0, shares.sum())


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """Half the sum of absolute differences of two distributions, 0 to 1."""
    return float(0.5 * np.abs(p - q).sum())


def word_distance(first: Int[np.ndarray, " visit"], second: Int[np.ndarray, " visit"], length: int) -> float:
    """Total variation between the words of a length that two sequences of symbols have."""
    base = int(max(first.max(), second.max())) + 1
    tables = []
    for x in (first, second):
        words = np.zeros(len(x) - length + 1, np.int64)
        for k in range(length):
            words = words * base + x[k : len(x) - length + 1 + k]
        tables.append(np.unique(words, return_counts=True))
    every = np.union1d(tables[0][0], tables[1][0])
    shares = []
    for words, counted in tables:
        share = np.zeros(len(every))
        share[np.searchsorted(every, words)] = counted / counted.sum()
        shares.append(share)
    return total_variation(shares[0], shares[1])


def maxima(x: Float[np.ndarray, " time"]) -> Int[np.ndarray, " maximum"]:
    """Places of local maxima."""
    return 1 + np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:]))


def lobe_turns(x: Float[np.ndarray, "time channel"], centre: float) -> Int[np.ndarray, " turn"]:
    """Lorenz's code: the side of `centre` on which the first channel is at each maximum of the last."""
    return (x[maxima(x[:, -1]), 0] > centre).astype(int)


def fold_turns(x: Float[np.ndarray, "time channel"], critical: float) -> Int[np.ndarray, " turn"]:
    """Roessler's code: whether each maximum of the first channel lies beyond the critical point of its return map."""
    return (x[maxima(x[:, 0]), 0] > critical).astype(int)


def critical_point(x: Float[np.ndarray, "time channel"]) -> float:
    """Where the map from one maximum of the first channel to the next is highest."""
    tops = x[maxima(x[:, 0]), 0]
    return float(tops[:-1][np.argmax(tops[1:])])
