"""Does a free run have the right power at every frequency and wavenumber?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import (
    channel_names,
    channels,
    each_unit,
    living,
    require_truth,
    runs_of,
    saved_step,
    sites_alike,
    with_lost,
)
from gnomon.numerics.jackknife import left_out_means, paired, pseudo_values
from gnomon.numerics.spectra import band_means, log_bands, space_power, welch
from gnomon.spec.cards import WorldCard
from gnomon.spec.results import Curve

BANDS = 24  # of equal width in the logarithm of frequency


class LogSpectrum(AbstractMeasure):
    """Root-mean-square difference of log power spectra, in time and, for fields, in space.

    d = sqrt(mean over bands of (ln S_unit - ln S_truth)^2), averaged over channels; S in time by Welch's method (Hann
    segments of a quarter of the run, at most 256 values, half overlapping, alike points averaged) in 24 logarithmic
    bands; S in space at every wavenumber below two thirds of the shortest wave's. ln S_truth is the mean over units;
    the number a unit is the jackknife pseudo-value of the mean d, which leaves out the truth's unit with the subject's.
    With both, d is their mean (Gray and Markel 1976, doi:10.1109/TASSP.1976.1162849; Welch 1967,
    doi:10.1109/TAU.1967.1161901). The power of the declared observation error is added to every spectrum first: what
    lies below it was never observed, and its logarithm would decide the score.

    What misleads: every decade of frequency weighs the same, however little variance it holds; a unit's own spectrum
    is noisy, so d of a perfect model is not zero but the floor; phases do not enter, so noise with the right spectrum
    scores well.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "nats"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1109/TASSP.1976.1162849"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Log spectra of each unit."""
        card, runs = evidence.card, runs_of(evidence, "free")
        step = saved_step(runs)
        logs, frequency = [], np.zeros(0)
        for c in channels(card, runs):
            x = np.moveaxis(c.values, 1, -1)
            frequency, density = welch(x, step, segment=segment_of(x.shape[-1]))
            unseen = 2 * step * (c.variable.obs_error / c.variable.scale) ** 2
            edges = log_bands(frequency[1], frequency[-1], BANDS)
            frequency, density = band_means(frequency, density.mean(axis=2) + unseen, edges)
            logs.append(_log(density))
        n = len(runs.diverged)
        table = {
            "time": np.concatenate(logs, axis=1),
            "frequency": each_unit(frequency, n),
            "alive": living(runs),
        }
        return table | _in_space(card, runs)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean over units of the root-mean-square log difference from the truth's mean."""
        require_truth(truth)
        alive = subject["alive"]
        if not paired(alive, truth["alive"]) or alive.sum() < 2:
            return self.value(truth, subject)
        pairs = _over_parts(
            [_left_out(truth["time"][alive], subject["time"][alive]).mean(axis=-1)],
            [_left_out(truth[k][alive], subject[k][alive]) for k in truth if k.startswith("space:")],
        )
        n = len(pairs)
        left_out = (pairs.sum(axis=1) - np.diagonal(pairs)) / (n - 1)
        beside = {k: v[alive] for k, v in truth.items()}
        whole = float(_each(beside, subject)[alive].mean())
        return with_lost(pseudo_values(whole, left_out), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Each unit's distance from the truth's mean."""
        return _each(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Spectra in time of the first two channels, and in space."""
        card = evidence["truth"].card
        frequency = tables["truth"]["frequency"][0]
        out = []
        for i, (name, _) in enumerate(channel_names(card)[:2]):
            series = _lines(tables, {r: tables[r]["time"][:, i] for r in tables}, frequency)
            out.append(
                _figure(f"spectrum_{i}", f"Spectrum of {name} in time", f"cycles / {card.time_units}", series)
            )
        for key in [k for k in tables["truth"] if k.startswith("space:")][:1]:
            values = {r: tables[r][key] for r in tables}
            series = _lines(tables, values, np.arange(1, tables["truth"][key].shape[1] + 1))
            out.append(
                _figure(
                    "spectrum_space",
                    f"Spectrum of {key[6:]} in space",
                    "wavenumber (waves in the domain)",
                    series,
                )
            )
        return tuple(out)


def segment_of(size: int) -> int:
    """Values in a segment: short enough to average several, long enough to resolve a decade."""
    return min(size, max(32, min(256, size // 4)))


def _in_space(card: WorldCard, runs: Runs) -> dict[str, np.ndarray]:
    """Log variance at each wavenumber of every field whose points are alike, along its last axis."""
    out = {}
    for v in card.variables:
        if not v.shape or v.shape[-1] < 8 or not sites_alike(card, v):
            continue
        size = v.shape[-1]
        power = space_power(np.asarray(runs.obs[v.name][:, 0], float) / v.scale)
        power = power.reshape(len(power), -1, power.shape[-1]).mean(axis=1)
        unseen = 2 * (v.obs_error / v.scale) ** 2 / size
        out[f"space:{v.name}"] = _log(power[:, 1 : int(size / 3) + 1] + unseen)
    return out


def _log(power: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(power, 1e-300))  # a world without observation error and a run that stands still


def _each(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit] the unit's own distance from the mean of the truth's units."""
    alive = subject["alive"]
    found = _over_parts(
        [_distance(truth["time"], subject["time"][alive]).mean(axis=1)],
        [_distance(truth[k], subject[k][alive]) for k in truth if k.startswith("space:")],
    )
    return with_lost(found, alive)


def _over_parts(time: list[np.ndarray], space: list[np.ndarray]) -> np.ndarray:
    """Time and space count the same, however many fields there are."""
    return np.mean([*time, np.mean(space, axis=0)] if space else time, axis=0)


def _left_out(truth: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """[unit left out of the truth, unit of the subject, ...] distances, from [unit, ..., band]."""
    centre = truth.mean(axis=0)  # taken off first: squares of small numbers lose fewer digits
    r, x = (np.moveaxis(v - centre, 0, -2) for v in (left_out_means(truth), subject))
    squares = (
        (r**2).sum(axis=-1)[..., :, None] + (x**2).sum(axis=-1)[..., None, :] - 2 * r @ np.swapaxes(x, -1, -2)
    )
    return np.moveaxis(np.sqrt(np.maximum(squares, 0.0) / r.shape[-1]), (-2, -1), (0, 1))


def _distance(truth: np.ndarray, subject: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean((subject - truth.mean(axis=0)) ** 2, axis=-1))


def _lines(tables: Mapping[str, UnitTable], logs: Mapping[str, np.ndarray], x: np.ndarray) -> list:
    series = []
    for role in present(tables, "truth", "subject", "null"):
        mean, _ = over_units(logs[role], tables[role]["alive"])
        series.append(line(NAMES[role], role, x, np.exp(mean)))
    return series


def _figure(name: str, title: str, x_label: str, series: list) -> Curve:
    return Curve(
        name=name,
        title=title,
        kind="line",
        x_label=x_label,
        y_label="power (variance over scale squared)",
        log="xy",
        series=tuple(series),
        note="with the power of the observation error added; mean of the logarithm over units",
    )
