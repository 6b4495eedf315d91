"""Do the numbers that sum up a climate change as they should when it warms?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.indices import HEADLINE, INDICES, SHOWN, quoted
from gnomon.measures.sphere.products import detected
from gnomon.measures.sphere.warming_climates import climate_table, land_prescribed
from gnomon.measures.tables import require_truth, with_lost
from gnomon.numerics.jackknife import left_out_means, pair_mean, paired_error, pseudo_values
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Curve

ALL = "headline"
NOT_INDICES = ("kelvin", "alive")


class WarmingIndices(AbstractMeasure):
    """Error of the change of climate indices under warming.

    For an index I (see `indices.INDICES`: hydrological sensitivity, vapour, Hadley cells, jets, storm tracks, moist
    adiabat …) X = change of I from the unit's control under every shift, d = |X - R|^2 / |R|^2 with the truth's R,
    both squares corrected for noise by pairs of different units (Hoeffding 1948, doi:10.1214/aoms/1177730196);
    definitions follow Adam et al. 2018 (doi:10.5194/gmd-11-4339-2018) and the uniform-warming experiments of Chen
    et al. 2026 (doi:10.48550/arXiv.2602.11313). No response scores 1. "headline" averages over the indices of
    `HEADLINE` that exist here and whose true change stands three standard errors out of its noise. value = the
    change quoted a kelvin at the largest shift (of the model's own surface warming for ratios of percent, else of
    the forcing); for "headline" the surface warming.

    What misleads: an average over indices hides the one that is wrong (the figure shows each); jets and edges of a
    coarse grid move in steps of a degree; an index that vanishes in the warm climate counts as unchanged; indices
    of land are refused where land is prescribed.

    Attributes:
        index: a name of `INDICES`, or "headline".
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "a kelvin"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.5194/gmd-11-4339-2018"

    index: str = ALL

    def __check_init__(self):
        if self.index not in (*INDICES, ALL):
            raise BadSpec(
                f"warming_indices: no index {self.index!r}; known: {ALL}, {', '.join(sorted(INDICES))}"
            )

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's changes."""
        if self.index in SHOWN and land_prescribed(evidence):
            raise CannotMeasure(
                f"{self.index} cannot be graded here: this world's land temperature is prescribed, and its radiative "
                "feedback unphysical; `warming_shown` shows it"
            )
        names = HEADLINE if self.index == ALL else (self.index,)
        return climate_table(evidence, names, all_needed=self.index != ALL)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error, averaged over indices."""
        require_truth(truth)
        names = self._judged(truth, subject)
        alive = subject["alive"]
        if not alive.any():
            return with_lost(np.zeros(0), alive)
        total = np.zeros(int(alive.sum()))
        for name in names:
            true, x = _unit_rows(truth[name]), _unit_rows(subject[name])
            total += paired_error(x[alive], true, alive) / pair_mean(true)[0] / len(names)
        return with_lost(total, alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the quoted number."""
        alive = subject["alive"]
        return with_lost(quoted_units(self._main, subject), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """All indices' changes over the true ones, and the main one against the warming."""
        return index_figures(tables, self._main)

    @property
    def _main(self) -> str:
        return "surface_warming" if self.index == ALL else self.index

    def _judged(self, truth: UnitTable, subject: UnitTable) -> list[str]:
        names = HEADLINE if self.index == ALL else (self.index,)
        found = [n for n in names if n in truth and n in subject and detected(_unit_rows(truth[n]))]
        if not found:
            raise CannotMeasure(
                f"the true change of {self.index} under warming cannot be told from noise"
                if self.index != ALL
                else "no index of the truth changes by more than its noise"
            )
        return found


def quoted_units(name: str, table: UnitTable) -> np.ndarray:
    """[living unit] pseudo-values of the number quoted at the largest shift; NaN where it has no denominator."""
    index, alive = INDICES[name], table["alive"]
    x = table[name][alive][:, -1]
    if not len(x):
        return np.zeros(0)
    forcing = float(table["kelvin"][0, -1])
    warming = table["surface_warming"][alive][:, -1]
    if index.per_surface and not detected(warming):
        return np.full(len(x), np.nan)

    def per(mean: np.ndarray) -> np.ndarray:
        return mean[..., 0] if index.per_surface else np.asarray(forcing)

    whole = quoted(index, x.mean(axis=0), per(warming.mean(axis=0)))
    each = quoted(index, left_out_means(x), per(left_out_means(warming)))
    return pseudo_values(float(whole), each)


def index_figures(tables: Mapping[str, UnitTable], main: str) -> tuple[Curve, ...]:
    """Bars of every index's change over the true one at the largest shift, and a line of the main index."""
    truth = tables["truth"]
    names = [n for n in truth if n not in NOT_INDICES and all(n in table for table in tables.values())]
    bars, place, told = [], np.arange(len(names)), []
    true = {n: _quoted_mean(n, truth) for n in names}
    for role in present(tables, "truth", "subject", "floor"):
        found = np.array([_quoted_mean(n, tables[role]) for n in names])
        size = np.array([abs(true[n][0]) for n in names])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = found / np.where(size > 0, size, np.nan)[:, None]
        bars.append(line(NAMES[role], role, place, ratio[:, 0], spread=ratio[:, 1]))
    for i, n in enumerate(names):
        ours = _quoted_mean(n, tables["subject"])[0]
        told.append(f"{i}: {n} {true[n][0]:.3g}, model {ours:.3g} {INDICES[n].units}")
    series = []
    for role in present(tables, "truth", "subject", "null"):
        if main in tables[role]:
            mean, twice = over_units(tables[role][main][:, :, 0], tables[role]["alive"])
            kelvin = np.concatenate([[0.0], tables[role]["kelvin"][0]])
            padded = [np.concatenate([[0.0], v]) for v in (mean, twice)]
            series.append(line(NAMES[role], role, kelvin, padded[0], spread=padded[1]))
    index = INDICES[main]
    return (
        Curve(
            name="indices",
            title="Change of climate indices under the largest warming",
            kind="bars",
            x_label="index (listed below)",
            y_label="change over the true change's size (1)",
            series=tuple(bars),
            note=f"{'; '.join(told)}; band: two standard errors",
        ),
        Curve(
            name=f"index_{main}",
            title=f"Change of {index.meaning}",
            kind="line",
            x_label="warming (K)",
            y_label=f"change ({'%' if index.log else index.units.replace('/K', '').replace(' K-1', '')})",
            series=tuple(series),
            note="band: two standard errors over units",
        ),
    )


def _quoted_mean(name: str, table: UnitTable) -> tuple[float, float]:
    mean, twice = over_units(quoted_units(name, table), np.ones(int(table["alive"].sum()), bool))
    return float(mean), float(twice)


def _unit_rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)
