"""How large is a weather forecast's error, over all the fields that matter?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import card_of, days, field, held, living_in, scale_of, sphere
from gnomon.measures.tables import (
    declared,
    each_unit,
    lyapunov_times,
    require_truth,
    runs_of,
    with_lost,
)
from gnomon.numerics.sphere.grid import area_mean
from gnomon.spec.results import Curve

FORECAST_FIELDS = ("zg500", "psl", "ta850", "tas", "ua850", "va850", "ua250", "va250", "hus700")
LEADS = 60  # at most so many, evenly spaced: neighbouring leads say almost the same


class Skill(AbstractMeasure):
    """Area-weighted squared error of the headline fields, each over its climatological variance.

    d = mean over fields f and leads up to the horizon of <(x_f - y_f)^2> / scale_f^2, unit by unit, against the
    truth from the same start; <.> is the area mean (Gauss weights of the card) and scale the card's standard
    deviation at a point. RMSE by lead and field as in WeatherBench 2 (Rasp et al. 2024, doi:10.1029/2023MS004019).

    What misleads: the squared error rewards a forecast that fades to the mean over one that keeps its weather (look
    at `sphere_spectrum` and `band_variance` beside it); late leads weigh most; one number over fields hides which
    field fails; the scale is one number a field, so the extratropics, where variance lives, decide.

    Attributes:
        fields: variables asked for; those that the world lacks are left out.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "standard deviations"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1029/2023MS004019"

    fields: tuple[str, ...] = FORECAST_FIELDS

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, field, lead, lat, lon] fields up to the horizon, in scales."""
        return forecast_table(evidence, self.fields)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean squared error of each forecast."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(squared_error(truth, subject)[alive].mean(axis=(1, 2)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Root of the mean squared error of each forecast."""
        return np.sqrt(self.discrepancy(truth, subject))

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square error by lead, all fields and each in its own units."""
        card = card_of(evidence)
        names = held(runs_of(evidence["truth"], "forecast"), card, self.fields)
        units = {v.name: v.units for v in card.variables}
        roles = present(tables, "subject", "floor", "null")
        error = {role: squared_error(tables["truth"], tables[role]) for role in roles}
        out = [
            _figure(
                "all",
                "all fields",
                "standard deviations",
                1.0,
                {k: e.mean(axis=1) for k, e in error.items()},
                tables,
            )
        ]
        for i, name in enumerate(names):
            by_lead = {role: e[:, i] for role, e in error.items()}
            out.append(_figure(name, name, units[name], scale_of(card, name), by_lead, tables))
        return tuple(out)


def forecast_table(evidence: Evidence, fields: tuple[str, ...]) -> UnitTable:
    """[unit, field, lead, lat, lon] of "forecast" up to the horizon, in scales, with the area weights beside it."""
    card, runs = evidence.card, runs_of(evidence, "forecast")
    lead = lyapunov_times(card, runs)
    within = np.flatnonzero(lead <= float(declared(evidence, "horizon")) * (1 + 1e-9))
    if not len(within):
        raise CannotMeasure("no observation was kept before the horizon")
    keep = within[np.unique(np.linspace(0, len(within) - 1, min(LEADS, len(within))).round().astype(int))]
    names = held(runs, card, fields)
    state = np.stack(
        [field(runs, n, keep).astype(np.float32) / np.float32(scale_of(card, n)) for n in names], axis=1
    )
    n = len(state)
    return {
        "state": state,
        "days": each_unit(days(card, runs)[keep], n),
        "weights": each_unit(sphere(card).weights, n),
        "alive": living_in(runs, names),
    }


def squared_error(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit, field, lead] area mean of the squared difference."""
    out = [
        area_mean((s - t).astype(float) ** 2, truth["weights"][0])
        for s, t in zip(subject["state"], truth["state"], strict=True)
    ]
    return np.stack(out)


def _figure(
    name: str,
    what: str,
    units: str,
    scale: float,
    error: Mapping[str, np.ndarray],
    tables: Mapping[str, UnitTable],
) -> Curve:
    series = []
    for role in present(error, "subject", "floor", "null"):
        mean, _ = over_units(error[role], tables[role]["alive"])
        series.append(line(NAMES[role], role, tables[role]["days"][0], scale * np.sqrt(mean)))
    return Curve(
        name=f"rmse_{name}",
        title=f"Forecast error of {what}",
        kind="line",
        x_label="lead (days)",
        y_label=f"root-mean-square error ({units})",
        series=tuple(series),
        note="area-weighted; the mean square over forecasts is taken before the root",
    )
