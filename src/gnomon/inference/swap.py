"""Heating or basic state? The error of a wave, divided between two causes that can be swapped.

W(h, b) is the wave that an instrument makes from the heating of h around the basic state of b, for truth and model.
The error E = W(m, m) - W(t, t) is the sum of what the heating does and of what the basic state does,

    H = [W(m, t) - W(t, t) + W(m, m) - W(t, m)] / 2,   B = [W(t, m) - W(t, t) + W(m, m) - W(m, t)] / 2,

each cause's effect averaged over both states of the other. Their shares are <E, H> / <E, E> and <E, B> / <E, E>, which
sum to one.

All products are taken between *different* units, so that noise has no product with itself and adds nothing; their
jackknife pseudo-values go to `inference.attribution`, whose rule names a cause or does not.

Nothing is attributed unless the instrument works: W(t, t) must look like the truth's own wave and W(m, m) like the
model's (pattern correlation of at least 0.8), and the error that it makes must look like the one there is (at least
0.5).
"""

from typing import NamedTuple

import numpy as np

from gnomon.inference.attribution import Attribution, Candidate, attribute, in_words

LIKE = 0.8  # correlation of the instrument's wave with the one that it stands for
LIKE_ERROR = 0.5  # and of its error
NAMES = ("the heating", "the basic state")
SEED = 20_26


class Cells(NamedTuple):
    """Waves [unit, place]: first the heating's owner, then the basic state's.

    Attributes:
        both_true: W(t, t).
        model_heating: W(m, t).
        model_basic: W(t, m).
        both_model: W(m, m).
        truth: the truth's own wave.
        model: the model's own wave.
    """

    both_true: np.ndarray
    model_heating: np.ndarray
    model_basic: np.ndarray
    both_model: np.ndarray
    truth: np.ndarray
    model: np.ndarray


class Swapped(NamedTuple):
    """What can be said.

    Attributes:
        like_truth: correlation of W(t, t) with the truth's wave.
        like_model: of W(m, m) with the model's.
        like_error: of their difference with the model's error.
        interaction: squared size of what neither cause does alone, over that of the error; noise may take it below
            nought.
        found: shares of heating and basic state, and which is named.
        sentence: in words.
    """

    like_truth: float
    like_model: float
    like_error: float
    interaction: float
    found: Attribution
    sentence: str


def swapped(cells: Cells, weights: np.ndarray, *, seed: int = SEED) -> Swapped:
    """Divide the error of a wave.

    Args:
        cells: of at least five units; below eight a resample of look-alikes can hide what is there.
        weights: [place] share of the whole that each place stands for; 0 where nothing is asked.
        seed: fixes the resampling.
    """
    t, h, b, m, truth, model = (x.reshape(len(x), -1) * np.sqrt(np.ravel(weights)) for x in cells)
    error = m - t
    heating, basic = (h - t + m - b) / 2, (b - t + m - h) / 2
    whole = pseudo_products(error, error)
    candidates = [
        Candidate(name, pseudo_products(error, part), whole, "swap")
        for name, part in zip(NAMES, (heating, basic), strict=True)
    ]
    found = attribute(candidates, seed=seed)
    mixed = pseudo_products(m - h - b + t, m - h - b + t).mean() / whole.mean()
    like_truth, like_model, like_error = alike(t, truth), alike(m, model), alike(error, model - truth)
    sentence = _sentence([like_truth, like_model, like_error], found)
    return Swapped(like_truth, like_model, like_error, float(mixed), found, sentence)


def pseudo_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[unit] jackknife pseudo-values of the product of two patterns between different units, which is their mean."""
    n = len(x)
    products = x @ y.T
    products = (products + products.T) / 2
    np.fill_diagonal(products, 0.0)
    total, own = products.sum(), products.sum(axis=1)
    left = (total - 2 * own) / ((n - 1) * (n - 2))
    return total / (n - 1) - (n - 1) * left


def alike(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the mean patterns of two samples [unit, place] whose own means are nought."""
    a, b = x.mean(axis=0), y.mean(axis=0)
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), np.finfo(float).tiny))


def _sentence(like: list[float], found: Attribution) -> str:
    for r, whose in zip(like[:2], ("truth's", "model's"), strict=True):
        if not r >= LIKE:
            return f"not attributable: the dry core's own wave is like the {whose} at r = {r:.2f} only"
    if found.named is None:
        return f"not attributable: {found.reason}"
    if not like[2] >= LIKE_ERROR:
        return f"not attributable: the error that the dry core makes is like the model's at r = {like[2]:.2f} only"
    told = [in_words(s) for s in found.shares]
    return f"{told[0]} of the error of the wave train comes from {NAMES[0]}, {told[1]} from {NAMES[1]}"
