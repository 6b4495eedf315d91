"""Symbolic codes: which of finitely many regions a state is in, and what the sequence of regions tells.

A piecewise-linear map has one linear law in each region; the sequence of regions that an orbit visits is its code. For
a generating partition the entropy rate of the code is the metric entropy of the map, and the logarithm of the largest
eigenvalue of its transition graph bounds the topological entropy from above (Lind and Marcus 1995, An introduction to
symbolic dynamics and coding, doi 10.1017/CBO9780511626302). All entropies are in nats.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from gnomon.spec.errors import BadData


def region_symbols(rectified: Float[np.ndarray, "... unit"]) -> Int[np.ndarray, "..."]:
    """The region of each state: bit k is set where rectified unit k is above zero."""
    units = rectified.shape[-1]
    if not 1 <= units <= 62:
        raise BadData(f"a symbol holds 1 to 62 rectified units, got {units}")
    return (rectified > 0).astype(np.int64) @ (np.int64(1) << np.arange(units, dtype=np.int64))


def visited_regions(symbols: Int[np.ndarray, "..."]) -> tuple[np.ndarray, np.ndarray]:
    """Symbols that occur, and the share of time spent in each."""
    found, counts = np.unique(symbols, return_counts=True)
    return found, counts / counts.sum()


def transition_counts(symbols: Int[np.ndarray, "run time"]) -> Int[np.ndarray, "from to"]:
    """How often each visited symbol follows each, runs pooled; in the order of `visited_regions`."""
    found = np.unique(symbols)
    index = np.searchsorted(found, symbols)
    counts = np.zeros((len(found), len(found)), np.int64)
    np.add.at(counts, (index[:, :-1].ravel(), index[:, 1:].ravel()), 1)
    return counts


def itinerary(symbols: Int[np.ndarray, " time"]) -> Int[np.ndarray, " visit"]:
    """The sequence of regions without repetitions: one symbol a visit."""
    new = np.concatenate([[True], symbols[1:] != symbols[:-1]])
    return symbols[new]


def topological_entropy(allowed: Bool[np.ndarray, "from to"]) -> float:
    """Logarithm of the largest eigenvalue of a transition graph; of a graph without cycles it is minus infinity."""
    largest = np.max(np.abs(np.linalg.eigvals(np.asarray(allowed, float))))
    return float(np.log(largest)) if largest > 1e-9 else -np.inf


def block_entropy(symbols: Int[np.ndarray, "run time"], length: int) -> float:
    """Shannon entropy of the words of a length, runs pooled, without correction for words not seen."""
    if not 1 <= length <= symbols.shape[1]:
        raise BadData(f"words of {length} symbols do not fit sequences of {symbols.shape[1]}")
    count = symbols.shape[1] - length + 1
    index = np.searchsorted(np.unique(symbols), symbols)
    words = index[:, :count]
    # numbered anew at every step, so that long words of many symbols do not overflow
    for k in range(1, length):
        longer = words * (index.max() + 1) + index[:, k : k + count]
        words = np.searchsorted(np.unique(longer), longer)
    counts = np.unique(words, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-np.sum(shares * np.log(shares)))


def entropy_rate(symbols: Int[np.ndarray, "run time"], length: int) -> float:
    """H(length + 1) - H(length): nats that one more symbol brings. It needs many more data than words."""
    return block_entropy(symbols, length + 1) - block_entropy(symbols, length)


def code_summary(symbols: Int[np.ndarray, "run time"], *, most: int, words: int = 6) -> dict[str, Any]:
    """What a code tells, as plain data.

    Args:
        symbols: of several runs.
        most: regions there could be.
        words: the longest word counted.
    """
    found, shares = visited_regions(symbols)
    counts = transition_counts(symbols)
    longest = min(words, symbols.shape[1] - 1)
    blocks = [block_entropy(symbols, n) for n in range(1, longest + 1)]
    entropy = topological_entropy(counts > 0)
    return {
        "regions": len(found),
        "possible": most,
        "symbols": [int(s) for s in found],
        "shares": [float(s) for s in shares],
        "transitions": counts.tolist() if len(found) <= 32 else None,
        "allowed": int((counts > 0).sum()),
        "steps_in_a_region": float(symbols.size / sum(len(itinerary(run)) for run in symbols)),
        "topological_entropy": entropy if np.isfinite(entropy) else None,
        "block_entropies": blocks,
        "entropy_rate": blocks[-1] - blocks[-2] if longest > 1 else None,
    }
