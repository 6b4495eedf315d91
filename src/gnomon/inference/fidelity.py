"""Fidelity: where a subject stands between the null (0) and the floor (1).

    fidelity = (mean null - mean d) / (mean null - mean floor)

with one number a unit each (see docs/design/inference.md for assumptions, and what can go wrong).
"""

from math import comb
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gnomon.inference.bootstrap import estimate, one_a_unit, size_of
from gnomon.inference.resample import Studentised, difference_of_two, studentise
from gnomon.spec.errors import BadData
from gnomon.spec.results import Estimate

ROOM_LEVEL = 0.99  # null and floor must differ at this level …
ROOM_RATIO = 4.0  # … and their difference be this many standard errors, so that dividing by it is harmless
CAP = 2.0  # a diverged unit counts as this many times the mean null
LEAST = -1.0  # what is shown of the fidelity of a subject that diverged: how far below it lies says nothing
POWER, ALPHA = 0.8, 0.05  # of the smallest effect


class Judgement(NamedTuple):
    """What inference says of one measure in one case.

    Attributes:
        discrepancy: mean distance of the subject from the truth, diverged units counted as twice the null.
        status: "diverged" when more than half of the units diverged (fidelity and its interval are then shown at -1
            where they lie below); "no_room" when null and floor cannot be told
            apart; else "ok".
        reason: why fidelity or its interval is missing, or how many units diverged; None when nothing needs saying.
        smallest_effect: the smallest loss of fidelity that this cell detects with 80 % power at 5 %, were the
            subject as good as the floor; None without room.
        n: units of the subject.
        diverged: how many of them diverged.
    """

    discrepancy: Estimate
    null: Estimate
    floor: Estimate
    fidelity: Estimate | None
    status: Literal["ok", "no_room", "diverged"]
    reason: str | None
    smallest_effect: float | None
    n: int
    diverged: int


class Room(NamedTuple):
    """Whether null and floor can be told apart; `reason` says why not."""

    there: bool
    reason: str | None


def judge(
    subject: ArrayLike, null: ArrayLike, floor: ArrayLike, *, seed: int, level: float = 0.95
) -> Judgement:
    """Fidelity of a subject with its bootstrap-t interval.

    Args:
        subject: one discrepancy a unit; +inf marks a unit that diverged.
        null: the same for the null.
        floor: the same for the twin.
        seed: fixes the resampling.
        level: of all intervals.
    """
    d, null_, floor_, cap = prepare(subject, null, floor)
    lost = np.isinf(d)
    diverged, n = int(lost.sum()), len(d)
    room = room_between(null_, floor_, seed=seed)
    notes = [f"{diverged} of {n} units diverged and count as twice the null"] if diverged else []
    without = Judgement(
        discrepancy=estimate(np.where(lost, cap, d), seed=seed, level=level),
        null=estimate(null_, seed=seed, level=level),
        floor=estimate(floor_, seed=seed, level=level),
        fidelity=None,
        status="diverged" if 2 * diverged > n else "ok" if room.there else "no_room",
        reason="; ".join([*notes, room.reason or ""]),
        smallest_effect=None,
        n=n,
        diverged=diverged,
    )
    if not room.there:
        return without
    got = _ratio(d, null_, floor_, seed=seed, level=level)
    missing = _say_identical(d, null_, floor_) or got.reason
    fidelity = Estimate(
        value=got.value, low=got.low, high=got.high, stderr=got.stderr, level=level, n=n, reason=missing
    )
    if without.status == "diverged":
        fidelity, bounded = _bounded(fidelity)
        notes += [bounded] if bounded else []
    said = "; ".join([*notes, *([missing] if missing else [])]) or None
    effect = smallest_effect(null_, floor_, n)
    return without._replace(fidelity=fidelity, reason=said, smallest_effect=effect)


def _bounded(fidelity: Estimate) -> tuple[Estimate, str | None]:
    """Value and interval raised to -1 where they lie below, and what to say of it."""
    shown = {
        k: max(v, LEAST)
        for k, v in (("value", fidelity.value), ("low", fidelity.low), ("high", fidelity.high))
        if v is not None
    }
    raised = msgspec.structs.replace(fidelity, **shown)
    if raised == fidelity:
        return fidelity, None
    note = f"fidelity below {LEAST:g} is shown as {LEAST:g}"
    return msgspec.structs.replace(raised, reason="; ".join(filter(None, [note, fidelity.reason]))), note


