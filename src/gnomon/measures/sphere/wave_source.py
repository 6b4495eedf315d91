"""Where does the wave train start, and can it pass?"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.blocks import area_share
from gnomon.measures.sphere.fields import Sphere, sphere
from gnomon.measures.sphere.maps import fine_enough, response_map
from gnomon.measures.sphere.products import detected, strength, through_origin
from gnomon.measures.sphere.steady import Steady, grid_of, steady
from gnomon.measures.tables import declared, each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import beside, pair_mean, paired, paired_error
from gnomon.numerics.sphere.harmonics import Harmonics, analyse, harmonics, largest_truncation, synthesise
from gnomon.numerics.sphere.waves import (
    flow,
    pna,
    stationary_wavenumber,
    wave_activity_flux,
    wave_source_change,
)
from gnomon.numerics.sphere.winds import inverse_laplacian
from gnomon.spec.cards import Grid
from gnomon.spec.results import Curve

Level = Literal[250, 200]
FINEST = 42  # total wavenumber at which winds are cut: the source's smallest scales are noise
JET = 2 / 3  # of the number of latitudes, the highest polynomial fitted to a zonal-mean wind
SHOWN = 1e11  # s-2 to 1e-11 s-2


class WaveSource(AbstractMeasure):
    """Error of the Rossby wave source's response to the forcing.

    S' = -zeta_a D' - V_chi' . grad zeta_a - zeta' D - V_chi . grad zeta', to first order about the same model's
    control mean (Sardeshmukh and Hoskins 1988, doi:10.1175/1520-0469(1988)045<1228:TGOGRF>2.0.CO;2), of the winds'
    slope against the forcing inside the training range, cut at the world's truncation or 42. d = area mean over
    0-60N 90E-60W of (S' - S'_true)^2 over that of S'_true^2, both corrected for noise by pairs of different units.
    value = strength <S', S'_true> / <S'_true, S'_true>. Figures: the source's map, the stationary wavenumber of the
    control's jets (Hoskins and Ambrizzi 1993), the PNA index against the forcing, and, where the grid carries it
    (T31, 3 degrees), the flux of wave activity (Takaya and Nakamura 2001).

    What misleads: the source is a second derivative, noisy at small scales: ten members see its tropical edge only;
    time means leave out what transient eddies force; a right source in a wrong jet makes a wrong train, which is
    why the wavenumber is drawn beside it.

    Attributes:
        level: of the winds, hPa.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1175/1520-0469(1988)045<1228:TGOGRF>2.0.CO;2"

    level: Level = 250

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's source response, control jet, PNA index, and what the flux of wave activity needs."""
        grid = grid_of(evidence)
        u, v = f"ua{self.level}", f"va{self.level}"
        means = steady(evidence, declared(evidence, "amplitudes"), (u, v))
        h = transform(grid)
        basic = {k: _living_mean(means.control[k], means.alive) for k in (u, v)}
        slopes = [np.nan_to_num(through_origin(means.offset, means.change[k])) for k in (u, v)]
        change = flow(h, *slopes)
        source = wave_source_change(h, flow(h, basic[u], basic[v]), change)
        share = area_share(grid, "wave_source")
        at, units = np.nonzero(share > 0), len(means.alive)
        table = {
            "source": source[:, at[0], at[1]] * np.sqrt(share[at]),
            "map": source,
            "jet": means.control[u].mean(axis=2),
            "alive": means.alive,
            "offset": each_unit(means.offset, units),
        }
        table |= _index(evidence, grid)
        if fine_enough(grid):
            psi = synthesise(h, inverse_laplacian(h, analyse(h, change.vorticity)))
            table |= {"psi": psi, "basic": each_unit(np.stack([basic[u], basic[v]]), units)}
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error."""
        require_truth(truth)
        if not detected(truth["source"]):
            raise CannotMeasure("the true response of the wave source cannot be told from noise")
        alive = subject["alive"]
        error = paired_error(subject["source"][alive], truth["source"], alive)
        return with_lost(error / pair_mean(truth["source"])[0], alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Strength along the true source."""
        alive, true = subject["alive"], truth["source"]
        x = subject["source"][alive]
        if len(x) < 2 or not paired(true, alive):
            return np.full(alive.shape, np.nan)
        return with_lost(strength(x, beside(true, alive)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Source, stationary wavenumber, PNA index, wave-activity flux."""
        grid, where = grid_of(evidence["truth"]), sphere(evidence["truth"].card)
        fields = {
            r: SHOWN * tables[r]["map"][tables[r]["alive"]] for r in present(tables, "truth", "subject")
        }
        title = f"Response of the Rossby wave source at {self.level} hPa"
        units = "1e-11 s-2 a half range of the forcing"
        out = [response_map("wave_source", title, where, fields, units=units), self._wavenumber(tables, grid)]
        if "pna" in tables["truth"]:
            out.append(_pna(tables))
        if all("psi" in tables[r] for r in fields):
            out += self._flux(tables, where, list(fields))
        return tuple(out)

    def _wavenumber(self, tables: Mapping[str, UnitTable], grid: Grid) -> Curve:
        lat, series = np.asarray(grid.lat), []
        for role in present(tables, "truth", "subject"):
            alive = tables[role]["alive"]
            if alive.any():
                jet = tables[role]["jet"][alive].mean(axis=0)
                k = stationary_wavenumber(jet, lat, np.asarray(grid.weights), int(JET * len(lat)))
                k = np.where((np.abs(lat) <= 75) & (k < 20), k, np.nan)
                series.append(line(NAMES[role], role, lat, k))
        return Curve(
            name="stationary_wavenumber",
            title=f"Stationary wavenumber of the control's {self.level} hPa wind",
            kind="line",
            x_label="latitude (degrees north)",
            y_label="zonal wavenumber (1)",
            series=tuple(series),
            note="waves of lower wavenumber pass, higher ones are turned back; gaps: easterlies, a reversed gradient, "
            "or more than 20",
        )

    def _flux(self, tables: Mapping[str, UnitTable], where: Sphere, roles: list[str]) -> list[Curve]:
        found: dict[str, dict[str, np.ndarray]] = {"eastward": {}, "northward": {}}
        for role in roles:
            table = tables[role]
            if not table["alive"].any():
                continue
            psi = table["psi"][table["alive"]].mean(axis=0)
            psi = psi - psi.mean(axis=1, keepdims=True)
            u, v = table["basic"][0]
            wx, wy = wave_activity_flux(psi, u, v, where.lat, float(self.level))
            found["eastward"][role], found["northward"][role] = wx[None], wy[None]
        note = (
            "of the mean linear response to half of the training range; squares of noise are not taken out; gaps where "
            "the wind is weak or easterly"
        )
        return [
            response_map(
                f"flux_{way}",
                f"{way.capitalize()} flux of wave activity at {self.level} hPa",
                where,
                fields,
                units="m2 s-2",
                note=note,
                tested=False,
            )
            for way, fields in found.items()
        ]


def transform(grid: Grid) -> Harmonics:
    """Spherical harmonics of a grid, cut at its world's truncation or 42, or at what its points resolve."""
    lat, lon = np.asarray(grid.lat), np.asarray(grid.lon)
    top = min(FINEST, largest_truncation(lat, lon), grid.truncation or FINEST)
    return harmonics(lat, lon, top, np.asarray(grid.weights))


def _living_mean(x: np.ndarray, alive: np.ndarray) -> np.ndarray:
    return x[alive].mean(axis=0) if alive.any() else np.zeros(x.shape[1:])


def _index(evidence: Evidence, grid: Grid) -> dict[str, np.ndarray]:
    """Each unit's PNA index under each forcing; nothing where there are no heights."""
    try:
        means: Steady = steady(evidence, declared(evidence, "amplitudes"), ("zg500",))
    except CannotMeasure:
        return {}
    return {"pna": pna(means.change["zg500"], np.asarray(grid.lat), np.asarray(grid.lon))}


def _pna(tables: Mapping[str, Any]) -> Curve:
    series = []
    for role in present(tables, "truth", "subject", "null"):
        if "pna" in tables[role]:
            mean, twice = over_units(tables[role]["pna"], tables[role]["alive"])
            series.append(line(NAMES[role], role, tables[role]["offset"][0], mean, spread=twice))
    return Curve(
        name="pna",
        title="Pacific/North American index",
        kind="line",
        x_label="forcing (half of the training range)",
        y_label="change of the index (m)",
        series=tuple(series),
        note="band: two standard errors over units; heights not divided by their standard deviations",
    )
