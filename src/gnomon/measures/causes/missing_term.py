"""Which terms does the model's equation lack?"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.inference.attribution import MOST, Attribution, Candidate, attribute, in_words, pseudo_shares
from gnomon.inference.bootstrap import estimate
from gnomon.measures.causes.relaxed import NOT_ATTRIBUTABLE, SEED, shares_figure
from gnomon.measures.tables import declared, each_unit, kept, runs_of, with_lost
from gnomon.numerics.increments import step_error
from gnomon.numerics.jackknife import pseudo_values
from gnomon.numerics.relevance_vectors import Relevance
from gnomon.numerics.term_search import (
    Terms,
    rivals_of,
    search_terms,
    squares,
    squares_left,
    weights_of,
    weights_without_each,
)
from gnomon.numerics.world_library import Term, terms_of
from gnomon.spec.figures import portrait_curve
from gnomon.spec.increments import COARSE, DECLARED, ROWS, SPAN, TRIANGLE
from gnomon.spec.results import Curve

ROUND_OFF = 1e-10  # of a scale: a model that has moved by less in a step has moved by nothing
MANY = 6  # terms; a sum of more explains much and names nothing
LEVEL = 0.95  # of the intervals of all weights together


class Weight(NamedTuple):
    """What an equation lacks of a term, in physical units per time.

    Attributes:
        low: end of an interval over units, widened by what the step leaves.
        posterior: standard deviation that the relevance vector machine states, noise taken as white.
        step: what the length of the step may have done to it.
    """

    term: Term
    value: float
    low: float | None
    high: float | None
    posterior: float
    step: float


class Found(NamedTuple):
    """What came of the search.

    Attributes:
        candidates: the terms that were chosen, all together, then each rival set.
        sets: their columns.
        weights: of the first set.
    """

    candidates: list[Candidate]
    sets: list[Terms]
    said: Attribution
    weights: tuple[Weight, ...]
    text: str


class MissingTerm(AbstractMeasure):
    """Share of the error of one short step that disappears when the missing terms are added to the model's equation.

    The error of the tendency over one short step from each of a series of the truth's states is regressed on what
    every term of a library (`numerics.world_library`) would have added by the end of that step, all variables together
    and each in its scale. A relevance vector machine chooses terms on every other unit. On the remaining ones, which
    have chosen nothing, their weights of the first half must take the error away:

        share = mean(e^2 - (e - sum of weight * term)^2) / mean(e^2)

    They are named by the rule of `inference.attribution`, all together as one candidate; rivals are the same terms
    with one of them replaced by the best other one, so that terms which cannot be told apart are not named. More than
    six terms are no cause. Weights are those of the second half, with bootstrap-t intervals over units, simultaneous
    for all of them, widened by what the length of the step leaves (from the same increments over twice the step). The
    discrepancy is the mean squared error of the tendency in scales per Lyapunov time; the value is the share in per
    cent. After Mojgani, Chattopadhyay and Hassanzadeh (2022), doi:10.1063/5.0091282.

    What misleads: a library that does not hold the error may still imitate part of it, and more than half is called
    a cause: read the share. What is wrong in hidden variables shows in the seen ones as something else. The error of
    one step says nothing of what grows: a small term may ruin a climate, and a large one may not. A learned
    simulator's error is a sum of many small ones, and mostly no term's.

    Attributes:
        least: share of the error below which a term is not worth its name.
        sigmas: error bars, of the relevance vector machine, that a weight has to be from zero.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "%"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1063/5.0091282"

    least: float = 0.03
    sigmas: float = 4.0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The triangles of every unit, in Lyapunov times, and the names of their columns."""
        card, runs = evidence.card, runs_of(evidence, declared(evidence, DECLARED))
        if TRIANGLE not in runs.obs:
            raise CannotMeasure(f"experiment {runs.label!r} was run without its increments")
        terms = terms_of(card)
        alive = kept(runs)
        clean = np.where(alive[:, None, None], runs.obs[TRIANGLE][:, 0, 0], 0.0)
        rows, span = (runs.obs[k][:, 0, 0] for k in (ROWS, SPAN))
        whole = squares(clean) / rows
        whole = np.where(whole > (ROUND_OFF / span) ** 2, whole, 0.0) * card.timescale**2
        return {
            "whole": whole,
            "triangle": clean,
            "coarse": np.where(alive[:, None, None], runs.obs[COARSE][:, 0, 0], 0.0),
            "rows": rows,
            "timescale": np.full(len(alive), card.timescale),
            "variables": each_unit(np.array([t.variable for t in terms]), len(alive)),
            "labels": each_unit(np.array([t.label for t in terms]), len(alive)),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean squared error of the tendency, in squared scales per Lyapunov time."""
        return with_lost(subject["whole"][subject["alive"]], subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the share, in per cent, of the units that judge; NaN where nothing is attributable."""
        found = searched(self, truth, subject)
        out = np.full(len(subject["alive"]), np.nan)
        if found.said.named is not None:
            out[1::2] = 100 * pseudo_shares(found.candidates[found.said.named])
        return out

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Shares of the terms and of their rivals with the answer in words, and the weights."""
        found = searched(self, tables["truth"], tables["subject"])
        names = [c.name for c in found.candidates]
        shares = shares_figure(
            "missing_term", "Error of one step that terms take away", found.said, names, found.text
        )
        if not found.weights:
            return (shares,)
        rows = [[_number(x) for x in (w.value, w.low, w.high, w.posterior, w.step)] for w in found.weights]
        columns = ("weight", "from", "to", "posterior deviation", "left by the step")
        names = [f"{w.term.variable}: {w.term.label}" for w in found.weights]
        title = "What the model's equations lack"
        return (shares, portrait_curve("weights", title, names, columns, {"subject": rows}, units="1"))


def searched(measure: MissingTerm, truth: UnitTable, subject: UnitTable) -> Found:
    """Terms chosen on every other unit, and what the others say of them."""
    alive = subject["alive"] & truth["alive"]
    first, second = alive[::2], alive[1::2]
    names = [Term(*t) for t in zip(subject["variables"][0], subject["labels"][0], strict=True)]
    choosing = subject["triangle"][::2][first]
    error = np.where(alive, subject["whole"] - truth["whole"], np.nan)[1::2]
    if not choosing.any() or not (subject["whole"] > 0).any():
        return _unnamed([Candidate(_listed(names, ()), 0 * error, error)], [()])
    chosen = search_terms(
        choosing, subject["rows"][::2][first].sum(), least=measure.least, sigmas=measure.sigmas
    )
    terms = tuple(int(i) for i in np.flatnonzero(chosen.kept))
    sets = [terms]
    if 0 < len(terms) <= MANY:
        sets += [r for r in rivals_of(choosing, terms) if set(r) not in map(set, sets)]
    judging = np.where(second[:, None, None], subject["triangle"][1::2], np.nan)
    scale = subject["timescale"][1::2] ** 2 / subject["rows"][1::2]
    candidates = [
        Candidate(
            _listed(names, s),
            error - scale * squares_left(judging, s, weights_of(choosing, s)),
            error,
            division="terms",
        )
        for s in sets
    ]
    said = attribute(candidates, seed=SEED)
    weights = _weights(
        names, terms, chosen, subject["triangle"][1::2][second], subject["coarse"][1::2][second]
    )
    found = Found(candidates, sets, said, weights, "")
    if len(terms) > MANY:
        reason = f"{len(terms)} terms are needed, more than {MANY}: a sum of so many is no cause"
        found = found._replace(said=said._replace(named=None, reason=reason))
    elif said.named:  # a rival did better on the units that chose nothing
        reason = f"{candidates[0].name} and {candidates[said.named].name} cannot be told apart"
        found = found._replace(said=said._replace(named=None, reason=reason))
    return found._replace(text=_told(found))


def _unnamed(candidates: list[Candidate], sets: list[Terms]) -> Found:
    """Where there is no error there is nothing to search in."""
    found = Found(candidates, sets, attribute(candidates, seed=SEED), (), "")
    return found._replace(text=_told(found))


def _told(found: Found) -> str:
    """The answer in words."""
    said, best = found.said, found.said.shares[0]
    if said.named is None:
        passed = any(s.low is not None and s.low > MOST for s in said.shares)
        if best.value is None or passed:
            return f"{NOT_ATTRIBUTABLE}: {said.reason}"
        held = "none of its terms is worth a name"
        if found.sets[0]:
            held = f"{found.candidates[0].name} would take away {in_words(best)} of the one-step error"
        return f"{NOT_ATTRIBUTABLE}: the library does not hold it; {held}"
    equations: dict[str, list[str]] = {}
    for w in found.weights:
        interval = "" if w.low is None or w.high is None else f" ({w.low:.4g} to {w.high:.4g})"
        equations.setdefault(w.term.variable, []).append(f"{w.value:.4g} {w.term.label}{interval}")
    lacks = "; ".join(f"{v} lacks {' + '.join(told)}" for v, told in equations.items())
    with_it = "it" if len(found.weights) == 1 else "them"
    return f"{lacks}; with {with_it} {in_words(best)} of the one-step error is gone"


def _weights(
    names: list[Term], terms: Terms, chosen: Relevance, judging: np.ndarray, coarse: np.ndarray
) -> tuple[Weight, ...]:
    """Weights of the units that chose nothing, with intervals over these units."""
    if not terms or len(judging) < 2:
        return ()
    middle, long = weights_of(judging, terms), weights_of(coarse, terms)
    left_out, left = weights_without_each(judging, terms), step_error(middle, long)
    out = []
    for j, term in enumerate(terms):
        told = estimate(
            pseudo_values(middle[j], left_out[:, j]), seed=SEED, level=1 - (1 - LEVEL) / len(terms)
        )
        low, high = (None if x is None else x for x in (told.low, told.high))
        if low is None or high is None:
            low = high = middle[j] if told.stderr is None else None  # the same in every unit: no doubt
        out.append(
            Weight(
                names[term],
                float(middle[j]),
                None if low is None else float(low - left[j]),
                None if high is None else float(high + left[j]),
                float(chosen.errors[term]),
                float(left[j]),
            )
        )
    return tuple(out)


def _listed(names: list[Term], terms: Terms) -> str:
    """Terms as a person would list them."""
    return " + ".join(f"{names[t].variable}: {names[t].label}" for t in terms) or "no term"


def _number(x: float | None) -> float | None:
    return None if x is None or not np.isfinite(x) else float(f"{x:.4g}")
