"""Histograms of states and how far two of them are apart: what measures and judges of long runs share."""

import numpy as np


def box(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The truth's range, widened by a tenth of its standard deviation."""
    flat = points.reshape(-1, points.shape[-1])
    margin = 0.1 * flat.std(axis=0) + 1e-12  # a coordinate that never moves still needs a bin with a width
    return flat.min(axis=0) - margin, flat.max(axis=0) + margin


def counts(points: np.ndarray, low: np.ndarray, high: np.ndarray, bins: int) -> np.ndarray:
    """[unit, cell] counts of [unit, point, coordinate]; the last cell holds what lies outside the box."""
    units, _, dims = points.shape
    cells = bins**dims + 1
    cell = np.zeros(points.shape[:2], np.int64)
    outside = np.zeros(points.shape[:2], bool)
    for d in range(dims):
        index = np.floor((points[..., d] - low[d]) * (bins / (high[d] - low[d])))
        outside |= (index < 0) | (index >= bins)
        cell = cell * bins + np.clip(index, 0, bins - 1).astype(np.int64)
    cell[outside] = cells - 1
    cell += np.arange(units)[:, None] * cells
    return np.bincount(cell.ravel(), minlength=units * cells).reshape(units, cells).astype(float)


def divergence(p: np.ndarray, q: np.ndarray, smoothing: float) -> np.ndarray:
    """[...] KL(p || q) of counts [..., cell], each cell with `smoothing` more than was counted.

    The many cells that nobody visits count in one term.
    """
    cells = p.shape[-1]
    visited = (p > 0).reshape(-1, cells).any(axis=0) | (q > 0).reshape(-1, cells).any(axis=0)
    size_p, size_q = (x.sum(axis=-1) + smoothing * cells for x in (p, q))
    p_, q_ = p[..., visited] + smoothing, q[..., visited] + smoothing
    ratio = np.log(size_q / size_p)
    empty = (cells - visited.sum()) * smoothing * ratio
    found = np.sum(p_ * np.log(p_ / q_), axis=-1) + ratio * p_.sum(axis=-1)
    return (found + empty) / size_p


def hellinger(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Distance of two distributions along the last axis."""
    return np.sqrt(np.clip(1 - np.sqrt(p * q).sum(axis=-1), 0.0, None))
