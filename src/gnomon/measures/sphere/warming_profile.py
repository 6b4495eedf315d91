"""Does the atmosphere warm, and do its winds change, at the right heights and latitudes?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import LEVELS, sphere
from gnomon.measures.sphere.indices import adiabat, tropical
from gnomon.measures.sphere.maps import significance_note, significant
from gnomon.measures.sphere.products import detected, strength
from gnomon.measures.sphere.steady import steady
from gnomon.measures.tables import declared, each_unit, kept, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import beside, pair_mean, paired, paired_error
from gnomon.spec.figures import section_curve
from gnomon.spec.results import Curve

Field = Literal["ta", "ua"]
UPPER = 100  # hPa: levels from here up are judged only where the truth's response is certain
CERTAIN = 3.0  # times the uncertainty of the truth's response
TROPICAL = ("ta1000", "hus1000", *(f"ta{p}" for p in LEVELS[1:]))
UNITS = {"ta": "K", "ua": "m s-1"}


class WarmingProfile(AbstractMeasure):
    """Error of the response's zonal-mean cross-section.

    X(lat, p) = change of the zonal mean of ta or ua from the unit's control under every shift. d = sum of w (X -
    R)^2 over sum of w R^2, w = area times thickness of the layer, both sums corrected for noise by pairs of
    different units (Hoeffding 1948, doi:10.1214/aoms/1177730196; the question of Chen et al. 2026,
    doi:10.48550/arXiv.2602.11313, who found the upper levels wrong). At 100 hPa and above a point counts only where
    |R| exceeds three times its uncertainty, the root of (standard error)^2 + (half of the drift of the response
    between the first and the second half of the runs)^2: the stratosphere takes years to settle. A drift that control
    and shift share is no part of X, because each unit is held against its own control over the same leads; what
    the shift drifts by itself stays in X and in its uncertainty. value = strength <X, R> / <R, R>.

    What misleads: the deep layers decide, the stratosphere is thin in mass (see the section); a short run has few
    upper points left; below the ground levels are continued downwards and count.

    Attributes:
        field: "ta" or "ua".
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    field: Field = "ta"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's sections and their drift, and tropical profiles for the moist adiabat."""
        where, offsets = sphere(evidence.card), declared(evidence, "offsets")
        names = tuple(f"{self.field}{p}" for p in LEVELS)
        means = steady(evidence, offsets, names)
        units = len(means.alive)
        weight = layer_thickness()[:, None] * where.weights
        table = {
            "section": np.stack([means.change[n].mean(axis=-1) for n in names], axis=2),
            "drift": _drift(evidence, offsets, names, units),
            "weight": each_unit(weight / weight.sum(), units),
            "kelvin": each_unit(means.offset * float(declared(evidence, "half_range")), units),
            "alive": means.alive,
        }
        return table | _tropics(evidence, offsets)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error."""
        require_truth(truth)
        x, true = (_weighted(truth, t) for t in (subject, truth))
        if not detected(true):
            raise CannotMeasure(f"the true response of {self.field} to the warming cannot be told from noise")
        alive = subject["alive"]
        return with_lost(paired_error(x[alive], true, alive) / pair_mean(true)[0], alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Strength along the true response."""
        alive = subject["alive"]
        x, true = (_weighted(truth, t) for t in (subject, truth))
        if alive.sum() < 2 or not paired(true, alive):
            return np.full(alive.shape, np.nan)
        return with_lost(strength(x[alive], beside(true, alive)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Sections at the largest shift, which points count, and the tropics beside the moist adiabat."""
        truth = tables["truth"]
        kelvin = truth["kelvin"][0, -1]
        alive = {
            r: tables[r]["section"][tables[r]["alive"]][:, -1] for r in present(tables, "truth", "subject")
        }
        shown = {role: x.mean(axis=0) for role, x in alive.items() if len(x)}
        mask = judged(truth)[-1]
        note = f"{100 * mask[np.array(LEVELS) <= UPPER].mean():.0f} % of the points at {UPPER} hPa and above count"
        marks = {}
        if {"truth", "subject"} <= shown.keys():
            differs = significant(alive["subject"], alive["truth"])
            shown["difference"] = shown["subject"] - shown["truth"]
            marks, note = {"difference": differs}, f"{note}; {significance_note(differs)}"
        figure = section_curve(
            f"section_{self.field}",
            f"Change of the zonal mean of {self.field} at {kelvin:+g} K",
            sphere(evidence["truth"].card).lat,
            LEVELS,
            shown,
            units=UNITS[self.field],
            note=note,
            significant=marks,
        )
        return (figure, *_adiabat_figure(tables))


def layer_thickness() -> np.ndarray:
    """[level] share of the mass between 1000 hPa and the top that each of `LEVELS` stands for; they sum to 1."""
    p = np.array(LEVELS, float)
    edges = np.concatenate([[p[0]], (p[1:] + p[:-1]) / 2, [0.0]])
    return -np.diff(edges) / p[0]


def judged(truth: UnitTable) -> np.ndarray:
    """[shift, level, lat] which points count."""
    x, drift = truth["section"][truth["alive"]], truth["drift"][truth["alive"]]
    upper = (np.array(LEVELS) <= UPPER)[:, None] & np.ones(x.shape[2:], bool)
    if len(x) < 2:
        return np.broadcast_to(~upper, x.shape[1:])
    error = np.hypot(x.std(axis=0, ddof=1) / np.sqrt(len(x)), drift.mean(axis=0) / 2)
    return ~upper | (np.abs(x.mean(axis=0)) > CERTAIN * error)


def _weighted(truth: UnitTable, table: UnitTable) -> np.ndarray:
    """[unit, feature] sections over the points that count, times the root of their weight."""
    mask = judged(truth)
    x = table["section"] * np.sqrt(truth["weight"][0]) * mask
    return x.reshape(len(x), -1)


def _drift(
    evidence: Evidence, offsets: Mapping[str, float], names: tuple[str, ...], units: int
) -> np.ndarray:
    """[unit, shift, level, lat] change of the response from the first to the second half of the runs.

    Zeros where a run has one time.
    """
    order = sorted(offsets, key=lambda label: float(offsets[label]))
    halves = [_halves(evidence, label, names, units) for label in ("control", *order)]
    return np.stack([forced - halves[0] for forced in halves[1:]], axis=1)


def _halves(evidence: Evidence, label: str, names: tuple[str, ...], units: int) -> np.ndarray:
    """[unit, level, lat] second half less first half; of a longer control the first units, enough for a bound."""
    runs = runs_of(evidence, label)
    count = len(runs.time) // 2
    out = []
    for name in names:
        x = runs.obs[name][:units]
        if not count:
            out.append(np.zeros((units, x.shape[-2])))
            continue
        parts = [x[:, :, s].mean(axis=(1, 2, 4), dtype=float) for s in (slice(-count, None), slice(0, count))]
        out.append(parts[0] - parts[1])
    found = np.stack(out, axis=1)
    found[~kept(runs)[:units]] = np.nan
    return found


def _tropics(evidence: Evidence, offsets: Mapping[str, float]) -> UnitTable:
    """Tropical warming at the largest shift and the moist adiabat's; nothing where a variable is missing."""
    where = sphere(evidence.card)
    label = max(offsets, key=lambda k: float(offsets[k]))
    try:
        means = steady(evidence, {label: offsets[label]}, TROPICAL)
    except CannotMeasure:
        return {}
    shape = (len(means.alive), len(LEVELS))
    air, curve = np.zeros(shape), np.zeros(shape)
    names = tuple(n for n in TROPICAL if n.startswith("ta"))
    for unit in np.flatnonzero(means.alive):
        cold = {n: means.control[n][unit] for n in TROPICAL}
        warm = {n: cold[n] + means.change[n][unit, 0] for n in TROPICAL}
        air[unit] = tropical(warm, where, names) - tropical(cold, where, names)
        curve[unit] = adiabat(warm, where, LEVELS) - adiabat(cold, where, LEVELS)
    return {"tropical": air, "adiabat": curve}


def _adiabat_figure(tables: Mapping[str, UnitTable]) -> tuple[Curve, ...]:
    if "tropical" not in tables["truth"]:
        return ()
    series, told = [], []
    for role in present(tables, "truth", "subject"):
        table = tables[role]
        if "tropical" not in table or not table["alive"].any():
            continue
        mean, twice = over_units(table["tropical"], table["alive"])
        lifted, _ = over_units(table["adiabat"], table["alive"])
        series.append(line(NAMES[role], role, np.array(LEVELS), mean, spread=twice))
        series.append(line(f"{NAMES[role]}, moist adiabat", role, np.array(LEVELS), lifted))
        free = (np.array(LEVELS) <= 850) & (np.array(LEVELS) >= 250)
        rms = np.sqrt(((mean - lifted)[free] ** 2).mean())
        base = mean[LEVELS.index(850)]
        most = int(np.argmax(np.where(free, mean, -np.inf)))
        grows = (
            f"largest amplification {mean[most] / base:.2f} at {LEVELS[most]} hPa, "
            if abs(base) > 1e-9
            else ""
        )
        told.append(f"{NAMES[role]}: {grows}rms deviation {rms:.2g} K (850-250 hPa)")
    return (
        Curve(
            name="tropical_profile",
            title="Tropical warming (20S-20N) and the moist adiabat's",
            kind="line",
            x_label="pressure (hPa)",
            y_label="change of temperature (K)",
            series=tuple(series),
            note=f"{'; '.join(told)}; band: two standard errors",
        ),
    )
