"""In which regime does the error of a single step arise?"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.inference.attribution import Attribution, Candidate, attribute, pseudo_shares
from gnomon.measures.causes.relaxed import (
    SEED,
    against_twin,
    given,
    relaxations,
    relaxed_runs,
    sentence,
    shares_figure,
    squared,
)
from gnomon.measures.tables import each_unit, kept, with_lost
from gnomon.numerics.part_masks import mask_of, parts_of, weights_of
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.relaxation import TRUE
from gnomon.spec.results import Curve

TOLD = "{share} of the squared error of single steps arises in {name}"
FAVOURITES = ("zg500", "psl")  # whose departures tell the weather of a sphere
MOST = 40  # leads of a record that are looked at on a sphere


class Regime(NamedTuple):
    """One class of a division of time and place.

    Attributes:
        name: as a person calls it.
        division: regimes of one division fill all time and place together.
        error: [unit] its part of the mean squared error.
        whole: [unit] that mean.
        time: [unit] share of time and place that it holds.
    """

    name: str
    division: str
    error: np.ndarray
    whole: np.ndarray
    time: np.ndarray


class RegimeShare(AbstractMeasure):
    """Share of the squared one-step error that arises in one regime, beside the share of time and place it holds.

    A step from each of a series of the truth's own states; its squared error over scale is summed within the regimes
    of three divisions: the *place* (sectors, bands of latitude), the *variable* (or the upper levels), and the *state*:
    bins of equal frequency of the truth's local value before the step (on a sphere, of the departure of 500 hPa
    height or pressure from its mean over longitude, time and units). What a twin's steps err is subtracted, so that
    share of r = mean(e_r - t_r) / mean(e - t), a ratio of means over units (each divided by its own e + t, so that
    every unit counts alike). A regime is named by the rule of
    `inference.attribution`, with its share of time and place as what is fair. The discrepancy is the mean squared
    one-step error, the value the named regime's share in per cent. After the initial-tendency method of Klinker and
    Sardeshmukh (1992, doi:10.1175/1520-0469(1992)049<0608:TDOMDI>2.0.CO;2) and Rodwell and Palmer (2007,
    doi:10.1002/qj.23).

    What misleads: a step adds what happened within it, so error of short steps has moved little but not at all only
    in the limit; regimes of large values have large errors by the size of everything there; an error of one step
    says nothing of what grows. Bins of the state and places are looked at together, so one cause can be named in one
    division and hide in another.

    Attributes:
        bins: of the state.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "%"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1002/qj.23"

    bins: int = 4

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Error and time of every regime, unit by unit."""
        label = next((k for k, how in relaxations(evidence).items() if how.told), None)
        if label is None:
            raise CannotMeasure("the trial declares no record of single steps")
        runs = relaxed_runs(evidence, label)
        if len(runs.time) < 2:
            raise CannotMeasure("a record of one step has no state before a step")
        alive = kept(runs)
        regimes = _regimes(evidence.card, runs, self.bins, alive)
        n = len(alive)
        return {
            "error": np.stack([r.error for r in regimes], axis=1),
            "whole": np.stack([r.whole for r in regimes], axis=1),
            "time": np.stack([r.time for r in regimes], axis=1),
            "names": each_unit(np.array([r.name for r in regimes]), n),
            "divisions": each_unit(np.array([r.division for r in regimes]), n),
            "alive": alive & np.isfinite(regimes[0].whole),
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean squared error of a single step, in squared scales."""
        alive = subject["alive"]
        return with_lost(subject["whole"][alive, 0], alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the named regime's share, in per cent; NaN where nothing is attributable."""
        candidates, found = _found(truth, subject)
        if found.named is None:
            return np.full(len(subject["alive"]), np.nan)
        return 100 * pseudo_shares(candidates[found.named])

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Shares of all regimes beside their shares of time, and the answer in words."""
        candidates, found = _found(tables["truth"], tables["subject"])
        names, fair = [c.name for c in candidates], [c.fair for c in candidates]
        said = sentence(found, names, TOLD)
        if found.named is not None:
            said += f", which holds {100 * fair[found.named]:.0f} % of time and place"
        return (shares_figure("regimes", "Where the error of single steps arises", found, names, said, fair),)


def _found(truth: UnitTable, subject: UnitTable) -> tuple[list[Candidate], Attribution]:
    alive = subject["alive"] & truth["alive"]

    own = against_twin(subject["whole"][:, 0], truth["whole"][:, 0])

    def beyond(key: str, i: int) -> np.ndarray:
        return np.where(alive, (subject[key][:, i] - truth[key][:, i]) / own, np.nan)

    time = subject["time"][alive].mean(axis=0) if alive.any() else subject["time"].mean(axis=0)
    candidates = [
        Candidate(str(name), beyond("error", i), beyond("whole", i), str(division), float(time[i]))
        for i, (name, division) in enumerate(zip(subject["names"][0], subject["divisions"][0], strict=True))
    ]
    return candidates, attribute(candidates, seed=SEED)


def _regimes(card: WorldCard, runs: Runs, bins: int, alive: np.ndarray) -> list[Regime]:
    variables = given(card, runs)
    leads = slice(1, None)
    if (
        card.grid is not None
    ):  # the state of the moment before a step is the truth's at the saved step before it
        leads = np.unique(np.linspace(1, len(runs.time) - 1, MOST).astype(int))
    fields = {v.name: squared(runs, v)[:, leads] for v in variables}
    weights = {v.name: weights_of(card, v) / len(variables) for v in variables}
    whole = sum(_weighted(fields[v.name], weights[v.name]) for v in variables)
    n = len(runs.diverged)
    out = []
    for part in parts_of(card):
        masks = mask_of(card, part)
        error = sum(_weighted(fields[v.name], np.where(masks[v.name], weights[v.name], 0)) for v in variables)
        share = sum(float(np.where(masks[v.name], weights[v.name], 0).sum()) for v in variables)
        division = "place" if part.axis else "variable"
        out.append(Regime(part.name, division, np.asarray(error), np.asarray(whole), np.full(n, share)))
    return [*out, *_of_state(card, runs, bins, alive, fields, weights, leads)]


def _of_state(
    card: WorldCard, runs: Runs, bins: int, alive: np.ndarray,
    fields: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray], leads: np.ndarray | slice,
) -> list[Regime]:  # fmt: skip
    """Bins of equal frequency of the truth's local value just before a step."""
    index = _index_variable(card, runs)
    before = runs.obs[TRUE + index.name][:, 0].astype(float)
    place = np.arange(len(runs.time))[leads] - 1
    local = before[:, place]
    if card.grid is not None:
        local = local - local[alive].mean(axis=(0, 1, -1), keepdims=True)[0] if alive.any() else local
    same = [v for v in card.variables if v.name in fields and v.shape == index.shape]
    if not index.shape:  # a state of single numbers: the index stands for all of them at a moment
        same = [v for v in card.variables if v.name in fields and not v.shape]
    if not alive.any():
        return []
    edges = np.quantile(local[alive], np.linspace(0, 1, bins + 1)[1:-1])
    which = np.digitize(local, edges)
    out = []
    for b in range(bins):
        inside = (which == b).astype(float)
        error = sum(_weighted(fields[v.name] * inside, weights[v.name]) for v in same)
        whole = sum(_weighted(fields[v.name], weights[v.name]) for v in same)
        time = _weighted(inside, weights[index.name] / weights[index.name].sum())
        name = f"bin {b + 1} of {bins} of {index.name}" + (" (lowest)" if b == 0 else "")
        name += " (highest)" if b == bins - 1 else ""
        out.append(Regime(name, "state", np.asarray(error), np.asarray(whole), time))
    return out


def _index_variable(card: WorldCard, runs: Runs) -> Variable:
    found = {v.name: v for v in card.variables if TRUE + v.name in runs.obs}
    if not found:
        raise CannotMeasure(f"experiment {runs.label!r} kept no truth beside its errors")
    return next((found[k] for k in FAVOURITES if k in found), next(iter(found.values())))


def _weighted(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[unit] mean over leads of the weighted sum over places."""
    return x.reshape(*x.shape[:2], -1).mean(axis=1) @ np.ravel(weights)
