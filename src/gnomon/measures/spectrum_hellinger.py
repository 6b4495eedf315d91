"""Does a free run spread its variance over the right frequencies?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import (
    channel_names,
    channels,
    each_unit,
    living,
    require_truth,
    runs_of,
    saved_step,
    with_lost,
)
from gnomon.numerics.histograms import hellinger
from gnomon.numerics.jackknife import left_out_means, paired, pseudo_values
from gnomon.numerics.spectra import smoothed_shape
from gnomon.spec.results import Curve

STILL = 1e-7  # a standard deviation below this share of the scale is rounding, not motion


class SpectrumHellinger(AbstractMeasure):
    """Hellinger distance D_H of normalised, smoothed power spectra.

    Each series is brought to mean 0 and variance 1, |rfft|^2 is smoothed by a Gaussian of 20 bins (4 widths, reflected
    ends) and normalised to sum 1; D_H = sqrt(1 - sum sqrt(p q)), mean over channels (Mikhaeil et al. 2022,
    doi:10.48550/arXiv.2110.07238; Hess et al. 2023, doi:10.48550/arXiv.2306.04406). Each unit is held against the mean
    of the truth's spectra, and the number a unit is the jackknife pseudo-value of the mean over units, which leaves out
    the truth's unit with the subject's; alike points of a field are averaged before smoothing (ours).

    What misleads: the variance itself is divided out; linear power means that the strongest peak decides; the width
    is in bins, so a longer run is smoothed over narrower frequencies and numbers of different lengths do not compare.

    Attributes:
        width: of the smoothing, in bins.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.48550/arXiv.2306.04406"

    width: float = 20.0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, channel, frequency] normalised spectra."""
        runs = runs_of(evidence, "free")
        step = saved_step(runs)
        alive = living(runs)
        shapes = []
        for c in channels(evidence.card, runs):
            x = np.moveaxis(np.where(alive[:, None, None, None], c.values, 0.0), 1, -1)
            spread = x.std(axis=-1, keepdims=True)
            x = (x - x.mean(axis=-1, keepdims=True)) * np.where(
                spread > STILL, 1 / np.maximum(spread, STILL), 0.0
            )
            f = np.fft.rfft(x, axis=-1)
            shapes.append(smoothed_shape((f.real**2 + f.imag**2).mean(axis=2), width=self.width))
        n = len(alive)
        frequency = np.fft.rfftfreq(len(runs.time), step)
        return {"shape": np.concatenate(shapes, axis=1), "frequency": each_unit(frequency, n), "alive": alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean over units and channels of D_H."""
        require_truth(truth)
        alive = subject["alive"]
        if not paired(alive, truth["alive"]) or alive.sum() < 2:
            return self.value(truth, subject)
        true, x = truth["shape"][alive], subject["shape"][alive]
        n = len(x)
        p, q = (np.sqrt(np.moveaxis(v, 1, 0)) for v in (left_out_means(true), x))
        pairs = np.sqrt(np.clip(1 - p @ np.swapaxes(q, -1, -2), 0.0, None)).mean(axis=0)
        left_out = (pairs.sum(axis=1) - np.diagonal(pairs)) / (n - 1)
        whole = float(hellinger(true.mean(axis=0), x).mean())
        return with_lost(pseudo_values(whole, left_out), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Each unit's distance from the truth's mean spectrum, mean over channels."""
        alive = subject["alive"]
        distance = hellinger(truth["shape"].mean(axis=0), subject["shape"][alive])
        return with_lost(distance.mean(axis=1), alive)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Normalised spectra of the first channel."""
        card = evidence["truth"].card
        frequency = tables["truth"]["frequency"][0]
        width = frequency[1] - frequency[0]
        series = []
        for role in present(tables, "truth", "subject", "null"):
            mean, _ = over_units(tables[role]["shape"][:, 0], tables[role]["alive"])
            series.append(line(NAMES[role], role, frequency, mean / width))
        name = channel_names(card)[0][0]
        return (
            Curve(
                name="spectral_shape",
                title=f"Share of the variance of {name}",
                kind="line",
                x_label=f"cycles / {card.time_units}",
                y_label=f"share of variance ({card.time_units} / cycle)",
                series=tuple(series),
                note=f"smoothed over {self.width:g} bins",
            ),
        )
