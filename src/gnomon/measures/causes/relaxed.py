"""What the measures of relaxed runs share: the runs, their squared errors, the figure of shares with its sentence."""

from collections.abc import Mapping, Sequence

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs
from gnomon.inference.attribution import Attribution, in_words
from gnomon.measures.tables import declared, runs_of
from gnomon.numerics.part_masks import weights_of
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.figures import portrait_curve
from gnomon.spec.relaxation import DECLARED, ERROR, Relaxation, read
from gnomon.spec.results import Curve

STAMP = "relaxed"  # in the cost of runs that were relaxed (`adapters.relaxed_runner`)
SEED = 20_26  # of the resampling behind a sentence: the same results give the same sentence
NOT_ATTRIBUTABLE = "not attributable"


def relaxations(evidence: Evidence) -> dict[str, Relaxation]:
    """Label -> what the trial declares to be done in it."""
    return {label: read(how) for label, how in declared(evidence, DECLARED).items()}


def relaxed_runs(evidence: Evidence, label: str) -> Runs:
    """The runs of a relaxation; a run that was not relaxed is not taken for one."""
    runs = runs_of(evidence, label)
    if STAMP not in runs.cost:
        raise CannotMeasure(f"experiment {label!r} was run without its relaxation")
    return runs


def given(card: WorldCard, runs: Runs) -> list[Variable]:
    """Variables of the world whose error was kept."""
    found = [v for v in card.variables if ERROR + v.name in runs.obs]
    if not found:
        raise CannotMeasure(f"experiment {runs.label!r} kept no error of any variable")
    return found


def squared(runs: Runs, variable: Variable) -> np.ndarray:
    """[unit, lead, ...] squared errors of a variable, in squared scales."""
    error = runs.obs[ERROR + variable.name][:, 0].astype(float) / variable.scale
    return error**2


def summed(card: WorldCard, runs: Runs, masks: Mapping[str, np.ndarray]) -> np.ndarray:
    """[unit] mean over leads of the squared error within masks, as a part of the mean over all variables and places."""
    variables = given(card, runs)
    total = np.zeros(len(runs.diverged))
    for v in variables:
        weight = np.where(masks[v.name], weights_of(card, v), 0.0).ravel()
        x = squared(runs, v)
        total += x.reshape(*x.shape[:2], -1).mean(axis=1) @ weight
    return total / len(variables)


def against_twin(subject: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """[unit] what a unit's errors are divided by: the sum of the model's and the twin's, which favours neither."""
    both = subject + twin
    return np.where(both > 0, both, 1.0)


def sentence(found: Attribution, names: Sequence[str], told: str) -> str:
    """The answer in words; `told` has places for {name} and {share}."""
    if found.named is None:
        return f"{NOT_ATTRIBUTABLE}: {found.reason}"
    return told.format(name=names[found.named], share=in_words(found.shares[found.named]))


def shares_figure(
    name: str, title: str, found: Attribution, names: Sequence[str], note: str, fair: Sequence[float] = ()
) -> Curve:
    """A table of all candidates: shares in per cent with simultaneous intervals; the sentence is its note.

    Args:
        name: of the figure.
        title: of the figure.
        found: what can be said of the candidates.
        names: of the candidates.
        note: the sentence.
        fair: the shares that their sizes alone would give them, where that is known.
    """
    rows = [
        [_percent(s.value), _percent(s.low), _percent(s.high), *(_percent(f) for f in fair[i : i + 1])]
        for i, s in enumerate(found.shares)
    ]
    columns = ("share", "from", "to", *(("fair",) if fair else ()))
    return portrait_curve(name, title, names, columns, {"subject": rows}, units="%", note=note)


def _percent(share: float | None) -> float | None:
    return None if share is None or not np.isfinite(share) else float(f"{100 * share:.4g}")
