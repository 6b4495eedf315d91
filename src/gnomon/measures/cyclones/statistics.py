"""Has a free run the right cyclones: as many, as deep, as wide, as fast, deepening as quickly?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.cyclones.intensity import deepening, deepest
from gnomon.measures.cyclones.motion import mean_speed
from gnomon.measures.cyclones.searching import Found, search
from gnomon.measures.cyclones.size import shape
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

QUANTITIES = (  # name, lower and upper edge of the table, what a person calls it
    ("depth", 0.0, 80.0, "greatest depth (hPa below the pressure 10 to 15 degrees away)"),
    ("size", 200.0, 1400.0, "radius of half the anomaly when deepest (km)"),
    ("speed", 0.0, 40.0, "mean speed (m/s)"),
    ("deepening", -10.0, 50.0, "fastest deepening (hPa in 24 hours)"),
)
BINS = 40  # of each table
CLASSES = 5  # of equal frequency in the truth
LEAST = 20  # tracks of the truth that a hemisphere and season needs
SOUTH, NORTH = 0, 1
SUMMER = (91.0, 274.0)  # days of the year of the northern warm half


class CycloneStatistics(AbstractMeasure):
    """Numbers of cyclones by depth, size, speed and deepening, against the truth's.

    Every track counts once, in the hemisphere (and, where the trial declares `start_day`, the day of the year of each
    start, the half-year, warm or cold) in which it is deepest. Its depth and half-anomaly radius are those of that
    moment, its speed the mean over its life, its deepening the greatest of any 24 hours. For each of these four the
    truth's tracks are cut into five classes of equal frequency, and

        d = mean over hemispheres, seasons, quantities and classes of ((n - n_truth) / n_class)^2

    with n in tracks a day and n_class a fifth of the truth's tracks, corrected for the noise of both (pairs of units,
    `numerics.jackknife.paired_error`). No cyclones at all give about 1, twice as many of the right kinds 1, and the
    right number of wrong kinds up to 4. The value is the number of tracks a day on the globe. The search is
    `cyclones.preset.GNOMON`; definitions in `cyclones.size`, `.intensity`, `.motion`.

    What misleads: a track that the run cuts off counts with what is left of it; the same cut is in the truth, so
    the length of runs must agree. Classes of the truth are drawn from the truth: with few tracks they are noisy.
    Counts depend on the preset, and say nothing of lows smaller than T31 holds.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "tracks a day"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1175/BAMS-D-11-00154.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """How many tracks of each unit fall into each bin."""
        searched = search(evidence, "free")
        starts = evidence.design.get("start_day")
        alive, hours = searched.alive, searched.hours
        days = len(hours) * (hours[1] - hours[0]) / 24
        groups = 2 if starts is None else 4
        table = np.zeros((len(alive), groups, len(QUANTITIES), BINS))
        lows = np.zeros((len(alive), 2))
        for u, found in zip(np.flatnonzero(alive), searched.found, strict=True):
            values, where, when = _properties(found)
            group = (where > 0).astype(int)
            if starts is not None:
                first = np.broadcast_to(np.asarray(starts, float), alive.shape)[u]
                day = (first + when / 24) % 365.25
                warm = ((day >= SUMMER[0]) & (day < SUMMER[1])) == (where > 0)
                group = 2 * group + warm
            for q, (_, low, high, _) in enumerate(QUANTITIES):
                place = (np.nan_to_num(values[q], nan=low) - low) / (high - low) * BINS
                place = np.clip(place, 0, BINS - 1).astype(int)
                np.add.at(table[u, :, q], (group, place), 1)
            lows[u] = [(found.lows < 0).sum() / len(hours), (found.lows > 0).sum() / len(hours)]
        return {"table": table, "lows": lows, "days": each_unit(days, len(alive)), "alive": alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean squared relative error of the classes."""
        require_truth(truth)
        alive = subject["alive"]
        classes = _classes(truth)
        x, r = (_relative(t, truth, classes) for t in (subject, truth))
        return with_lost(paired_error(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Tracks a day."""
        alive = subject["alive"]
        return with_lost(subject["table"][alive][:, :, 0].sum(axis=(1, 2)) / subject["days"][alive], alive)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """How many tracks there are of each depth, size, speed and deepening, hemisphere by hemisphere."""
        out = []
        half = tables["truth"]["table"].shape[1] // 2
        for q, (name, low, high, label) in enumerate(QUANTITIES):
            x = low + (np.arange(BINS) + 0.5) * (high - low) / BINS
            for side, word in ((SOUTH, "south"), (NORTH, "north")):
                series = []
                for role in present(tables, "truth", "subject", "floor", "null"):
                    counts = tables[role]["table"][:, side * half : (side + 1) * half, q].sum(axis=1)
                    counts = counts * 30 / tables[role]["days"][:, None]
                    mean, spread = over_units(counts, tables[role]["alive"])
                    series.append(line(NAMES[role], role, x, mean, spread=spread))
                out.append(
                    Curve(
                        name=f"cyclones_{name}_{word}",
                        title=f"Cyclones of the {word}ern hemisphere by {name}",
                        kind="line",
                        x_label=label,
                        y_label="tracks in 30 days",
                        series=tuple(series),
                        note="T31 on 2 degrees for every model; bands are two standard errors",
                    )
                )
        return tuple(out)


def _properties(found: Found) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Depth, size, speed and deepening of each track; latitude and hour of its lowest pressure."""
    tracks = found.tracks
    peak = tracks.nodes.take(deepest(tracks))
    maps, back = np.unique(peak.time, return_inverse=True)
    form = shape(found.fields(maps), peak._replace(time=back), found.where.grid)
    values = [form.depth, form.half_radius, mean_speed(tracks), deepening(tracks).rate]
    return values, peak.lat, tracks.hours[peak.time]


def _classes(truth: UnitTable) -> list[tuple[int, int, np.ndarray]]:
    """Group, quantity, and [bin, class] shares of each bin in classes of equal frequency in the truth."""
    counts = truth["table"].sum(axis=0)
    tracks = counts[:, 0].sum(axis=1)
    if not (tracks >= LEAST).any():
        raise CannotMeasure(f"the truth has too few cyclones: {tracks.max():.0f} tracks, {LEAST} are needed")
    groups = np.flatnonzero(tracks >= LEAST).tolist()
    return [(g, q, _shares(counts[g, q])) for g in groups for q in range(len(QUANTITIES))]


def _shares(count: np.ndarray) -> np.ndarray:
    """A bin that a class ends in belongs to both in proportion; an empty one to the class around it."""
    after = np.cumsum(count) * CLASSES / count.sum()
    before = np.concatenate([[0.0], after[:-1]])
    k = np.arange(CLASSES)
    overlap = np.minimum(after[:, None], k + 1) - np.maximum(before[:, None], k)
    alone = np.minimum(before.astype(int), CLASSES - 1)[:, None] == k
    width = np.where(count > 0, after - before, 1.0)[:, None]
    return np.where(count[:, None] > 0, np.maximum(overlap, 0) / width, alone)


def _relative(table: UnitTable, truth: UnitTable, classes: list[tuple[int, int, np.ndarray]]) -> np.ndarray:
    """[unit, feature] tracks a day of each class over the truth's, so that squares of differences sum to a mean."""
    rate, real = (t["table"] / t["days"][:, None, None, None] for t in (table, truth))
    parts = [rate[:, g, q] @ share / (real[:, g, q].sum(axis=1).mean() / CLASSES) for g, q, share in classes]
    return np.concatenate(parts, axis=1) / np.sqrt(CLASSES * len(classes))