def room_between(null: np.ndarray, floor: np.ndarray, *, seed: int) -> Room:
    """Can null and floor be told apart, and can their difference be divided by?

    Both must hold: the lower end of the 99 % bootstrap-t interval of mean null - mean floor is above 0, and the
    difference is at least 4 of its standard errors (the ratio of two nearly normal means is itself nearly normal only
    when the denominator is that far from 0; Marsaglia 2006, doi:10.18637/jss.v016.i04). Where too few units differ for
    an interval, complete separation takes the place of the first condition, if chance would give it less than once in
    200 times.
    """
    gap = float(null.mean() - floor.mean())
    if min(len(null), len(floor)) < 2:
        return Room(False, "one unit cannot tell the null from the floor")
    scale = size_of(null, floor)
    got = studentise([null / scale, floor / scale], difference_of_two, seed=seed, level=ROOM_LEVEL)
    if got.stderr is None:  # neither varies, or both vary in step: the gap is known exactly
        return Room(True, None) if gap > 0 else Room(False, "null and floor are the same number")
    if gap <= 0:
        return Room(False, f"the null ({null.mean():.3g}) is not above the floor ({floor.mean():.3g})")
    if got.low is None and not _separate(null, floor):
        return Room(False, f"null and floor cannot be told apart: {got.reason}")
    if got.low is not None and got.low <= 0:
        return Room(False, f"null and floor cannot be told apart at {ROOM_LEVEL:.0%} with n = {len(floor)}")
    ratio = got.value / got.stderr
    if ratio < ROOM_RATIO:
        return Room(
            False, f"null minus floor is only {ratio:.1f} standard errors (at least {ROOM_RATIO:.0f} asked)"
        )
    return Room(True, None)


def _separate(null: np.ndarray, floor: np.ndarray) -> bool:
    """Whether every null lies above every floor, among so many units that this is no chance (a permutation test)."""
    orders = comb(len(null) + len(floor), len(floor))
    return bool(null.min() > floor.max()) and 2 / orders <= 1 - ROOM_LEVEL


def smallest_effect(null: np.ndarray, floor: np.ndarray, n: int) -> float | None:
    """The smallest loss of fidelity that n units detect with 80 % power at 5 %, for a subject as good as the floor.

    Such a subject is a second twin: the error of its fidelity is that of the difference of two floors. They are
    taken as independent, which is on the safe side where they share starts.
    """
    m = len(floor)
    if min(n, m) < 2:
        return None
    low, high = np.sort(floor), np.sort(null)
    stderr = float(np.sqrt(low.var(ddof=1) * (1 / n + 1 / m)) / (high.mean() - low.mean()))
    if not stderr > 0:
        return None
    freedom = min(n, m) - 1
    return float((stats.t.ppf(1 - ALPHA / 2, freedom) + stats.t.ppf(POWER, freedom)) * stderr)


def prepare(
    subject: ArrayLike, null: ArrayLike, floor: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Checked columns and the cap of a diverged unit; the subject keeps its +inf, the others are capped."""
    d, null_, floor_ = (checked(v, k) for v, k in ((subject, "subject"), (null, "null"), (floor, "floor")))
    known = null_[np.isfinite(null_)]
    if not len(known):
        raise BadData("null: every unit diverged, so nothing can be judged; choose another null")
    cap = CAP * float(
        np.sort(known).mean()
    )  # sorted, so that the order of units does not matter to the last bit
    return d, np.where(np.isinf(null_), cap, null_), np.where(np.isinf(floor_), cap, floor_), cap


def checked(values: ArrayLike, name: str) -> np.ndarray:
    """One number a unit; +inf is a diverged unit, NaN and -inf are errors of the measure."""
    array = one_a_unit(values, name)
    bad = np.isnan(array) | np.isneginf(array)
    if bad.any():
        raise BadData(
            f"{name}: {int(bad.sum())} of {len(array)} units are NaN or -inf; "
            "a measure returns a finite number a unit, or +inf where the unit diverged"
        )
    return array


def split(d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finite part and diverged share: mean discrepancy = mean(finite) + 2 * mean(lost) * mean(null).

    The cap moves with the null, so its error must be carried along; two columns do that.
    """
    lost = np.isinf(d)
    return np.where(lost, 0.0, d), lost.astype(float)


def _ratio(d: np.ndarray, null: np.ndarray, floor: np.ndarray, *, seed: int, level: float) -> Studentised:
    scale = size_of(d, null, floor)
    kept, lost = split(d)
    return studentise([kept / scale, lost, null / scale, floor / scale], _fidelity, seed=seed, level=level)


def _fidelity(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fidelity and its gradient as a function of mean(kept), mean(lost), mean(null), mean(floor)."""
    kept, lost, null, floor = (means[..., i] for i in range(4))
    gap = null - floor
    value = (null - kept - CAP * lost * null) / gap
    gradient = np.stack([-1 / gap, -CAP * null / gap, (1 - CAP * lost - value) / gap, value / gap], axis=-1)
    return value, gradient


def _say_identical(d: np.ndarray, null: np.ndarray, floor: np.ndarray) -> str | None:
    """Zero variance has a name when the subject is its own yardstick."""
    for other, name in ((null, "null"), (floor, "floor")):
        if len(d) > 1 and np.array_equal(d, other):
            return f"the subject equals the {name} in every unit: there is no error to estimate"
    return None
