"""Is a subject told from the truth by any of many measures? One answer that holds for all of them together.

A subject with nothing wrong is one more run of the truth: its number and the floor's are exchangeable in every unit. So
the signs of their differences may be flipped, unit by unit, and what has been seen is compared with what flips give.
The same flips go through all measures that look at the same runs, which keeps whatever they have in common, and the
largest of all studentised differences is what a single one must beat (Westfall and Young 1993, ISBN 978-0471557616;
step-down as in Ge, Dudoit and Speed 2003, doi:10.1007/BF02595811). The chance that a perfect subject is flagged
anywhere is then at most alpha, whatever the number of measures and their dependence, within one group of runs; groups
are taken to be independent of each other.

What misleads: pseudo-values are exchangeable, but independent of each other only as n grows (`python -m
validation.faults` counts false alarms on resampled perfect twins). With n units no probability is smaller than
1 / 2^n: below eight units little can be flagged.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gnomon.inference.bootstrap import one_a_unit
from gnomon.spec.errors import BadData
from gnomon.spec.identity import seed_of

FLIPS = 4999
_BLOCK = 4_000_000  # numbers held in memory at once


class Pair(NamedTuple):
    """What one measure makes of a subject and of the floor.

    Attributes:
        subject: one discrepancy a unit; +inf for a unit that diverged.
        floor: the same of the twin, unit beside unit.
        runs: a name for the runs looked at: measures of one name and as many units are flipped together.
    """

    subject: ArrayLike
    floor: ArrayLike
    runs: str = ""


class Departure(NamedTuple):
    """What may be said of one measure when all are asked together.

    Attributes:
        excess: mean discrepancy of the subject less the floor's, in standard errors.
        p_value: of this measure alone, one-sided.
        adjusted: for all measures together.
        flagged: whether `adjusted` lies below alpha.
    """

    excess: float
    p_value: float
    adjusted: float
    flagged: bool


def told_apart(pairs: Mapping[str, Pair], *, seed: int, alpha: float = 0.05) -> dict[str, Departure]:
    """For each measure whether the subject is farther from the truth than the truth from itself.

    Args:
        pairs: measure -> its numbers.
        seed: fixes the flips.
        alpha: the chance that a perfect subject is flagged by any of them.
    """
    if not pairs:
        return {}
    names = list(pairs)
    differences = {name: _differences(name, pairs[name]) for name in names}
    found = np.array([float(_studentised(d.sum(), d)) for d in differences.values()])
    drawn = np.empty((FLIPS, len(names)))
    groups: dict[tuple[str, int], list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault((pairs[name].runs, len(differences[name])), []).append(i)
    for (runs, units), members in groups.items():
        table = np.stack([differences[names[i]] for i in members], axis=1)
        drawn[:, members] = _flipped(table, np.random.default_rng(seed_of("told apart", runs, units, seed)))
    alone = (1 + (drawn >= found).sum(axis=0)) / (FLIPS + 1)
    together = _step_down(found, drawn)
    return {
        name: Departure(float(found[i]), float(alone[i]), float(together[i]), bool(together[i] < alpha))
        for i, name in enumerate(names)
    }


def _differences(name: str, pair: Pair) -> np.ndarray:
    """Subject less floor, unit by unit; a lost unit counts as twice the largest number there is."""
    subject, floor = (
        one_a_unit(v, f"{name} {w}") for v, w in ((pair.subject, "subject"), (pair.floor, "floor"))
    )
    if len(subject) != len(floor):
        raise BadData(f"{name}: subject has {len(subject)} units and floor {len(floor)}; they stand in pairs")
    both = np.concatenate([subject, floor])
    if np.isnan(both).any() or np.isneginf(both).any():
        raise BadData(f"{name}: a measure returns a finite number a unit, or +inf where the unit diverged")
    known = np.abs(both[np.isfinite(both)])
    cap = 2 * known.max() if known.size and known.max() > 0 else 1.0
    return np.where(np.isinf(subject), cap, subject) - np.where(np.isinf(floor), cap, floor)


def _studentised(total: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Sum over its standard error for sums of d under some signs; squares do not depend on the signs."""
    n = len(d)
    square = float((d**2).sum())
    if n < 2 or square == 0:
        return np.zeros(np.shape(total))
    rest = np.maximum(square - total**2 / n, 1e-12 * square)
    return total / np.sqrt(rest * n / (n - 1))


def _flipped(table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[flip, measure] studentised sums of [unit, measure] differences under random signs of the units."""
    out = np.empty((FLIPS, table.shape[1]))
    block = max(1, _BLOCK // len(table))
    for start in range(0, FLIPS, block):
        rows = slice(start, min(start + block, FLIPS))
        signs = rng.integers(2, size=(rows.stop - rows.start, len(table)), dtype=np.int8) * 2.0 - 1.0
        sums = signs @ table
        for j in range(table.shape[1]):
            # A hair higher, so that the same sum in another order still ties with what was seen.
            out[rows, j] = _studentised(sums[:, j], table[:, j]) * (1 + 1e-9) + 1e-12
    return out


def _step_down(found: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Adjusted probabilities: each measure against the largest of itself and all that are less far out."""
    adjusted = np.ones(len(found))
    order = np.argsort(-found, kind="stable")
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    running = 0.0
    for rank, i in enumerate(order):
        p = (1 + int((largest[:, rank] >= found[i]).sum())) / (FLIPS + 1)
        running = max(running, p)
        adjusted[i] = running
    return adjusted
