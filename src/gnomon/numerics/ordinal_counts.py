"""How often each ordinal pattern occurs, counted by NumPy in one thread; `codes` is for JAX arrays too.

What costs time is the comparisons, and counting: nearly a nanosecond for each number that is counted, whatever it says.
So these numbers say as much as they can: the patterns of four windows that follow each other, or of two windows whose
codes are bytes.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np

ORDERS = (3, 7)
PIECE = 1 << 17  # values that are compared at a time: they and their comparisons stay in a core's cache
BLOCK = 1 << 19  # codes that are counted at a time
LONG = 1 << 16  # values in a series that is worth counting on its own
OF_FOUR = 5  # largest order at which four windows that follow each other are counted as one
BYTES, PAIRS, WORDS = np.dtype(np.uint8), np.dtype("<u2"), np.dtype("<u4")  # the first byte is the lowest


def codes(x: Any, order: int, delay: int) -> Any:
    """[..., window] the code of each window (see `ordinal_codes`) in the smallest integers that hold it.

    Whether x(t + j delay) < x(t + i delay) depends on j - i and on the time t + i delay alone, so order - 1 comparisons
    of the whole series serve all pairs (i, j), and what is left is addition of bytes.
    """
    count = windows(x.shape[-1], order, delay)
    kind = _smallest(order)
    fallen: Any = (
        0  # at each time: how many of the next values are smaller, of 1, of 2, ... order - 1 next values
    )
    code: Any = None
    for ahead in range(1, order):
        until = x.shape[-1] - ahead * delay
        falls = (x[..., ahead * delay :] < x[..., :until]).view(np.uint8)
        fallen = falls if ahead == 1 else fallen[..., :until] + falls
        first = (order - 1 - ahead) * delay
        term = fallen[..., first : first + count].astype(kind, copy=False)
        code = term if ahead == 1 else code + term * kind(math.factorial(ahead))
    return code


def windows(length: int, order: int, delay: int) -> int:
    """Number of windows of a record."""
    if not ORDERS[0] <= order <= ORDERS[1]:
        raise ValueError(f"order {order}; expected {ORDERS[0]} to {ORDERS[1]}")
    count = length - (order - 1) * delay
    if delay < 1 or count < 1:
        raise ValueError(f"{length} values hold no pattern of order {order} at delay {delay}")
    return count


def pattern_counts(x: np.ndarray, order: int, delay: int) -> np.ndarray:
    """[series, order!] how often each code occurs in each series of x [series, time].

    Long series one by one; short ones as many at a time as a block holds.
    """
    length, kinds = x.shape[-1], math.factorial(order)
    count = windows(length, order, delay)
    series = np.ascontiguousarray(x)
    counts = np.zeros((len(series), kinds), np.int64)
    if length > LONG:  # in one thread: calls so short spend in two what they save
        for own, one in zip(counts, series, strict=True):
            own += _of_long_series(one, order, delay)
        return counts
    many = max(1, BLOCK // max(length, kinds))
    room = np.empty(min(series.size, many * length), _smallest(order))
    for first in range(0, len(series), many):
        some = series[first : first + many]
        _fill(room, some.reshape(-1), order, delay)  # as one series; windows across two of them do not count
        code = room[: some.size].reshape(some.shape)[:, :count]
        place = code + kinds * np.arange(len(some))[:, None]
        counts[first : first + many] = _occurrences(place.ravel(), kinds * len(some)).reshape(-1, kinds)
    return counts


def _of_long_series(x: np.ndarray, order: int, delay: int) -> np.ndarray:
    """Counts of one series, block by block: four windows at a time where values have an order, which NaN has not."""
    kinds, reach = math.factorial(order), (order - 1) * delay
    counts = np.zeros(kinds, np.int64)
    fours = _Fours(order, min(PIECE, len(x))) if delay == 1 and order <= OF_FOUR else None
    for start in range(0, len(x) - reach, BLOCK):
        block = x[start : start + BLOCK + reach]
        done = fours.add(block) if fours and _has_order(block) else 0
        left = len(block) - reach - done
        if left:
            counts += _tally(_fill(np.empty(left, _smallest(order)), block[done:], order, delay), kinds)
    return counts + fours.counts() if fours else counts


def _has_order(x: np.ndarray) -> bool:
    return x.dtype.kind in "biu" or (x.dtype.kind == "f" and not np.isnan(x.min()))


class _Fours:
    """Counts of series without NaN at delay 1, by four windows that follow each other, as one.

    The code at t + 3, and how many of the next order - 1 values are smaller than those at t + 2, t + 1 and t, say the
    codes at all four times, so a table of order^3 order! places holds what four windows can be.
    """

    def __init__(self, order: int, piece: int) -> None:
        self.order, self.kinds, self.piece = order, math.factorial(order), piece // 4 * 4
        self.table = np.zeros(order**3 * self.kinds, np.int64)
        width = piece // 64 * 64 + 128  # rows begin at multiples of 64 bytes
        self.falls = np.empty((order - 1, width), BYTES)
        self.words = np.empty((2, piece // 4), WORDS)
        self.places = np.empty(piece // 4, np.intp)

    def add(self, x: np.ndarray) -> int:
        """Counts all windows but the last three or less; how many these are."""
        count = (len(x) - (self.order - 1)) // 4 * 4
        for start in range(0, count, self.piece):
            until = min(start + self.piece, count)
            places = self.places[: (until - start) // 4]
            places[:] = self._places(x[start : until + self.order - 1])
            np.add.at(self.table, places, 1)
        return count

    def counts(self) -> np.ndarray:
        """How often each code occurs among the windows."""
        table = self.table.reshape(-1, self.kinds)
        counts = table.sum(axis=0)
        same = _same_but_last(self.order)
        while len(table) > 1:  # of t + 3, then t + 2, t + 1, t
            table = table[:, same].sum(axis=1).reshape(-1, self.kinds)
            counts += table.sum(axis=0)
        return counts

    def _places(self, x: np.ndarray) -> np.ndarray:
        """Where in the table each four windows of a piece are.

        Four bytes are read as one number, the earliest as its lowest: times u << 16 | v << 8 | w it has in bits 16 to
        23 the sum of u, v and w times its first, second and third byte. No sum here exceeds a byte, so none runs over.
        """
        order, count = self.order, len(x) - (self.order - 1)
        for ahead in range(1, order):  # how far a row is written is how far it is read
            until = len(x) - ahead
            np.less(x[ahead:], x[:until], out=self.falls[ahead - 1, :until].view(bool))
        words = self.falls[:, : count + 4].view(WORDS)
        now, after, (fallen, code) = words[:, :-1], words[:, 1:], self.words[:, : count // 4]
        # the code at t + 3 without its first digit, which is about t + 4 and later
        np.multiply(after[0], _weights(order, 1), out=code)
        for ahead in range(2, order - 1):
            code += np.multiply(after[ahead - 1], _weights(order, ahead), out=fallen)
        code &= 0xFF0000
        # the first digits at all four times: fallen(t) order^3 + fallen(t + 1) order^2 + ...
        np.add(now[0], now[1], out=fallen)
        for further in now[2:]:
            fallen += further
        pairs = fallen.view(PAIRS)
        pairs *= order << 8 | 1
        pairs >>= 8
        weight = math.factorial(order - 1)
        fallen *= order**2 * weight << 16 | weight
        code += fallen
        code >>= 16
        return code


def _weights(order: int, ahead: int) -> int:
    """What the values `ahead` of those at t + 4, t + 5, ... add to the code at t + 3 where they are smaller."""
    return sum(math.factorial(order - 2 - i) << 16 - 8 * i for i in range(order - 1 - ahead))


@functools.cache
def _same_but_last(order: int) -> np.ndarray:
    """[order, (order - 1)!] in each column the codes of windows that differ in their last value alone.

    The columns are in the order of the codes of what is the same.
    """
    every = np.asarray(list(itertools.permutations(range(order))))
    code = codes(every, order, 1)[:, 0]
    every[:, -1] = order  # above all others, so that it says nothing
    rising = np.argsort(codes(every, order, 1)[:, 0], kind="stable")
    return np.ascontiguousarray(code[rising].reshape(-1, order).T.astype(np.intp))


def _fill(room: np.ndarray, x: np.ndarray, order: int, delay: int) -> np.ndarray:
    """The codes of one series, written into `room` piece by piece."""
    count, reach = len(x) - (order - 1) * delay, (order - 1) * delay
    for start in range(0, count, PIECE):
        until = min(start + PIECE, count)
        room[start:until] = codes(x[start : until + reach], order, delay)
    return room[:count]


def _tally(code: np.ndarray, kinds: int) -> np.ndarray:
    """How often each code occurs. Bytes are counted in pairs: half as many, and each pair has a place of its own."""
    if code.itemsize > 1 or len(code) < PIECE // 2:
        return _occurrences(code, kinds)
    even = len(code) // 2 * 2
    pairs = _occurrences(code[:even].view(np.uint16), 256 * kinds).reshape(kinds, 256)
    return pairs.sum(axis=0)[:kinds] + pairs.sum(axis=1) + _occurrences(code[even:], kinds)


def _occurrences(places: np.ndarray, size: int) -> np.ndarray:
    """What np.bincount says, in two thirds of its time where the places are of the machine's own kind of index."""
    counts = np.zeros(size, np.int64)
    np.add.at(counts, places.astype(np.intp, copy=False), 1)
    return counts


def _smallest(order: int) -> Any:
    """The smallest integers that hold the codes."""
    return np.uint8 if math.factorial(order) <= 256 else np.uint16
