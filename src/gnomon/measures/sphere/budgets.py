"""Does a free run keep its air, its water, its energy and its angular momentum?"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.declared import declared_figures, declared_table
from gnomon.measures.sphere.fields import LEVELS, card_of, days, field, has, living_in, sphere
from gnomon.measures.tables import each_unit, require_truth, runs_of, thinned, with_lost
from gnomon.numerics.sphere.grid import GRAVITY, RADIUS, area_mean
from gnomon.numerics.sphere.vertical import pressure_integral
from gnomon.spec.cards import WorldCard
from gnomon.spec.results import Curve

YEAR, DAY = 365.25, 86_400.0
INSTANTS = 120  # of a unit's series, evenly spaced, first and last among them
HEAT, LATENT = 1004.0, 2.501e6  # J kg-1 K-1, J kg-1


class Budget(NamedTuple):
    """One budget.

    Attributes:
        units: of its residual.
        tolerance: a residual this much off the truth's counts one.
        says: what the residual is.
    """

    units: str
    tolerance: float
    says: str


BUDGETS = {
    "dry_mass": Budget(
        "Pa yr-1", 100.0, "trend of the pressure of dry air, ps - g times the column's vapour"
    ),
    "water": Budget("mm d-1", 0.05, "gain of column vapour minus (evaporation - precipitation)"),
    "top_energy": Budget("W m-2", 1.0, "mean net radiation at the top"),
    "heat": Budget("W m-2", 1.0, "tendency of the column's enthalpy and latent heat"),
    "momentum": Budget("%", 5.0, "axial angular momentum of the winds, relative to the truth's mean"),
}


class Budgets(AbstractMeasure):
    """Drift of the globe's stores and imbalance of its fluxes, unit by unit, in tolerances.

    Residuals of a unit over its run: `dry_mass`, least-squares trend of ps - g W (W the column's vapour); `water`,
    (W(end) - W(start)) / time - mean (E - P); `top_energy`, mean net radiation at the top; `heat`, least-squares
    trend of the column's cp T + L q; `momentum`, mean over time of int u a cos(lat) dm. d = mean over budgets of
    |residual - truth's mean residual| / tolerance, with tolerances 100 Pa/yr, 0.05 mm/d, 1 W/m2, 1 W/m2 and 5 % of
    the truth's. Each is held against the truth and not against zero, because seven levels do not hold a column
    exactly and a truth may have a leak of its own. The definition is this project's; budgets as in Trenberth and
    Smith (2005, doi:10.1175/JCLI-3299.1).

    There is no fidelity: a frozen state conserves everything. Energy has no surface flux in these files, so its
    budget cannot be closed, only compared. The split into dynamics, learned part and fixers is shown for a subject that
    declares its parts (see `declared`); nothing is guessed, and it enters no distance.

    What misleads: fluxes that were saved as instants (or means of one step) every stride only sample the mean flux;
    short runs have large trends from weather alone (compare with the floor); a fixer hides a leak from every budget
    but its own.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "tolerances"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1175/JCLI-3299.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit] residuals of every budget that the fields allow, and [unit, lead] the stores."""
        card, runs = evidence.card, runs_of(evidence, "free")
        alive = living_in(runs, _used(runs))
        found: dict[str, np.ndarray] = {}
        for make in (_mass_and_water, _energy, _momentum):
            found |= make(card, runs, alive)
        if not found:
            raise CannotMeasure(
                f"{card.name} has neither ps and hus nor rtmt nor ta nor ua: no budget can be made"
            )
        when = days(card, runs)[_instants(runs)]
        declared = declared_table(runs, when, found, alive)
        return found | declared | {"days": each_unit(when, len(alive)), "alive": alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean over budgets of the residual's distance from the truth's, in tolerances."""
        require_truth(truth)
        alive = subject["alive"]
        parts = [np.abs(v[alive]) / BUDGETS[k].tolerance for k, v in departures(truth, subject).items()]
        return with_lost(np.mean(parts, axis=0), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Every residual with its interval, the stores in time, and the parts that the subject declares."""
        card_of(evidence)
        truth = tables["truth"]
        names = [k for k in BUDGETS if k in truth]
        series = []
        for role in present(tables, "truth", "subject", "floor"):
            off = departures(truth, tables[role])
            both = [over_units(off[k] / BUDGETS[k].tolerance, tables[role]["alive"]) for k in names]
            mean, twice = np.array(both).T
            series.append(line(NAMES[role], role, np.arange(len(names)), mean, spread=twice))
        listed = "; ".join(
            f"{i}: {k} ({BUDGETS[k].tolerance:g} {BUDGETS[k].units})" for i, k in enumerate(names)
        )
        out = [
            Curve(
                name="budget_residuals",
                title="Residuals of the budgets",
                kind="bars",
                x_label="budget",
                y_label="departure from the truth (tolerances)",
                series=tuple(series),
                note=listed,
            )
        ]
        for key, title, units in (("air", "Dry air", "Pa"), ("vapour", "Column vapour", "kg m-2")):
            if key not in truth:
                continue
            series = []
            for role in present(tables, "truth", "subject", "floor"):
                x = tables[role][key] - tables[role][key][:, :1]
                mean, twice = over_units(x, tables[role]["alive"])
                series.append(line(NAMES[role], role, tables[role]["days"][0], mean, spread=twice))
            label = f"change since the start ({units})"
            out.append(
                Curve(
                    name=f"store_{key}",
                    title=f"{title}, global mean",
                    kind="line",
                    x_label="time (days)",
                    y_label=label,
                    series=tuple(series),
                )
            )
        return (*out, *declared_figures(tables["subject"]))


def departures(truth: UnitTable, subject: UnitTable) -> dict[str, np.ndarray]:
    """Budget -> [unit] residual less the truth's mean residual, in the budget's units."""
    out = {}
    for k in BUDGETS:
        if k in truth and k in subject:
            mean = truth[k].mean()
            out[k] = (
                100 * (subject[k] - mean) / max(abs(mean), 1e-300) if k == "momentum" else subject[k] - mean
            )
    return out


def trend(t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """[unit] least-squares slope of series [unit, lead]."""
    t = t - t.mean()
    return (x - x.mean(axis=-1, keepdims=True)) @ t / (t @ t)


def _used(runs: Runs) -> list[str]:
    """The fields that some budget reads."""
    kinds = [f"{k}{p}" for k in ("ta", "ua", "hus") for p in LEVELS]
    return [n for n in ("ps", "pr", "evspsbl", "rtmt", *kinds) if n in runs.obs]


def _instants(runs: Runs) -> np.ndarray:
    if len(runs.time) < 3:
        raise CannotMeasure(
            f"{runs.label!r} keeps {len(runs.time)} observations a run; a budget needs a series"
        )
    return thinned(len(runs.time), INSTANTS)


def _columns(card: WorldCard, runs: Runs, kind: str) -> list[int]:
    return [p for p in LEVELS if has(runs, card, f"{kind}{p}")]


def _global(
    runs: Runs, alive: np.ndarray, make: Callable[[int], np.ndarray], weights: np.ndarray, count: int
) -> np.ndarray:
    """[unit, lead] area means of what `make` gives for each living unit."""
    out = np.zeros((len(alive), count))
    for i in np.flatnonzero(alive):
        out[i] = area_mean(make(int(i)), weights)
    return out


def _column(card: WorldCard, runs: Runs, kind: str, i: int, keep: np.ndarray) -> np.ndarray:
    """[lead, lat, lon] mass-weighted integral of one unit."""
    levels = _columns(card, runs, kind)
    x = np.stack([field(runs, f"{kind}{p}", keep)[i] for p in levels])
    return pressure_integral(x, np.array(levels), field(runs, "ps", keep)[i].astype(float), axis=0)


def _mass_and_water(card: WorldCard, runs: Runs, alive: np.ndarray) -> dict[str, np.ndarray]:
    if not (has(runs, card, "ps") and len(_columns(card, runs, "hus")) > 2):
        return {}
    w, keep = sphere(card).weights, _instants(runs)
    t = days(card, runs)
    vapour = _global(runs, alive, lambda i: _column(card, runs, "hus", i, keep), w, len(keep))
    pressure = _global(runs, alive, lambda i: field(runs, "ps", keep)[i].astype(float), w, len(keep))
    air = pressure - GRAVITY * vapour
    out = {"air": air, "vapour": vapour, "dry_mass": trend(t[keep], air) * YEAR}
    if has(runs, card, "pr") and has(runs, card, "evspsbl"):
        source = _global(
            runs, alive, lambda i: field(runs, "evspsbl")[i].astype(float) - field(runs, "pr")[i], w, len(t)
        )
        gained = (vapour[:, -1] - vapour[:, 0]) / (t[keep[-1]] - t[keep[0]])
        out["water"] = gained - source[:, 1:].mean(axis=1) * DAY  # the first flux lies before the first store
    return out


def _energy(card: WorldCard, runs: Runs, alive: np.ndarray) -> dict[str, np.ndarray]:
    w, keep, out = sphere(card).weights, _instants(runs), {}
    if has(runs, card, "rtmt"):
        flux = _global(runs, alive, lambda i: field(runs, "rtmt")[i].astype(float), w, len(runs.time))
        out["top_energy"] = flux.mean(axis=1)
    kinds = {k: c for k, c in (("ta", HEAT), ("hus", LATENT)) if len(_columns(card, runs, k)) > 2}
    if "ta" in kinds and has(runs, card, "ps"):
        store = _global(
            runs,
            alive,
            lambda i: np.sum([c * _column(card, runs, k, i, keep) for k, c in kinds.items()], axis=0),
            w,
            len(keep),
        )
        out |= {"enthalpy": store, "heat": trend(days(card, runs)[keep] * DAY, store)}
    return out


def _momentum(card: WorldCard, runs: Runs, alive: np.ndarray) -> dict[str, Any]:
    if not (has(runs, card, "ps") and len(_columns(card, runs, "ua")) > 2):
        return {}
    where, keep = sphere(card), _instants(runs)
    arm = RADIUS * np.cos(np.radians(where.lat))[:, None]
    m = _global(runs, alive, lambda i: arm * _column(card, runs, "ua", i, keep), where.weights, len(keep))
    return {"momentum": m.mean(axis=1)}
