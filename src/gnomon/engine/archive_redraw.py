"""Another draw of a reference that exists once: its own years in another order, what is forced put back or left out.

Under observed sea surface temperatures part of every year's departure is forced and comes back in any honest run of the
same years; the rest is weather. So x = season + trend t + response I + weather is fitted at every point (t the year, I
the index of El Nino) and blocks of years change places (circular block bootstrap, Politis and Romano 1992): with the
forced part of the year they come to, a stand-in for a second member; without, one for a climate that does not respond.

What misleads: forced variability beyond trend and El Nino moves with the blocks and counts as weather, so this floor is
higher than a second member's would be; and its mean is the reference's own, so it shares that mean's sampling error,
which a second member would not.
"""

from typing import NamedTuple

import numpy as np

from gnomon.engine.archive_fields import Field

PIECE = 1 << 26


class Forced(NamedTuple):
    """What the sea surface forces, at every point: per decade, and per degree of the index."""

    trend: np.ndarray
    response: np.ndarray


class Drivers(NamedTuple):
    """What is known of each year of a field.

    Attributes:
        decades: [year] from the middle of the record.
        el_nino: [year, lead] the index, less its mean season; zeros where there is none.
    """

    decades: np.ndarray
    el_nino: np.ndarray


def drivers(years: np.ndarray, leads: int, index: np.ndarray | None) -> Drivers:
    """Both less their means over years, calendar month by calendar month."""
    t = (np.asarray(years, float) - np.mean(years)) / 10
    if index is None:
        return Drivers(t, np.zeros((len(t), leads)))
    return Drivers(t, index - index.mean(axis=0))


def fit_forced(field: Field, known: Drivers) -> Forced:
    """Least squares at every point, members averaged; two passes are not needed, for regressors have no season."""
    t = np.repeat(known.decades[:, None], field.shape[2], axis=1)
    shape = field.shape[3:]
    products = np.zeros((2, *shape))
    step = max(1, PIECE // max(1, int(np.prod(field.shape[1:])) * 4))
    for start in range(0, len(field), step):
        span = slice(start, start + step)
        x = np.asarray(field[span]).mean(axis=1, dtype=float)
        products[0] += np.einsum("ul,ulij->ij", t[span], x)
        products[1] += np.einsum("ul,ulij->ij", known.el_nino[span], x)
    square = np.array(
        [[(t * t).sum(), (t * known.el_nino).sum()], [(t * known.el_nino).sum(), (known.el_nino**2).sum()]]
    )
    solved = np.linalg.pinv(square) @ products.reshape(2, -1)
    return Forced(solved[0].reshape(shape), solved[1].reshape(shape))


def other_order(years: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """[year] which year stands in its place: blocks of consecutive years from anywhere but their own place."""
    out = np.empty(years, int)
    for start in range(0, years, length):
        span = min(length, years - start)
        shift = int(rng.integers(1, years)) if years > 1 else 0
        out[start : start + span] = (start + shift + np.arange(span)) % years
    return out


class Keep(NamedTuple):
    """Which forced parts of a year are put back where it is moved to; others are left out."""

    trend: bool = True
    response: bool = True


def redrawn(field: Field, order: np.ndarray, known: Drivers, forced: Forced | None, *, keep: Keep) -> Field:
    """A field with its years in another order.

    Args:
        field: of the reference.
        order: [year] from `other_order`.
        known: of its years.
        forced: fitted; None to move the years as they are.
        keep: which forced parts of each place are put back.
    """

    def read(u: np.ndarray, m: np.ndarray, leads: np.ndarray) -> np.ndarray:
        base = field.read(order[u], m, leads)
        if forced is None:
            return base
        t = known.decades[u] * keep.trend - known.decades[order[u]]
        i = (known.el_nino[u] * keep.response - known.el_nino[order[u]])[:, leads]
        change = t[:, None, None, None] * forced.trend + i[:, :, None, None] * forced.response
        return (base + change[:, None]).astype(np.float32)

    return Field(field.shape, read)


def kept_forever(field: Field, shift: int = 0) -> Field:
    """Each year's first state in place of all that follows, of the first member; `shift` takes that of a later year."""
    years = len(field)

    def read(u: np.ndarray, m: np.ndarray, leads: np.ndarray) -> np.ndarray:
        one = np.array([0])
        first = field.read((u + shift) % years, one, one)
        return np.broadcast_to(first, (len(u), len(m), len(leads), *first.shape[3:]))

    return Field((years, 1, *field.shape[2:]), read)
