"""Paired comparison of two subjects, and what may be said after many of them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gnomon.inference.bootstrap import size_of
from gnomon.inference.fidelity import CAP, checked, prepare, room_between, split
from gnomon.inference.resample import Studentised, studentise
from gnomon.spec.errors import BadData
from gnomon.spec.identity import seed_of
from gnomon.spec.results import Estimate

REPLICATES = 19_999  # the smallest p-value is 1e-4: below 5 % after Holm over up to 499 comparisons
_BLOCK = 4_000_000  # signs held in memory at once


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two subjects on the same units.

    Attributes:
        difference: fidelity of a minus fidelity of b; positive where a is the better one.
        p_value: two-sided, of no difference; None where no test is possible (the difference says why).
        lost_a: units that a lost; and `lost_b`.
    """

    difference: Estimate
    p_value: float | None
    lost_a: int = 0
    lost_b: int = 0


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison and the cell it belongs to."""

    subject: str
    other: str
    world: str
    trial: str
    comparison: Comparison
    seed: int = 0


class Claim(NamedTuple):
    """What may be said of one comparison.

    Attributes:
        outcome: "beats", "loses", "undecided" (no difference shown, which is not equality) or "untested".
        p_adjusted: after Holm, over all comparisons of the question; None where untested.
    """

    versus: Versus
    outcome: Literal["beats", "loses", "undecided", "untested"]
    p_adjusted: float | None
    text: str


def compare(
    a: ArrayLike, b: ArrayLike, null: ArrayLike, floor: ArrayLike, *, seed: int, level: float = 0.95
) -> Comparison:
    """Fidelity of a minus fidelity of b, paired by unit, with the p-value of no difference.

    A unit counts at most twice the mean null, living or lost: otherwise a subject that leaves the attractor would beat
    one that stays on it and is wrong by more than that.

    The p-value is the larger of two: the equal-tailed one of the same bootstrap-t as the interval, which allows for
    different distributions with equal means, and that of sign flips, which is exact for exchangeable pairs however
    skewed the units are. So p < 1 - level implies that the interval, where there is one, excludes 0.
    """
    a_, b_ = checked(a, "a"), checked(b, "b")
    if len(a_) != len(b_):
        raise BadData(f"a paired comparison needs the same units: got {len(a_)} for a and {len(b_)} for b")
    _, null_, floor_, cap = prepare(a_, null, floor)
    n = len(a_)
    room = room_between(null_, floor_, seed=seed)
    if not room.there:
        return Comparison(difference=Estimate(value=None, level=level, n=n, reason=room.reason), p_value=None)
    gone = {"lost_a": int(np.isinf(a_).sum()), "lost_b": int(np.isinf(b_).sum())}
    same = bool(n > 1 and np.array_equal(a_, b_))
    a_, b_ = (np.where(x >= cap, np.inf, x) for x in (a_, b_))
    scale = size_of(a_, b_, null_, floor_)
    (kept_a, lost_a), (kept_b, lost_b) = split(a_), split(b_)
    columns = [kept_a / scale, kept_b / scale, lost_a - lost_b, null_ / scale, floor_ / scale]
    got = studentise(columns, _difference, seed=seed, level=level, replicates=REPLICATES)
    reason = "both subjects give the same number in every unit" if same else got.reason
    estimate = Estimate(
        value=got.value, low=got.low, high=got.high, stderr=got.stderr, level=level, n=n, reason=reason
    )
    tail = _p_value(got)
    if same or tail is None:
        return Comparison(difference=estimate, p_value=1.0 if same else None, **gone)
    capped = [np.where(np.isinf(x), cap, x) / scale for x in (a_, b_)]
    p = max(tail, _sign_flips(capped[0] - capped[1], seed=seed))
    return Comparison(difference=estimate, p_value=p, **gone)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values (1979), which hold the family-wise error under any dependence.

    None (untested) stays None and is not counted: whether a cell has room is decided by null and floor alone, so
    leaving it out does not select on the outcome.
    """
    known = [(p, i) for i, p in enumerate(p_values) if p is not None]
    for p, _ in known:
        if not 0 <= p <= 1:
            raise BadData(f"expected p-values between 0 and 1, got {p}")
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, i) in enumerate(sorted(known)):
        running = max(running, min(1.0, (len(known) - rank) * p))
        adjusted[i] = running
    return adjusted


