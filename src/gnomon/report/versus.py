"""Learner against learner: every pair, cell by cell, on the same units, corrected for how many were asked."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

from gnomon.inference.compare import Claim, Versus, beats, compare
from gnomon.inference.ladder import headline, key_of, names_of
from gnomon.inference.power import FAULTS
from gnomon.spec.identity import seed_of
from gnomon.spec.results import Details, Result
from gnomon.spec.study import CONTROLS, Rule
from gnomon.store.results import Store

# Comparisons, the most in which the smallest p-value, 1e-4, survives Holm at 5 %. Beyond it only the rule's subject (or
# the first learner) is compared with the others.
MOST = 499


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tournament:
    """What may be said of all pairs together.

    Attributes:
        wins: (a, b) -> cells in which a beats b after correction.
        tested: (a, b) -> cells that could be tested.
        partial: whether only one learner was compared with the others.
    """

    learners: tuple[str, ...]
    claims: tuple[Claim, ...]
    wins: dict[tuple[str, str], int]
    tested: dict[tuple[str, str], int]
    partial: bool
    alpha: float


def tournament(store: Store, results: Sequence[Result], rule: Rule, order: Sequence[str]) -> Tournament:
    """Compare subjects in the headline measure of every cell; controls and planted faults take no part.

    Args:
        store: holds the per-unit values.
        results: of one study.
        rule: its `alpha` is the family-wise error; its `subject` is compared first.
        order: learners as the report shows them.
    """
    units = _units(store, results)
    names = [n for n in order if any(key[0] == n for key in units)]
    if rule.subject in names:
        names = [rule.subject, *(n for n in names if n != rule.subject)]
    pairs = list(itertools.combinations(names, 2))
    cells = sorted({key[1:] for key in units})
    partial = len(pairs) * len(cells) > MOST
    if partial:
        pairs = [p for p in pairs if p[0] == names[0]]
    asked = []
    for a, b in pairs:
        for world, trial, seed in cells:
            mine, other = units.get((a, world, trial, seed)), units.get((b, world, trial, seed))
            if mine is not None and other is not None and len(mine.subject) == len(other.subject):
                got = compare(
                    mine.subject, other.subject, mine.null, mine.floor, seed=seed_of(a, b, world, trial, seed)
                )
                asked.append(Versus(subject=a, other=b, world=world, trial=trial, seed=seed, comparison=got))
    claims = beats(asked, alpha=rule.alpha)
    wins: dict[tuple[str, str], int] = {}
    tested: dict[tuple[str, str], int] = {}
    for claim in claims:
        a, b = claim.versus.subject, claim.versus.other
        for pair in ((a, b), (b, a)):
            tested[pair] = tested.get(pair, 0) + (claim.outcome != "untested")
        won = {"beats": (a, b), "loses": (b, a)}.get(claim.outcome)
        if won:
            wins[won] = wins.get(won, 0) + 1
    shown = tuple(n for n in order if n in names)
    return Tournament(
        learners=shown, claims=claims, wins=wins, tested=tested, partial=partial, alpha=rule.alpha
    )


@dataclasses.dataclass(frozen=True)
class _Units:
    subject: list[float]
    null: list[float]
    floor: list[float]


def _units(store: Store, results: Iterable[Result]) -> dict[tuple[str, str, str, int], _Units]:
    """Per-unit discrepancies of headline measures with fidelity, by (learner, world, trial, seed)."""
    results = list(results)
    shown = {part: names_of(r.case[part] for r in results) for part in ("world", "learner", "trial")}
    found = {}
    for result in results:
        score = headline(result)
        if result.case["learner"]["kind"] in (*CONTROLS, *FAULTS):
            continue
        if score is None or score.fidelity is None or score.fidelity.value is None:
            continue  # no room, or no fidelity at all
        values = _columns(store.get_details(result.id), score.measure)
        if values is not None:
            learner, world, trial = (shown[p][key_of(result.case[p])] for p in ("learner", "world", "trial"))
            found[learner, world, trial, int(result.case["seed"])] = values
    return found


def _columns(details: Details | None, measure: str) -> _Units | None:
    stored = (details.unit_values if details else {}).get(measure, {})
    if not all(stored.get(role) for role in ("subject", "null", "floor")):
        return None
    columns = ([math.inf if v is None else v for v in stored[role]] for role in ("subject", "null", "floor"))
    return _Units(*columns)
