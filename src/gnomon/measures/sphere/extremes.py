"""Does a free run have the right tails: warm and cold days, wet days, dry days, heat and cold waves?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import card_of, daily, flat, has, living_in, map_figure, shares, sphere
from gnomon.measures.tables import each_unit, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

DRY = 1 / 86_400  # kg m-2 s-1: 1 mm a day
TAIL, RARE = 0.05, 0.10  # shares of days in a tail, and beyond the threshold of a wave
SPELL = 3  # days that make a wave
PARTS = ("warm tail", "cold tail", "heat waves", "cold waves", "wet days", "dry days")
UNITS = ("K", "K", "share of days", "share of days", "mm d-1", "share of days")


class Extremes(AbstractMeasure):
    """Relative squared errors of six maps of extremes, from daily means of tas and pr.

    For every unit and point: warm tail = 95th percentile minus median of tas, cold tail = median minus 5th
    percentile; heat (cold) waves = share of days in spells of three days or more above (below) the truth's local
    90th (10th) percentile of all units (as in Meng et al. 2025, doi:10.48550/arXiv.2507.03176, whose threshold we
    do not know; ours follows the indices of Zhang et al. 2011, doi:10.1002/wcc.147, with one threshold for the
    whole run); wet days = 95th percentile of pr; dry days = share of days below 1 mm. d = mean over the six of
    <(mean f - mean f_truth)^2> / <(mean f_truth)^2>, means over units, noise taken out, <.> the area mean; the
    wave's scale is at least 5 % of days, or a rare spell would outweigh all else.

    What misleads: waves count against the truth's thresholds, so a bias of the mean shows as waves (see
    `mean_state`) and so does too much persistence (see `persistence`); percentiles of short units fall short of the
    tails; where the world has seasons, one threshold for the year makes every summer a heat wave.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1002/wcc.147"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, day, point] daily means of tas and (where there is) pr."""
        card, runs = evidence.card, runs_of(evidence, "free")
        alive = living_in(runs, [n for n in ("tas", "pr") if n in runs.obs])
        where = sphere(card)
        table = {"area": each_unit(shares(where), len(alive)), "alive": alive}
        for name in ("tas", "pr"):
            if name == "tas" or has(runs, card, name):
                x = daily(card, runs, name)
                table[name] = x.reshape(*x.shape[:2], -1)
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared errors."""
        require_truth(truth)
        alive = subject["alive"]
        limits = thresholds(truth)
        true, x = features(truth, limits), features(subject, limits)
        area = truth["area"][0]
        least = np.array([1e-12, 1e-12, (RARE / 2) ** 2, (RARE / 2) ** 2, 1e-18, 1e-4])[: true.shape[1], None]
        norm = np.maximum((true.mean(axis=0) ** 2 * area).sum(axis=-1, keepdims=True), least)
        size = np.sqrt(area / norm / len(norm))
        return with_lost(paired_error(flat(x * size), flat(true * size), alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Each of the six by latitude, and maps of heat waves."""
        where = sphere(card_of(evidence))
        limits = thresholds(tables["truth"])
        found = {
            role: features(tables[role], limits) for role in present(tables, "truth", "subject", "floor")
        }
        out = []
        for k in range(next(iter(found.values())).shape[1]):
            series = []
            for role in present(found, "truth", "subject", "floor"):
                zonal = found[role][:, k].reshape(-1, *where.area.shape).mean(axis=-1)
                mean, twice = over_units(zonal, np.ones(len(zonal), bool))
                scale = 86_400 if UNITS[k] == "mm d-1" else 1
                series.append(line(NAMES[role], role, where.lat, scale * mean, spread=scale * twice))
            out.append(
                Curve(
                    name=f"extremes_{PARTS[k].replace(' ', '_')}",
                    title=PARTS[k].capitalize(),
                    kind="line",
                    x_label="latitude (degrees north)",
                    y_label=f"{PARTS[k]} ({UNITS[k]})",
                    series=tuple(series),
                    note="zonal mean; bands are two standard errors over units",
                )
            )
        if len(found["subject"]):
            maps = {
                r: 100 * found[r][:, 2].mean(axis=0).reshape(where.area.shape) for r in ("truth", "subject")
            }
            maps["difference"] = maps["subject"] - maps["truth"]
            out.append(map_figure("map_heat_waves", "Days in heat waves", where, maps, units="%"))
        return tuple(out)


def thresholds(truth: UnitTable) -> np.ndarray:
    """[2, point] the truth's 90th and 10th percentile of daily tas, all units together."""
    x = truth["tas"].reshape(-1, truth["tas"].shape[-1])
    return np.quantile(x, [1 - RARE, RARE], axis=0)


def features(table: UnitTable, limits: np.ndarray) -> np.ndarray:
    """[living unit, part, point] the six maps (four without rain), each unit's own."""
    alive = table["alive"]
    tas = table["tas"][alive]
    if not len(tas):
        return np.zeros((0, 6 if "pr" in table else 4, tas.shape[-1]))
    low, middle, high = np.quantile(tas, [TAIL, 0.5, 1 - TAIL], axis=1)
    parts = [high - middle, middle - low, in_spells(tas > limits[0]), in_spells(tas < limits[1])]
    if "pr" in table:
        pr = table["pr"][alive]
        parts += [np.quantile(pr, 1 - TAIL, axis=1), (pr < DRY).mean(axis=1)]
    return np.stack(parts, axis=1)


def in_spells(beyond: np.ndarray) -> np.ndarray:
    """[unit, point] share of days [unit, day, point] that belong to spells of SPELL days or more."""
    count = beyond.shape[1]
    if count < SPELL:
        return np.zeros((beyond.shape[0], beyond.shape[2]))
    whole = np.ones_like(beyond[:, : count - SPELL + 1])
    for k in range(SPELL):
        whole &= beyond[:, k : count - SPELL + 1 + k]
    days = np.zeros_like(beyond)
    for k in range(SPELL):
        days[:, k : count - SPELL + 1 + k] |= whole
    return days.mean(axis=1)
