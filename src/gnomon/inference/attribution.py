"""Attribution: is one of several candidates the cause of a model's error?

A candidate is a part (of space, of the variables, of the regimes) or an intervention, with two numbers a unit: the
error that it accounts for, and the whole error that there is to account for, both beyond what a perfect model has.
Its share is mean(accounted for) / mean(whole), with a bootstrap-t interval over units (units are resampled with both
numbers together), widened for the number of candidates (Bonferroni).

A cause is named where all of this holds; else the answer is "not attributable", with the first reason that fails:

* there is an error: the mean of the whole is above 0 at 99 % and at least four of its standard errors;
* the share's lower bound lies nearer to everything than to what is fair: above one half, or, for a candidate that
  would account for a share f by its size alone (a regime that holds f of the time), above (1 + f) / 2;
* if there are rivals in the same division of the whole, the share exceeds the next best one's, at the same level.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gnomon.inference.bootstrap import size_of
from gnomon.inference.resample import mean_of_first, studentise
from gnomon.spec.results import Estimate

MOST = 0.5  # of the whole: what a cause must account for
ROOM_LEVEL, ROOM_RATIO = 0.99, 4.0  # of the whole above 0, as `inference.fidelity` asks of null and floor
LEAST_UNITS = 5
MOST_LOST = 0.2  # of the units: who diverges has the error that most needs a cause


class Candidate(NamedTuple):
    """A possible cause.

    Attributes:
        name: as a person calls it.
        part: [unit] error accounted for.
        whole: [unit] error there is.
        division: candidates of one division of the whole are rivals.
        fair: the share that its size alone would give it.
    """

    name: str
    part: np.ndarray
    whole: np.ndarray
    division: str = ""
    fair: float = 0.0


class Attribution(NamedTuple):
    """What can be said.

    Attributes:
        shares: of every candidate, in the order given, with simultaneous intervals.
        named: the index of the cause; None where nothing can be attributed.
        reason: why not; "" where something is.
    """

    shares: tuple[Estimate, ...]
    named: int | None
    reason: str


def attribute(
    candidates: Sequence[Candidate], *, seed: int, level: float = 0.95, most: float = MOST
) -> Attribution:
    """Name a cause, or say why none can be named.

    Args:
        candidates: at least one; all with the same units. A unit that is not finite (it diverged) is left out.
        seed: fixes the resampling.
        level: of all intervals together.
        most: of what lies between its fair share and everything: what a cause must exceed.
    """
    found = np.all([np.isfinite(c.part) & np.isfinite(c.whole) for c in candidates], axis=0)
    kept = [c._replace(part=c.part[found], whole=c.whole[found]) for c in candidates]
    n = int(found.sum())
    none = Estimate(value=None, level=level, n=n, reason="too few units")
    if n < LEAST_UNITS or n < (1 - MOST_LOST) * len(found):
        lost = "the mildest starts decide nothing" if n >= LEAST_UNITS else "too few"
        return Attribution(
            (none,) * len(kept), None, f"only {n} of {len(found)} units stayed finite in every run: {lost}"
        )
    own = 1 - (1 - level) / len(kept)
    room = [_is_there(c.whole, seed=seed) for c in kept]
    empty = Estimate(value=None, level=own, n=n, reason="there is no error to account for")
    shares = tuple(
        _share(c, seed=seed, level=own) if there else empty for c, there in zip(kept, room, strict=True)
    )
    said = Attribution(shares, None, "")
    if not any(room):
        return said._replace(reason="no error beyond that of the truth run again")
    # the most surprising candidate first: the one with most beyond what is fair
    order = sorted(range(len(kept)), key=lambda i: kept[i].fair - _or_nothing(shares[i].value))
    undecided = ""
    for i in order:
        least = kept[i].fair + most * (1 - kept[i].fair)
        if not _or_nothing(shares[i].low) > least:
            continue
        rivals = [j for j in order if j != i and kept[j].division == kept[i].division]
        if rivals and not _leads(kept[i], kept[rivals[0]], seed=seed, level=own):
            names = f"{kept[i].name} and {kept[rivals[0]].name}"
            undecided = undecided or f"{names} account for shares that cannot be told apart"
            continue  # another division may still hold a cause
        return said._replace(named=i)
    if undecided:
        return said._replace(reason=undecided)
    nearest = order[0]
    return said._replace(
        reason=f"none surely accounts for enough; the nearest to it, {kept[nearest].name}, "
        f"for {in_words(shares[nearest])}"
    )


def pseudo_shares(candidate: Candidate) -> np.ndarray:
    """[unit] jackknife pseudo-values of the share: their mean is what a table shows; NaN in units left out."""
    found = np.isfinite(candidate.part) & np.isfinite(candidate.whole)
    part, whole = candidate.part[found], candidate.whole[found]
    out = np.full(found.shape, np.nan)
    n = len(part)
    if n < 2 or whole.sum() == 0:
        return out
    left = (part.sum() - part) / (whole.sum() - whole)
    out[found] = n * part.sum() / whole.sum() - (n - 1) * left
    return out


def in_words(share: Estimate) -> str:
    """A share as percent with its interval."""
    if share.value is None:
        return "unknown"
    middle = f"{_percent(share.value)} %"
    if share.low is None or share.high is None:
        return middle
    return f"{middle} ({_percent(share.low)} to {_percent(share.high)})"


def _percent(x: float) -> str:
    return f"{round(100 * x) + 0:d}".replace("-", "\N{MINUS SIGN}")


def _share(c: Candidate, *, seed: int, level: float) -> Estimate:
    n = len(c.part)
    got = studentise(_scaled(c.part, c.whole), _ratio, seed=seed, level=level)
    if (
        got.stderr is None
    ):  # the same share in every unit, as where a part holds all of the error: there is no doubt
        return Estimate(value=got.value, low=got.value, high=got.value, level=level, n=n)
    return Estimate(
        value=got.value, low=got.low, high=got.high, stderr=got.stderr, level=level, n=n, reason=got.reason
    )


def _is_there(whole: np.ndarray, *, seed: int) -> bool:
    got = studentise(_scaled(whole), mean_of_first, seed=seed, level=2 * ROOM_LEVEL - 1)
    if got.low is None or got.stderr is None:
        return got.stderr is None and got.value > 0  # the same error in every unit
    return got.low > 0 and got.value >= ROOM_RATIO * got.stderr


def _leads(one: Candidate, other: Candidate, *, seed: int, level: float) -> bool:
    got = studentise(
        _scaled(one.part, one.whole, other.part, other.whole), _lead, seed=seed, level=2 * level - 1
    )
    if got.low is not None:
        return got.low > 0
    return got.stderr is None and _or_nothing(got.value) > 0  # no error at all, and not one that is unknown


def _scaled(*columns: np.ndarray) -> list[np.ndarray]:
    scale = size_of(*columns)
    return [c / scale for c in columns]


def _ratio(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the first over mean of the second."""
    part, whole = means[..., 0], means[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        gradient = np.zeros_like(means)
        gradient[..., 0], gradient[..., 1] = 1 / whole, -part / whole**2
        return part / whole, gradient


def _lead(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first ratio less the second."""
    a, da = _ratio(means[..., :2])
    b, db = _ratio(means[..., 2:])
    return a - b, np.concatenate([da, -db], axis=-1)


def _or_nothing(value: float | None) -> float:
    return -np.inf if value is None else value
