"""Do cyclones pass where they should?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.cyclones.density import CAP, density, likeness
from gnomon.measures.cyclones.searching import search
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.numerics.sphere.grid import area_weights
from gnomon.spec.figures import map_curve
from gnomon.spec.results import Curve, Role

SPACING = 6.0  # degrees between the points where densities are evaluated
LAT = np.arange(-87.0, 90.0, SPACING)
LON = np.arange(0.0, 360.0, SPACING)


class TrackDensity(AbstractMeasure):
    """Map of how many cyclones pass, against the truth's.

    Density: tracks that come within 5 degrees of a point, each once, in 30 days (`cyclones.density`). With bars for
    the mean over units and <> for the area mean,

        d = <(density - truth)^2> / <truth^2>

    corrected for the noise of both (pairs of units). No tracks give 1. The value is the mean density.

    What misleads: a shift of a storm track by its own width costs as much as having none; the noise correction
    removes the mean of the sampling error, not its spread, so short runs give wide intervals; the preset is
    `cyclones.preset.GNOMON`.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "tracks in 30 days"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1175/BAMS-D-11-00154.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The densities of each unit."""
        found = search(evidence, "free")
        days = len(found.hours) * (found.hours[1] - found.hours[0]) / 24
        tracks, starts = (np.zeros((len(found.alive), len(LAT), len(LON))) for _ in range(2))
        for u, unit in zip(np.flatnonzero(found.alive), found.found, strict=True):
            tracks[u] = density(unit.tracks, LAT, LON, days=days)
            starts[u] = density(unit.tracks, LAT, LON, kind="genesis", days=days)
        return {"tracks": tracks, "genesis": starts, "alive": found.alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of the map over the mean square of the truth's."""
        require_truth(truth)
        alive = subject["alive"]
        mean = (truth["tracks"].mean(axis=0) ** 2 * _weights()).sum()
        if mean == 0:
            raise CannotMeasure("the truth has no cyclone tracks")
        root = np.sqrt(_weights() / mean).ravel()
        x, r = (t["tracks"].reshape(len(t["tracks"]), -1) * root for t in (subject, truth))
        return with_lost(paired_error(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Area mean of the density."""
        alive = subject["alive"]
        return with_lost((subject["tracks"][alive] * _weights()).sum(axis=(1, 2)), alive)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Maps of tracks and of first lows, and zonal means."""
        out = []
        for key, title in (("tracks", "Density of cyclone tracks"), ("genesis", "Where cyclones begin")):
            maps = _means(tables, key)
            out.append(
                map_curve(
                    f"cyclone_{key}",
                    title,
                    LAT,
                    LON,
                    {str(role): field for role, field in maps.items()},
                    units="in 30 days",
                    note=f"within {CAP:g} degrees of a point{_compared(maps)}",
                )
            )
            series = [line(NAMES[r], r, LAT, m.mean(axis=1)) for r, m in maps.items()]
            out.append(
                Curve(
                    name=f"cyclone_{key}_zonal",
                    title=f"{title}: zonal mean",
                    kind="line",
                    x_label="latitude (degrees north)",
                    y_label="in 30 days",
                    series=tuple(series),
                )
            )
        return tuple(out)


def _means(tables: Mapping[str, UnitTable], key: str) -> dict[Role, np.ndarray]:
    """Role -> mean map of its living units; no entry where nobody lives."""
    roles: list[Role] = [r for r in present(tables, "truth", "subject", "null") if tables[r]["alive"].any()]
    return {r: tables[r][key][tables[r]["alive"]].mean(axis=0) for r in roles}


def _compared(maps: Mapping[Role, np.ndarray]) -> str:
    if "truth" not in maps or "subject" not in maps:
        return ""
    like = likeness(maps["truth"], maps["subject"], LAT)
    return (
        f"; pattern correlation {like.correlation:.2f}, ratio of means {like.ratio:.2f}, "
        f"shift north {like.shift[0]:+.1f} (S) and {like.shift[1]:+.1f} degrees (N)"
    )


def _weights() -> np.ndarray:
    """[lat, lon] shares of the area."""
    return each_unit(area_weights(LAT) / len(LON), len(LON)).T
