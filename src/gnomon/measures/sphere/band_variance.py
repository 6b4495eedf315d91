"""Does a free run vary as much as the truth, in the band of the storms and in the slow one?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import (
    card_of,
    field,
    flat,
    held,
    living_in,
    living_rows,
    map_figure,
    shares,
    sphere,
    step_in_days,
)
from gnomon.measures.tables import each_unit, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

BANDS = {
    "2 to 8 days": (1 / 8, 1 / 2),
    "slower than 8 days": (0.0, 1 / 8),
}  # cycles a day, upper edge included
SHORTEST = 16.0  # days: two periods of the slow edge


class BandVariance(AbstractMeasure):
    """Relative squared error of the standard deviation in two bands: periods of 2 to 8 days, and longer ones.

    s_b = root of the power of a Hann-tapered periodogram of each unit (time mean removed) between the band's
    frequencies, point by point (the bands of Blackmon 1976, doi:10.1175/1520-0469(1976)033<1607:ACSSOT>2.0.CO;2, by
    their edges instead of his filters). d = mean over fields and bands of <(mean s_b - mean s_b,truth)^2> / <(mean
    s_b,truth)^2>, means over units, noise taken out, <.> the area mean. A frozen state scores one.

    What misleads: the slow band holds no more than the unit's length allows, so numbers of different lengths do not
    compare; daily means have lost a third of the variance at 3 days (truth and subject alike), daily instants fold
    what is faster than 2 days into the band; the tropics hardly count, because the variance is elsewhere.

    Attributes:
        fields: variables asked for; those that the world lacks are left out.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1175/1520-0469(1976)033<1607:ACSSOT>2.0.CO;2"

    fields: tuple[str, ...] = ("zg500", "psl", "ua250")

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, field, band, point] standard deviations."""
        card, runs = evidence.card, runs_of(evidence, "free")
        step = step_in_days(card, runs)
        if step > 1 + 1e-9 or step * len(runs.time) < SHORTEST:
            raise CannotMeasure(
                f"{step * len(runs.time):g} days saved every {step:g} d; bands need {SHORTEST:g} days, daily or finer"
            )
        names = held(runs, card, self.fields)
        alive = living_in(runs, names)
        where = sphere(card)
        out = np.zeros((len(alive), len(names), len(BANDS), where.area.size))
        for i in np.flatnonzero(alive):
            for j, name in enumerate(names):
                x = field(runs, name)[i].reshape(len(runs.time), -1).astype(float)
                out[i, j] = np.sqrt(band_powers(x, step))
        return {"spread": out, "area": each_unit(shares(where), len(alive)), "alive": alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error."""
        require_truth(truth)
        alive = subject["alive"]
        mean = truth["spread"].mean(axis=0)
        norm = np.maximum((mean**2 * truth["area"][0]).sum(axis=-1, keepdims=True), 1e-30)
        size = np.sqrt(truth["area"][0] / norm / norm.size)
        x, r = (flat(t["spread"] * size) for t in (subject, truth))
        return with_lost(paired_error(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Zonal-mean standard deviation by latitude for every field and band, and maps of the first field."""
        card = card_of(evidence)
        where = sphere(card)
        names = held(runs_of(evidence["truth"], "free"), card, self.fields)
        units = {v.name: v.units for v in card.variables}
        out = []
        for j, name in enumerate(names):
            for k, band in enumerate(BANDS):
                series = []
                for role in present(tables, "truth", "subject", "floor"):
                    x = tables[role]["spread"][:, j, k].reshape(-1, *where.area.shape).mean(axis=-1)
                    mean, twice = over_units(x, tables[role]["alive"])
                    series.append(line(NAMES[role], role, where.lat, mean, spread=twice))
                out.append(
                    Curve(
                        name=f"spread_{name}_{k}",
                        title=f"Standard deviation of {name}, {band}",
                        kind="line",
                        x_label="latitude (degrees north)",
                        y_label=f"standard deviation ({units[name]})",
                        series=tuple(series),
                        note="zonal mean; bands are two standard errors over units",
                    )
                )
        if tables["subject"]["alive"].any():
            found = {r: living_rows(tables[r], "spread")[:, 0, 0].mean(axis=0) for r in ("truth", "subject")}
            found = {r: x.reshape(where.area.shape) for r, x in found.items()}
            found["difference"] = found["subject"] - found["truth"]
            title = f"Standard deviation of {names[0]}, {next(iter(BANDS))}"
            out.append(map_figure(f"map_storms_{names[0]}", title, where, found, units=units[names[0]]))
        return tuple(out)


def band_powers(x: np.ndarray, step: float) -> np.ndarray:
    """[band, point] variance of series [lead, point], saved every `step` days, in each of BANDS.

    The taper's loss of variance is made good; the sum over all frequencies is the variance on average.
    """
    count = len(x)
    taper = np.hanning(count + 2)[1:-1, None]
    f = np.fft.rfft((x - x.mean(axis=0)) * taper, axis=0)
    p = (f.real**2 + f.imag**2) * 2 / (count * np.sum(taper**2))
    if count % 2 == 0:
        p[-1] /= 2
    frequency = np.fft.rfftfreq(count, step)
    edge = 1e-9
    return np.stack(
        [p[(frequency > low + edge) & (frequency <= high + edge)].sum(axis=0) for low, high in BANDS.values()]
    )
