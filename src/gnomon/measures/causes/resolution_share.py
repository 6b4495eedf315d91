"""How much of a model's deficit does its effective resolution explain?"""

import functools
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import msgspec
import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.inference.attribution import Attribution, Candidate, attribute, in_words, pseudo_shares
from gnomon.measures.causes.relaxed import NOT_ATTRIBUTABLE, SEED
from gnomon.measures.drawing import line
from gnomon.measures.tables import each_unit, living, runs_of
from gnomon.numerics.coarsening import coarsened, resolved, varies, wave_power
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.spec.results import Curve

FREE = "free"
ASKED = {"sphere": "cyclone_statistics"}  # rung -> the measure that is asked again by default
ELSEWHERE = "attractor"
WINDS = ("ua250", "va250", "ua500", "va500", "ua200", "va200")  # whose power tells the resolution of a sphere
TOLD = "degrading the truth to wave {waves}, the last that the model resolves, removes {share} of its distance in {of}"


class ResolutionShare(AbstractMeasure):
    """Share of a model's distance from the truth that disappears when the truth is seen at the model's resolution.

    The effective resolution is the last wave (of an axis; total wavenumber on a sphere) before the model's power stays
    below half of the truth's (as in `sphere_spectrum`; Klaver and others 2020, doi:10.1002/asl.952). The truth's free
    runs are cut off there, and the measure `of` is asked again: on a sphere cyclones are tracked anew. With D of the
    model's distance from the truth, D' that from the degraded truth, and D0, D0' the same of a twin,

        share = [(D - D0) - (D' - D0')] / (D - D0)

    Half of the truth's units are the reference, the other half the twin; the model's units of the first half are
    compared. The rest of the distance is not resolution. The discrepancy is that of `of`, the value the share in per
    cent. Named by the rule of `inference.attribution`.

    What misleads: cutting sharply is not what a model does; a deficit may vanish because the degraded truth happens to
    err as the model does, for another reason; a measure that does not feel small scales has nothing to give back.
    Means over a stride have lost fast small waves on both sides.

    Attributes:
        of: the measure that is asked again; empty for the cyclones on a sphere, else the attractor.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "%"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1002/asl.952"

    of: str = ""

    def __check_init__(self):
        if self.of == "resolution_share":
            raise BadSpec(
                "measure 'resolution_share' cannot be asked of itself; name another measure in `of`"
            )

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The free runs as they are, and the power of every wave; what is to be cut is known when both sides are."""
        card, runs = evidence.card, runs_of(evidence, FREE)
        used = _telling(card, runs)
        if not used:
            raise CannotMeasure(f"{card.name} has no field with waves, so no resolution")
        alive = living(runs)
        n = len(alive)
        spectra = []
        for v in (v for v in card.variables if v.name in used):
            x = np.where(alive.reshape(-1, *[1] * (runs.obs[v.name].ndim - 2)), runs.obs[v.name][:, 0], 0.0)
            spectra.append(wave_power(card, v, x) / v.scale**2)
        return {
            "power": np.sum(spectra, axis=0),
            "alive": alive,
            "card": each_unit(np.frombuffer(msgspec.json.encode(card), np.uint8), n),
            "time": each_unit(np.asarray(runs.time), n),
            "diverged": runs.diverged,
        } | {f"obs {k}": v for k, v in runs.obs.items()}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """That of the measure asked, on the runs as they are."""
        return self._distance(_evidence(truth), _evidence(subject))

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the share, in per cent, for the units compared; NaN where nothing is attributable."""
        found = self._found(truth, subject)
        out = np.full(len(subject["alive"]), np.nan)
        if found.said is not None and found.said.named is not None and found.candidate is not None:
            share = 100 * pseudo_shares(found.candidate)
            out[::2][: len(share)] = share
        return out

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Power over waves of truth and model, and the answer in words."""
        found = self._found(tables["truth"], tables["subject"])
        series = []
        for role, label in (("truth", "truth"), ("subject", "model")):
            table = tables[role]
            if table["alive"].any():
                mean = table["power"][table["alive"]].mean(axis=0)
                series.append(line(label, role, np.arange(1, len(mean)), mean[1:]))  # type: ignore[arg-type]
        return (
            Curve(
                name="resolution",
                title="Power of every wave",
                kind="line",
                x_label="wave",
                y_label="power (scales squared)",
                log="y",
                series=tuple(series),
                note=found.text,
            ),
        )

    def _found(self, truth: UnitTable, subject: UnitTable) -> "_Found":
        return _compared(self, truth, subject)

    def _measure(self, rung: str) -> AbstractMeasure:
        return build("measures", self.asked(rung))

    def asked(self, rung: str) -> str:
        """The measure that is asked again on a rung."""
        return self.of or ASKED.get(rung, ELSEWHERE)

    def _distance(self, truth: Evidence, subject: Evidence) -> np.ndarray:
        measure = self._measure(truth.card.rung)
        return np.asarray(measure.discrepancy(measure.summarise(truth), measure.summarise(subject)), float)


