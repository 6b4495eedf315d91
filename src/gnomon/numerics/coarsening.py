"""Fields without their short waves, and which waves a model resolves: along a ring, in a plane, on a sphere."""

from collections.abc import Callable

import numpy as np

from gnomon.numerics.spectra import space_power
from gnomon.numerics.sphere.harmonics import (
    Harmonics,
    analyse,
    filtered,
    harmonics,
    largest_truncation,
    power,
)
from gnomon.spec.cards import Variable, WorldCard

HALF = 0.5  # of the truth's power: below it a scale is not resolved
LEAST = 1e-9  # of the truth's variance: a wave with less is rounding
AT_ONCE = 256  # fields in one transform


def varies(card: WorldCard, variable: Variable) -> bool:
    """Whether a variable has waves: a field on a sphere, or on an axis (or two) that is homogeneous and periodic."""
    return _on_sphere(card, variable) or (
        variable.homogeneous and variable.shape != () and variable.shape[-1] > 3
    )


def coarsened(card: WorldCard, variable: Variable, x: np.ndarray, waves: int) -> np.ndarray:
    """The same values [..., *shape] with waves 0 … `waves` only; unchanged where nothing has waves.

    On a sphere waves are total wavenumbers; in a plane the length of the wave vector.
    """
    if not varies(card, variable):
        return x
    if _on_sphere(card, variable):
        h = _transform(card)
        return _in_blocks(x, lambda part: filtered(h, part, min(waves, h.truncation)))
    axes = tuple(range(-len(variable.shape), 0))
    f = np.fft.rfftn(x, axes=axes)
    f = np.where(_wave(variable) <= waves, f, 0)
    return np.fft.irfftn(f, s=variable.shape, axes=axes).astype(x.dtype)


def wave_power(card: WorldCard, variable: Variable, x: np.ndarray) -> np.ndarray:
    """[unit, wave] mean power of each wave over all leads of x [unit, lead, *shape]."""
    if _on_sphere(card, variable):
        h = _transform(card)
        return np.stack([power(analyse(h, np.asarray(one, float))).mean(axis=0) for one in x])
    if len(variable.shape) == 1:
        return space_power(np.asarray(x, float)).mean(axis=1)
    axes = tuple(range(-len(variable.shape), 0))
    square = np.abs(np.fft.rfftn(np.asarray(x, float), axes=axes)) ** 2
    square[..., 1 : (-1 if variable.shape[-1] % 2 == 0 else None)] *= 2
    ring = np.rint(_wave(variable)).astype(int)
    mean = square.mean(axis=1).reshape(len(x), -1)
    out = np.zeros((len(x), ring.max() + 1))
    for k in range(out.shape[1]):
        out[:, k] = mean[:, ring.ravel() == k].sum(axis=1)
    return out


def resolved(truth: np.ndarray, model: np.ndarray) -> int | None:
    """The last wave that a model resolves; None where it keeps half of the truth's power or more at the shortest wave.

    The model's power lies below half of the truth's at every wave beyond. Not asked are wave 0, the mean, and waves
    at which the truth itself has next to nothing (rounding in what is stored).
    """
    there = truth[1:] > LEAST * truth[1:].sum()
    low = (model[1:] < HALF * truth[1:])[: int(np.max(np.flatnonzero(there), initial=-1)) + 1]
    if not len(low) or not low[-1]:
        return None
    return 0 if low.all() else int(len(low) - np.argmin(low[::-1]))


def _wave(variable: Variable) -> np.ndarray:
    """Length of the wave vector of every coefficient of a real transform, in waves an axis."""
    parts = [np.fft.fftfreq(n, 1 / n) for n in variable.shape[:-1]]
    parts.append(np.fft.rfftfreq(variable.shape[-1], 1 / variable.shape[-1]))
    return np.sqrt(sum(np.square(p) for p in np.meshgrid(*parts, indexing="ij")))


def _on_sphere(card: WorldCard, variable: Variable) -> bool:
    return card.grid is not None and variable.dims[-2:] == ("lat", "lon")


def _transform(card: WorldCard) -> Harmonics:
    g = card.grid
    assert g is not None
    lat, lon = np.asarray(g.lat), np.asarray(g.lon)
    top = largest_truncation(lat, lon)
    return harmonics(lat, lon, min(g.truncation or top, top), np.asarray(g.weights))


def _in_blocks(x: np.ndarray, work: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    flat = x.reshape(-1, *x.shape[-2:])
    out = np.empty_like(flat)
    for start in range(0, len(flat), AT_ONCE):
        out[start : start + AT_ONCE] = work(flat[start : start + AT_ONCE].astype(float))
    return out.reshape(x.shape)
