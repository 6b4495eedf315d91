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
0.5). A correlation does not ask for size, so two numbers more are asked of all three pairs of made x and real y: that x
has most of y, <x, y> / <y, y> > 0.5, and that it misses less than half of it, |x - y|^2 / |y|^2 < 0.5. The first alone
would let a wave pass that is too large, the second alone one of a third of the size (it misses 4/9). Shares are of the
error that the instrument makes, not of the model's: what the instrument lacks has no share.
"""

from typing import NamedTuple

import numpy as np

from gnomon.inference.attribution import Attribution, Candidate, attribute, in_words

LIKE = 0.8  # correlation of the instrument's wave with the one that it stands for
LIKE_ERROR = 0.5  # and of its error
MOST = 0.5  # of the real one: what the instrument must have, and must not miss
NAMES = ("the heating", "the basic state")
SUBJECTS = (
    ("the dry core's own wave", "the truth's"),
    ("the dry core's own wave", "the model's"),
    ("the error that the dry core makes", "the model's"),
)
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
        had: <made, real> / <real, real> of the truth's wave, the model's and the error.
        missed: |made - real|^2 / |real|^2 of the same three.
        failed: which gate of the instrument fails first; "" where all pass.
        interaction: squared size of what neither cause does alone, over that of the error; noise may take it below
            nought.
        found: shares of heating and basic state, and which is named.
        sentence: in words.
    """

    like_truth: float
    like_model: float
    like_error: float
    had: tuple[float, float, float]
    missed: tuple[float, float, float]
    failed: str
    interaction: float
    found: Attribution
    sentence: str

    @property
    def works(self) -> bool:
        """Whether both waves' gates are open; that of the error asks nothing where there is no error."""
        pairs = zip(
            SUBJECTS[:2], (self.like_truth, self.like_model), self.had[:2], self.missed[:2], strict=True
        )
        return not any(_failed(what, r, LIKE, had, missed) for what, r, had, missed in pairs)


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
    pairs = ((t, truth), (m, model), (error, model - truth))
    like = [alike(made, real) for made, real in pairs]
    (h0, m0), (h1, m1), (h2, m2) = sizes = [had_and_missed(made, real) for made, real in pairs]
    gates = [
        _failed(what, r, least, *size)
        for what, r, least, size in zip(SUBJECTS, like, (LIKE, LIKE, LIKE_ERROR), sizes, strict=True)
    ]
    failed = next((gate for gate in gates if gate), "")
    return Swapped(
        like_truth=like[0],
        like_model=like[1],
        like_error=like[2],
        had=(h0, h1, h2),
        missed=(m0, m1, m2),
        failed=failed,
        interaction=float(mixed),
        found=found,
        sentence=_sentence(gates, found),
    )


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


def had_and_missed(made: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """<made, real> / <real, real> and |made - real|^2 / |real|^2, products being between different units.

    Where the real one cannot be told from nought, nothing is had and everything missed.
    """
    size = pseudo_products(real, real).mean()
    if not size > 0:
        return 0.0, np.inf
    had, missed = pseudo_products(made, real).mean(), pseudo_products(made - real, made - real).mean()
    return float(had / size), float(missed / size)


def _failed(what: tuple[str, str], r: float, least: float, had: float, missed: float) -> str:
    """Why a gate is shut; "" where it is open."""
    if not r >= least:
        return f"{what[0]} is like {what[1]} at r = {r:.2f} only"
    if not had > MOST:
        return f"{what[0]} has {100 * had:.0f} % of {what[1]} only"
    if not missed < MOST:
        return f"{what[0]} differs from {what[1]} by {100 * missed:.0f} % of its square"
    return ""


def _sentence(gates: list[str], found: Attribution) -> str:
    """The waves' gates, then whether there is a cause, then the error's gate: without an error that asks nothing."""
    for reason in (*gates[:2], found.reason if found.named is None else "", gates[2]):
        if reason:
            return f"not attributable: {reason}"
    told = [in_words(s) for s in found.shares]
    where = "of the error that the dry core makes in the wave train"
    return f"{told[0]} {where} comes from {NAMES[0]}, {told[1]} from {NAMES[1]}"