class _Found(NamedTuple):
    """What came of it.

    Attributes:
        waves: the effective resolution; None where the model has no deficit of small scales.
        text: the answer in words.
    """

    waves: int | None
    candidate: Candidate | None
    said: Attribution | None
    text: str


def _compared(measure: ResolutionShare, truth: UnitTable, subject: UnitTable) -> _Found:
    if not subject["alive"].any():
        return _Found(None, None, None, f"{NOT_ATTRIBUTABLE}: no run of the model lived")
    if len(truth["alive"]) != len(subject["alive"]) or len(truth["alive"]) < 4:
        return _Found(
            None, None, None, f"{NOT_ATTRIBUTABLE}: too few units to set half of them aside as a twin"
        )
    waves = resolved(*(t["power"][t["alive"]].mean(axis=0) for t in (truth, subject)))
    if waves is None:
        reason = "the model keeps half of the truth's power or more down to the shortest wave"
        return _Found(None, None, None, f"{NOT_ATTRIBUTABLE} to resolution: {reason}")
    reference, twin, model = _evidence(truth, 0), _evidence(truth, 1), _evidence(subject, 0)
    size = len(runs_of(twin, FREE).diverged)
    reference, model = (_first(e, size) for e in (reference, model))
    cut = functools.partial(_degraded, waves=waves)
    try:
        plain = measure._distance(reference, model) - measure._distance(reference, twin)
        left = measure._distance(cut(reference), model) - measure._distance(cut(reference), cut(twin))
    except CannotMeasure as reason:
        return _Found(waves, None, None, f"{NOT_ATTRIBUTABLE} to resolution: {reason}")
    both = np.isfinite(plain) & np.isfinite(left)
    candidate = Candidate(
        f"resolution (wave {waves})", np.where(both, plain - left, np.nan), np.where(both, plain, np.nan)
    )
    said = attribute([candidate], seed=SEED)
    if said.named is None:
        text = f"{NOT_ATTRIBUTABLE} to resolution (wave {waves}): {said.reason}"
    else:
        of = measure.asked(reference.card.rung).replace("_", " ")
        text = TOLD.format(waves=waves, share=in_words(said.shares[0]), of=of)
    return _Found(waves, candidate, said, text)


def _telling(card: WorldCard, runs: Runs) -> list[str]:
    """Variables whose power tells the resolution: winds aloft on a sphere, else every field."""
    fields = [v.name for v in card.variables if v.name in runs.obs and varies(card, v)]
    if card.grid is None:
        sizes = {next(v.shape for v in card.variables if v.name == k) for k in fields}
        return fields if len(sizes) <= 1 else fields[:1]
    return [k for k in fields if k in WINDS] or fields[:1]


def _evidence(table: UnitTable, half: int | None = None) -> Evidence:
    """The runs that a table carries; `half`: every other unit, from 0 or from 1."""
    rows = slice(None) if half is None else slice(half, None, 2)
    card = msgspec.json.decode(table["card"][0].tobytes(), type=WorldCard)
    diverged = table["diverged"][rows]
    runs = Runs(
        label=FREE,
        obs={k.removeprefix("obs "): v[rows] for k, v in table.items() if k.startswith("obs ")},
        time=np.asarray(table["time"][0]),
        forcing={},
        diverged=diverged,
        exponents=None,
        initial={},
        cost={},
    )
    return Evidence(card=card, runs={FREE: runs}, design={}, fit={})


def _first(evidence: Evidence, size: int) -> Evidence:
    runs = runs_of(evidence, FREE)
    fewer = runs._replace(obs={k: v[:size] for k, v in runs.obs.items()}, diverged=runs.diverged[:size])
    return evidence._replace(runs={FREE: fewer})


def _degraded(evidence: Evidence, *, waves: int) -> Evidence:
    """The same runs without the waves beyond."""
    runs = runs_of(evidence, FREE)
    known = {v.name: v for v in evidence.card.variables if v.name in runs.obs}
    obs = {k: coarsened(evidence.card, v, np.asarray(runs.obs[k]), waves) for k, v in known.items()}
    return evidence._replace(runs={FREE: runs._replace(obs=obs)})