def beats(versus: Sequence[Versus], *, alpha: float = 0.05) -> tuple[Claim, ...]:
    """What may be said of each comparison when all of them are asked together.

    A beats B only where the Holm-corrected p is below alpha, the paired interval excludes 0 and A lost no more units
    than B: divergence ranks first, and being nearer while it lasted does not make up for it.
    """
    adjusted = holm([v.comparison.p_value for v in versus])
    return tuple(_claim(v, p, alpha) for v, p in zip(versus, adjusted, strict=True))


def _claim(versus: Versus, p: float | None, alpha: float) -> Claim:
    gap = versus.comparison.difference
    where = f"on {versus.world}, {versus.trial}"
    if p is None or gap.value is None:
        text = f"{versus.subject} and {versus.other} cannot be compared {where}: {gap.reason or 'no p-value'}"
        return Claim(versus, "untested", None, text)
    if gap.low is None or gap.high is None or p >= alpha or gap.low <= 0 <= gap.high:
        text = f"no difference shown between {versus.subject} and {versus.other} {where}{_numbers(gap, p)}"
        return Claim(versus, "undecided", p, text)
    outcome = "beats" if gap.value > 0 else "loses"
    lost = versus.comparison.lost_a, versus.comparison.lost_b
    if lost[0] != lost[1] and (lost[0] > lost[1]) == (outcome == "beats"):
        winner, units = (versus.subject, lost) if outcome == "beats" else (versus.other, lost[::-1])
        text = f"no win of {winner}, which lost {units[0]} units and the other {units[1]}, {where}{_numbers(gap, p)}"
        return Claim(versus, "undecided", p, text)
    verb = "beats" if gap.value > 0 else "is beaten by"
    return Claim(versus, outcome, p, f"{versus.subject} {verb} {versus.other} {where}{_numbers(gap, p)}")


def _numbers(gap: Estimate, p: float) -> str:
    interval = f" ({gap.low:+.2f} to {gap.high:+.2f})" if gap.low is not None and gap.high is not None else ""
    return f": difference of fidelity {gap.value:+.2f}{interval}, corrected p = {p:.2g}"


def _difference(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F_a - F_b and its gradient in mean(kept a), mean(kept b), mean(lost a - lost b), mean(null), mean(floor)."""
    kept_a, kept_b, lost, null, floor = (means[..., i] for i in range(5))
    gap = null - floor
    value = (kept_b - kept_a - CAP * lost * null) / gap
    gradient = np.stack(
        [-1 / gap, 1 / gap, -CAP * null / gap, (-CAP * lost - value) / gap, value / gap], axis=-1
    )
    return value, gradient


def _p_value(got: Studentised) -> float | None:
    """Equal-tailed bootstrap-t p-value of "the true value is 0"; undefined pivots count against rejection."""
    if got.stderr is None or not len(got.pivots):
        return None
    observed = got.value / got.stderr
    unsure = np.isnan(got.pivots)
    above = np.sum((got.pivots >= observed) | unsure)
    below = np.sum((got.pivots <= observed) | unsure)
    return float(min(1.0, 2 * (min(above, below) + 1) / (len(got.pivots) + 1)))


def _sign_flips(differences: np.ndarray, *, seed: int) -> float:
    """Two-sided p-value of the mean under random exchange of the two subjects within each unit."""
    rng = np.random.default_rng(seed_of("signs", seed))
    d = np.sort(differences)
    observed = abs(d.sum()) * (1 - 1e-12)  # a sum in another order must still tie with itself
    block = max(1, _BLOCK // len(d))
    hits = 0
    for start in range(0, REPLICATES, block):
        signs = rng.integers(2, size=(min(block, REPLICATES - start), len(d)), dtype=np.int8) * 2.0 - 1.0
        hits += int(np.sum(np.abs(signs @ d) >= observed))
    return (hits + 1) / (REPLICATES + 1)
