"""What a cell could have seen: detection of planted faults of known size.

A fault is a control learner with a field `size` (a wrong forcing, a damped spectrum, an over-confident ensemble). It is
*detected* in a case when the interval of fidelity lies below 1, that is when the subject is told from the truth.
"""

import statistics
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from scipy import stats

from gnomon.inference.ladder import key_of, names_of
from gnomon.spec.errors import BadData
from gnomon.spec.results import Result, Score

FAULTS = ("wrong_forcing", "damped", "overconfident")
NO_FAULT = "perfect"  # the control that stands for size 0: how often a fault is seen where there is none
TARGET = 0.8


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """One fault size in one cell.

    Attributes:
        size: of the planted fault, in the units of the fault.
        detected: in how many of `runs` (data seeds) the upper bound of fidelity lay below 1, or the fault diverged.
        rate: detected / runs, with its Wilson interval `low` to `high`.
        fidelity: median over seeds; None where no seed has one.
    """

    size: float
    detected: int
    runs: int
    rate: float
    low: float
    high: float
    fidelity: float | None = None


class PowerCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Detection against the size of a fault, for one measure in one cell.

    Attributes:
        points: by increasing size; size 0 is the perfect model (its rate is that of false alarms).
        smallest: the smallest planted size from which on every size is detected in at least 80 % of the seeds.
        sure: whether the Wilson interval at `smallest` lies above 50 %: with few seeds it does not.
        reason: why `smallest` is None.
    """

    fault: str
    world: str
    trial: str
    measure: str
    headline: bool
    points: tuple[Detection, ...]
    smallest: float | None
    sure: bool = False
    reason: str | None = None


def detection_curves(
    results: Iterable[Result],
    *,
    faults: Collection[str] = FAULTS,
    target: float = TARGET,
    level: float = 0.95,
) -> tuple[PowerCurve, ...]:
    """A detection curve for each fault, world, trial and measure that has fidelity.

    Args:
        results: of a study with planted faults (other learners are passed over).
        faults: kinds of learners that are faults; their argument `size` is the size.
        target: the rate that counts as detectable.
        level: of the Wilson intervals.
    """
    cases = list({r.id: r for r in results}.values())
    planted, clean = _gather(cases, faults)
    curves = []
    for (fault, cell), sizes in planted.items():
        by_size = ({0.0: clean[cell]} if cell in clean else {}) | sizes
        points = tuple(_detection(size, scores, level) for size, scores in sorted(by_size.items()))
        smallest = smallest_detectable(points, target)
        at = next((p for p in points if p.size == smallest), None)
        curves.append(
            PowerCurve(
                fault=fault,
                world=cell.world,
                trial=cell.trial,
                measure=cell.measure,
                headline=any(s.headline for scores in sizes.values() for s in scores),
                points=points,
                smallest=smallest,
                sure=at is not None and at.low > 0.5,
                reason=None if at else f"no planted size is detected in {target:.0%} of the seeds",
            )
        )
    return tuple(curves)


def smallest_detectable(points: Iterable[Detection], target: float = TARGET) -> float | None:
    """The smallest size from which on every planted size reaches the target; None where the largest does not."""
    smallest = None
    for point in sorted((p for p in points if p.size > 0), key=lambda p: -p.size):
        if point.rate < target:
            break
        smallest = point.size
    return smallest


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (1927) of a proportion: usable with few trials and at 0 and 1."""
    if trials < 1 or not 0 <= successes <= trials:
        raise BadData(f"expected 0 to {trials} successes in at least one trial, got {successes} in {trials}")
    z = float(stats.norm.ppf(0.5 + level / 2))
    rate, widen = successes / trials, z * z / trials
    centre = (rate + widen / 2) / (1 + widen)
    half = z / (1 + widen) * float(np.sqrt(rate * (1 - rate) / trials + widen / (4 * trials)))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


class _Cell(NamedTuple):
    world: str
    trial: str
    measure: str


_Planted = dict[tuple[str, _Cell], dict[float, list[Score]]]


def _gather(cases: list[Result], faults: Collection[str]) -> tuple[_Planted, dict[_Cell, list[Score]]]:
    """Scores of faults by cell and size, and of the perfect model by cell."""
    worlds, trials = (names_of(r.case[part] for r in cases) for part in ("world", "trial"))
    planted: _Planted = {}
    clean: dict[_Cell, list[Score]] = {}
    for result in cases:
        kind = result.case["learner"]["kind"]
        for score in result.scores:
            if score.fidelity is None and score.status != "diverged":
                continue  # no room, or a measure without fidelity: nothing to detect with
            cell = _Cell(
                worlds[key_of(result.case["world"])], trials[key_of(result.case["trial"])], score.measure
            )
            if kind in faults:
                size = float(result.case["learner"]["args"]["size"])
                planted.setdefault((kind, cell), {}).setdefault(size, []).append(score)
            elif kind == NO_FAULT:
                clean.setdefault(cell, []).append(score)
    return planted, clean


def _detection(size: float, scores: list[Score], level: float) -> Detection:
    detected = sum(_seen(s) for s in scores)
    low, high = wilson(detected, len(scores), level)
    values = [s.fidelity.value for s in scores if s.fidelity is not None and s.fidelity.value is not None]
    return Detection(
        size=size,
        detected=detected,
        runs=len(scores),
        rate=detected / len(scores),
        low=low,
        high=high,
        fidelity=statistics.median(values) if values else None,
    )


def _seen(score: Score) -> bool:
    """A fault without an interval was not seen."""
    if score.status == "diverged":
        return True
    return score.fidelity is not None and score.fidelity.high is not None and score.fidelity.high < 1
