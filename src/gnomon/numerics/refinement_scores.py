"""How well missing waves were inferred: relative error, share of the missing variance recovered, both by wave."""

from typing import NamedTuple

import numpy as np

from gnomon.numerics.geometry import Geometry
from gnomon.numerics.sphere.harmonics import analyse, power
from gnomon.spec.errors import BadData

LEAST = 1e-9  # of the truth's variance: a missing part with less is rounding


class Scores(NamedTuple):
    """Of each field and channel.

    Attributes:
        relative: [field, channel] root mean square of the error over that of the truth.
        recovered: [field, channel] 1 - mean square of the error over that of what was missing: 0 for zero-filling,
            1 for the truth, below 0 where the guess is worse than none; NaN where nothing was missing.
    """

    relative: np.ndarray
    recovered: np.ndarray


def scores(geometry: Geometry, truth: np.ndarray, guess: np.ndarray, missing: np.ndarray) -> Scores:
    """Scores of fields [field, row, column, channel].

    Args:
        geometry: of the fine grid; a sphere's points count by their areas.
        truth: as departures from a climate: the error is held against their size.
        guess: likewise.
        missing: the part of the truth that the coarse grid does not know.
    """
    truth, guess, missing = (np.asarray(a, float) for a in (truth, guess, missing))
    if (
        truth.ndim != 4
        or truth.shape[1:3] != geometry.shape
        or not truth.shape == guess.shape == missing.shape
    ):
        raise BadData(
            f"expected three arrays [field, {geometry.shape[0]}, {geometry.shape[1]}, channel], "
            f"got {truth.shape}, {guess.shape} and {missing.shape}"
        )
    size, error, gone = (_mean_square(geometry, a) for a in (truth, guess - truth, missing))
    with np.errstate(divide="ignore", invalid="ignore"):
        recovered = np.where(gone > LEAST * size, 1 - error / gone, np.nan)
        return Scores(np.sqrt(error / size), recovered)


def _mean_square(geometry: Geometry, x: np.ndarray) -> np.ndarray:
    weights = geometry.weights().reshape(geometry.shape)
    return np.einsum("yx,nyxc->nc", weights / weights.sum(), x**2)


def power_by_wave(geometry: Geometry, x: np.ndarray) -> np.ndarray:
    """[field, wave, channel] mean square of the part of each wave of fields [field, row, column, channel].

    Waves are the length of the wave vector of a square plane, rounded, and the total wavenumbers of a sphere up to its
    truncation. On a plane they sum to the mean square.
    """
    x = np.asarray(x, float)
    if geometry.kind == "sphere":
        return np.moveaxis(power(analyse(geometry.harmonics, np.moveaxis(x, -1, 1))), 1, -1)
    rows, columns = geometry.shape
    square = np.abs(np.fft.rfft2(x, axes=(1, 2), norm="forward")) ** 2
    square[:, :, 1 : (-1 if columns % 2 == 0 else None)] *= 2
    ky, kx = np.meshgrid(np.fft.fftfreq(rows, 1 / rows), np.fft.rfftfreq(columns, 1 / columns), indexing="ij")
    ring = np.rint(np.hypot(ky, kx)).astype(int)
    return np.stack([square[:, ring == k].sum(axis=1) for k in range(ring.max() + 1)], axis=1)
