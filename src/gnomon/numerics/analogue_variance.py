"""How much is open when a part is known: the variance between neighbours, by nearest analogues."""

import numpy as np

from gnomon.spec.errors import BadData

AT_ONCE = 256  # queries in one table of distances


def analogue_variance(
    library_known: np.ndarray, library_open: np.ndarray, known: np.ndarray, open_: np.ndarray
) -> np.ndarray:
    r"""[query] half the square of the difference between each query's open part and that of its nearest analogue.

    With p(m | x) the law of the open part given the known one, and x' the known part of the analogue, the mean is

    .. math:: (Var[m|x] + Var[m|x'] + (E[m|x] - E[m|x'])^2) / 2

    for a query and an analogue that are independent, so over many queries it lies above the mean conditional variance
    and comes down to it as the library grows: a bound on what any method that knows x must leave open. In many
    dimensions the nearest analogue is far, and the bound then says little.

    Args:
        library_known: [entry, number], in one unit.
        library_open: [entry, number].
        known: [query, number].
        open_: [query, number].
    """
    arrays = [np.asarray(a, float) for a in (library_known, library_open, known, open_)]
    if any(a.ndim != 2 for a in arrays) or not len(arrays[0]):
        raise BadData("analogues: expected four tables [entry, number] and at least one entry in the library")
    entries, answers, asked, truth = arrays
    if len(entries) != len(answers) or len(asked) != len(truth) or entries.shape[1] != asked.shape[1]:
        raise BadData(
            "analogues: known and open parts must have as many rows, both known parts as many columns"
        )
    lengths = (entries**2).sum(axis=1)
    nearest = np.empty(len(asked), int)
    for start in range(
        0, len(asked), AT_ONCE
    ):  # |a - b|^2 = |a|^2 - 2 ab + |b|^2, |a| the same for all entries
        part = slice(start, start + AT_ONCE)
        nearest[part] = np.argmin(lengths - 2 * asked[part] @ entries.T, axis=1)
    return ((answers[nearest] - truth) ** 2).mean(axis=1) / 2
