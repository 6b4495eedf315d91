"""How much does it rain over the warm water? The question before all others about a teleconnection."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.blocks import area_share
from gnomon.measures.sphere.fields import sphere
from gnomon.measures.sphere.maps import response_map
from gnomon.measures.sphere.products import detected, through_origin
from gnomon.measures.sphere.steady import grid_of, steady
from gnomon.measures.tables import declared, each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import left_out_means, pair_mean, paired_error, pseudo_values, standard_error
from gnomon.spec.results import Curve

DAY = 86400.0  # kg m-2 s-1 to mm a day
BOXES = ("nino34", "nino4")
PACIFIC = (120.0, 290.0)  # of the profile along the equator, degrees east
EQUATOR = 5.0


class ResponseGain(AbstractMeasure):
    """Error of the gain of tropical rain: change of precipitation over Nino3.4 and Nino4 a unit of the forcing.

    g = sum_a a dP(a) / sum_a a^2 over the amplitudes inside the training range (in units of the knob), dP the box
    mean (5S-5N; 170-120W and 160E-150W) of precipitation less the control's, mm/day. d = |g - g_true|^2 /
    |g_true|^2 over both boxes, corrected for the noise of both by pairs of units (Hoeffding 1948,
    doi:10.1214/aoms/1177730196; gain before wave train as in Chen et al. 2026, doi:10.48550/arXiv.2602.11313).
    value = gain over Nino3.4.

    What misleads: a box mean does not know where in the box it rains (the figure has the profile along the equator
    and its centroid); rain that saturates on one side has a gain all the same; a right gain can sit on a wrong
    control climate.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "mm/day a unit of the forcing"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's gains, their profile along the equator, and the map of the rain's linear response."""
        grid = grid_of(evidence)
        means = steady(evidence, declared(evidence, "amplitudes"), ("pr",))
        unit = float(declared(evidence, "half_range"))
        rain = DAY * means.change["pr"]
        gain = through_origin(means.offset * unit, rain)
        shares = np.stack([area_share(grid, box) for box in BOXES])
        rows, columns = _equator(np.asarray(grid.lat), np.asarray(grid.lon))
        units = len(means.alive)
        return {
            "gain": np.einsum("uij,bij->ub", gain, shares),
            "profile": gain[:, rows][:, :, columns].mean(axis=1),
            "rain": np.einsum("ufij,ij->uf", rain, shares[0]),
            "map": gain,
            "amplitude": each_unit(means.offset * unit, units),
            "alive": means.alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error."""
        require_truth(truth)
        if not detected(truth["gain"]):
            raise CannotMeasure("the true gain of tropical rain cannot be told from noise")
        alive = subject["alive"]
        error = paired_error(subject["gain"][alive], truth["gain"], alive)
        return with_lost(error / pair_mean(truth["gain"])[0], alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Gain over Nino3.4."""
        return np.where(subject["alive"], subject["gain"][:, 0], np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Rain over Nino3.4 against the forcing, the profile along the equator, the map."""
        card = evidence["truth"].card
        grid = grid_of(evidence["truth"])
        lon = np.asarray(grid.lon)[_equator(np.asarray(grid.lat), np.asarray(grid.lon))[1]]
        rain, profile, told = [], [], []
        for role in present(tables, "truth", "subject", "null"):
            table, alive = tables[role], tables[role]["alive"]
            mean, twice = over_units(table["rain"], alive)
            rain.append(line(NAMES[role], role, table["amplitude"][0], mean, spread=twice))
            mean, twice = over_units(table["profile"], alive)
            profile.append(line(NAMES[role], role, lon, mean, spread=twice))
            if role != "null" and alive.sum() > 1:
                place = centroid(table["profile"][alive], lon)
                told.append(f"{NAMES[role]} {place.mean():.0f} ± {2 * standard_error(place):.0f}")
        fields = {r: tables[r]["map"][tables[r]["alive"]] for r in present(tables, "truth", "subject")}
        units = "mm/day a unit of the forcing"
        forced = f"forcing ({_knob(evidence['truth'])})"
        note = "band: two standard errors over units"
        warmer = _warming(evidence["truth"])
        if warmer:
            note += f"; one unit warms Nino3.4 by {warmer:.2g} K, so gains a kelvin are those a unit over {warmer:.2g}"
        where = f"{note}; centroid of the rain's increase (degrees east): {', '.join(told)}" if told else note
        return (
            Curve(name="rain", title=f"Rain over Nino3.4 in {card.name}", kind="line", x_label=forced,
                  y_label="change of precipitation (mm/day)", series=tuple(rain), note=note),
            Curve(name="equator", title="Gain of rain along the equator (5S-5N)", kind="line",
                  x_label="longitude (degrees east)", y_label=f"change of precipitation ({units})",
                  series=tuple(profile), note=where),
            response_map("gain", "Gain of precipitation", sphere(card), fields, units=units, hue="water"),
        )  # fmt: skip


def centroid(profile: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """[unit] pseudo-values of the longitude about which the increase of the mean profile is centred."""

    def place(mean: np.ndarray) -> np.ndarray:
        more = np.maximum(mean, 0.0)
        return (more * lon).sum(axis=-1) / np.maximum(more.sum(axis=-1), 1e-300)

    return pseudo_values(float(place(profile.mean(axis=0))), place(left_out_means(profile)))


def _equator(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(np.abs(lat) <= EQUATOR)
    if not len(rows):
        rows = np.flatnonzero(np.abs(lat) == np.abs(lat).min())
    columns = np.flatnonzero((lon >= PACIFIC[0]) & (lon <= PACIFIC[1]))
    if not len(columns):
        raise CannotMeasure("the grid has no longitude in the tropical Pacific")
    return rows, columns


def _knob(evidence: Evidence) -> str:
    return f"units of the knob {declared(evidence, 'knob')!r}"


def _warming(evidence: Evidence) -> float:
    """Mean over Nino3.4 of the knob's pattern; 0 where it has none on the grid."""
    grid, knob = grid_of(evidence), evidence.card.knob(str(declared(evidence, "knob")))
    shape = (len(grid.lat), len(grid.lon))
    if knob.pattern is None or len(knob.pattern) != shape[0] * shape[1]:
        return 0.0
    return float((np.asarray(knob.pattern).reshape(shape) * area_share(grid, "nino34")).sum())
