"""Empirical orthogonal functions by the method of snapshots: a few hundred samples of states of any size."""

from typing import NamedTuple

import numpy as np
import scipy.linalg

from gnomon.spec.cards import WorldCard


class Eofs(NamedTuple):
    """Leading patterns of anomalies under weights.

    Attributes:
        patterns: [mode, point] in the units of the data: an anomaly is about `scores @ patterns`.
        filters: [mode, point] weights that give the scores: scores = anomalies @ filters.T.
        scores: [sample, mode] of the samples themselves; unit variance for each mode.
        variance: [mode] share of the weighted variance.
    """

    patterns: np.ndarray
    filters: np.ndarray
    scores: np.ndarray
    variance: np.ndarray


def snapshot_eofs(anomalies: np.ndarray, weights: np.ndarray, modes: int) -> Eofs:
    """The leading EOFs of anomalies [sample, point] under positive weights [point] of their squares.

    From the eigenvectors of the [sample, sample] matrix of inner products (Sirovich 1987, doi:10.1090/qam/910462) where
    samples are fewer than points: a big [point, point] covariance is never formed. The largest weighted value of each
    mode is positive.
    """
    count = max(len(anomalies) - 1, 1)
    root = np.sqrt(weights)
    scaled = anomalies * root
    wide = scaled.shape[1] > scaled.shape[0]
    small = scaled @ scaled.T if wide else scaled.T @ scaled
    most = min(modes, len(small))
    values, vectors = scipy.linalg.eigh(small / count, subset_by_index=(len(small) - most, len(small) - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    real = values > 1e-10 * max(float(values[0]), np.finfo(float).tiny)
    values, vectors = values[real], vectors[:, real]
    scores = vectors * np.sqrt(count) if wide else scaled @ vectors / np.sqrt(values)
    weighted = scores.T @ scaled / count
    sign = np.sign(weighted[np.arange(len(weighted)), np.abs(weighted).argmax(axis=1)])
    scores, weighted = scores * sign, weighted * sign[:, None]
    total = float(np.sum(scaled**2) / count)
    filters = weighted / values[:, None] * root
    return Eofs(weighted / root, filters, scores, values / total if total > 0 else values)


def state_weights(card: WorldCard) -> np.ndarray:
    """[point] weights under which every variable counts alike over its scale, and every point for its area.

    In the order of `numerics.packing`; they sum to the number of variables.
    """
    parts = []
    for v in card.variables:
        size = int(np.prod(v.shape, dtype=int))
        share = np.full(size, 1 / size)
        if card.grid is not None and v.dims[-2:] == ("lat", "lon"):
            rows = np.repeat(np.asarray(card.grid.weights) / len(card.grid.lon), len(card.grid.lon))
            layers = size // len(rows)
            share = np.tile(rows, layers) / layers
        parts.append(share / v.scale**2)
    return np.concatenate(parts)
