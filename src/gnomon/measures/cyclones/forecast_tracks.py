"""Does a forecast keep the truth's cyclones on their tracks, and as deep as they are?"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.cyclones.detect import Nodes
from gnomon.measures.cyclones.matching import Matches, TrackErrors, errors, loss, match
from gnomon.measures.cyclones.searching import search
from gnomon.measures.cyclones.stitch import Tracks
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import each_unit, require_truth, with_lost
from gnomon.spec.results import Curve, Role, Series

FARTHEST = 1000.0  # km: what a missed low costs
WEAKEST = 20.0  # hPa: what a missed low costs
COLUMNS = ("track", "time", "lat", "lon", "slp")


class CycloneTracks(AbstractMeasure):
    """Separation of forecast cyclones from the truth's, in km; a miss and a false alarm cost 1000 km.

    Tracks of both are found with `cyclones.preset.GNOMON` and matched as by Froude et al. (2007,
    doi:10.1175/MWR3422.1; `cyclones.matching`). The number of a forecast is the mean over its lows of the
    great-circle separation of matched ones, at most 1000 km, and 1000 km for each low of the truth or of the
    forecast without a partner; 0 where neither has any.

    What misleads: a track must last two days within the forecast, so late cyclones are left out for both; the
    observation error of the start moves small lows more than large ones (the floor shows how much); the separation of
    matched lows alone (second figure) shrinks where only easy cyclones match.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "km"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1175/MWR3422.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The tracks of each forecast."""
        return track_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean separation with misses."""
        return _losses(truth, subject, "separation", FARTHEST)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return _losses(truth, subject, "separation", FARTHEST)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Hits, separation, and its parts along and across the track, against lead."""
        pairs = _all_pairs(tables)
        lead = _leads(tables["truth"])
        parts = (
            ("separation", "Separation of matched cyclones", "km"),
            ("along", "Ahead of (+) or behind (-) the truth along the track", "km"),
            ("across", "To the right (+) or left (-) of the truth's track", "km"),
        )
        return (_hits(pairs, lead), *(_by_lead(pairs, lead, *part) for part in parts))


class CycloneIntensity(AbstractMeasure):
    """Error of the central pressure of forecast cyclones, in hPa; a miss and a false alarm cost 20 hPa.

    As `CycloneTracks`, with the absolute difference of central pressure, at most 20 hPa, in place of the separation.

    What misleads: as for `CycloneTracks`; and pressure at the centre falls with the background too, so a cyclone
    carried too far poleward is too deep.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "hPa"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1175/MWR3422.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The tracks of each forecast."""
        return track_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean absolute error with misses."""
        return _losses(truth, subject, "intensity", WEAKEST)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return _losses(truth, subject, "intensity", WEAKEST)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Errors of pressure and of deepening against lead."""
        pairs = _all_pairs(tables)
        lead = _leads(tables["truth"])
        parts = (
            ("intensity", "Error of the central pressure (+ too weak)", "hPa"),
            ("deepening", "Error of deepening (+ deepens too slowly)", "hPa in 24 hours"),
        )
        return tuple(_by_lead(pairs, lead, *part) for part in parts)


class Pair(NamedTuple):
    """One forecast held against the truth."""

    truth: Tracks
    other: Tracks
    matches: Matches
    errors: TrackErrors


def track_table(evidence: Evidence) -> UnitTable:
    """Tracks of every unit as rows of numbers, filled up with NaN: "tracks" [unit, row, column], "hours", "alive"."""
    found = search(evidence, "forecast")
    rows = []
    for unit in found.found:
        n = unit.tracks.nodes
        rows.append(np.stack([unit.tracks.track, n.time, n.lat, n.lon, n.slp], axis=1))
    most = max((len(r) for r in rows), default=0)
    out = np.full((len(found.alive), most, len(COLUMNS)), np.nan)
    for u, r in zip(np.flatnonzero(found.alive), rows, strict=True):
        out[u, : len(r)] = r
    return {"tracks": out, "hours": each_unit(found.hours, len(out)), "alive": found.alive}


def tracks_of(table: UnitTable, unit: int) -> Tracks:
    """The tracks of one unit, from its rows."""
    rows = table["tracks"][unit]
    rows = rows[~np.isnan(rows[:, 0])]
    track, time, lat, lon, slp = rows.T
    none = np.zeros(len(rows), int)
    return Tracks(Nodes(time.astype(int), none, none, lat, lon, slp), track.astype(int), table["hours"][unit])


def _pairs(truth: UnitTable, subject: UnitTable) -> list[Pair]:
    """Living units in order."""
    out = []
    for u in np.flatnonzero(subject["alive"]).tolist():
        a, b = tracks_of(truth, u), tracks_of(subject, u)
        matched = match(a, b)
        out.append(Pair(a, b, matched, errors(a, b, matched)))
    return out


def _all_pairs(tables: Mapping[str, UnitTable]) -> dict[Role, list[Pair]]:
    return {r: _pairs(tables["truth"], tables[r]) for r in present(tables, "subject", "floor", "null")}


def _losses(truth: UnitTable, subject: UnitTable, what: str, most: float) -> np.ndarray:
    require_truth(truth)
    values = [
        loss(p.truth, p.other, p.matches, getattr(p.errors, what), most) for p in _pairs(truth, subject)
    ]
    return with_lost(np.array(values), subject["alive"])


def _leads(truth: UnitTable) -> np.ndarray:
    """[day] ends of the days of the forecast, in hours."""
    return np.arange(24.0, truth["hours"][0, -1] + 24.0, 24.0)


def _binned(hours: np.ndarray, lead: np.ndarray) -> np.ndarray:
    return np.clip(np.ceil(hours / 24 - 1e-9).astype(int) - 1, 0, len(lead) - 1)


def _hits(pairs: Mapping[Role, list[Pair]], lead: np.ndarray) -> Curve:
    series: list[Series] = []
    for role, units in pairs.items():
        total, hit, made, false = (np.zeros(len(lead)) for _ in range(4))
        for p in units:
            np.add.at(total, _binned(p.truth.when, lead), 1)
            np.add.at(made, _binned(p.other.when, lead), 1)
            np.add.at(hit, _binned(p.errors.hours, lead), 1)
            np.add.at(false, _binned(p.other.when[p.matches.false_alarms[p.other.track]], lead), 1)
        for label, a, b in (("hits", hit, total), ("false alarms", false, made)):
            share = np.divide(a, b, out=np.full(len(lead), np.nan), where=b > 0)
            series.append(line(f"{NAMES[role]}: {label}", role, lead / 24, share))
    return Curve(
        name="cyclone_hits",
        title="Cyclones forecast and invented",
        kind="line",
        x_label="lead (days)",
        y_label="share of lows",
        series=tuple(series),
        note="hits: the truth's lows that matched; false alarms: the forecast's on unmatched tracks",
    )


def _by_lead(pairs: Mapping[Role, list[Pair]], lead: np.ndarray, what: str, title: str, unit: str) -> Curve:
    series = []
    for role, units in pairs.items():
        none = np.zeros(0)
        hours = np.concatenate([none, *(p.errors.hours for p in units)])
        values = np.concatenate([none, *(getattr(p.errors, what) for p in units)])
        hours, values = hours[~np.isnan(values)], values[~np.isnan(values)]
        day = _binned(hours, lead)
        count = np.bincount(day, minlength=len(lead))
        mean = np.bincount(day, values, len(lead)) / np.where(count, count, np.nan)
        square = np.bincount(day, values**2, len(lead)) / np.where(count, count, np.nan)
        spread = 2 * np.sqrt(np.maximum(square - mean**2, 0) / np.where(count > 1, count - 1, np.nan))
        series.append(line(NAMES[role], role, lead / 24, mean, spread=spread))
    return Curve(
        name=f"cyclone_{what}",
        title=title,
        kind="line",
        x_label="lead (days)",
        y_label=unit,
        series=tuple(series),
        note="matched lows of all forecasts; bands are two standard errors as if lows were independent",
    )
