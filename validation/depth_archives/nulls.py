"""What a model that never looks at the picture would say: from the judged depth of the other pictures alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

GRID = (16, 24)  # cells along height and width of the mean map


class Seen(NamedTuple):
    """What is kept of one picture's depth.

    Attributes:
        unit: pictures of one unit never serve each other's null.
        median: metres, of its judged pixels.
        cells: [cell along height, cell along width] mean ln depth of the judged pixels; NaN where there is none.
    """

    unit: str
    median: float
    cells: np.ndarray


def seen_of(unit: str, depth: np.ndarray, judged: np.ndarray) -> Seen:
    """Keep of a depth map with at least one judged pixel what the nulls of other pictures need."""
    rows, columns = _cell_numbers(depth.shape)
    at = (rows[:, None] * GRID[1] + columns)[judged]
    logs = np.log(depth[judged])
    size = GRID[0] * GRID[1]
    count = np.bincount(at, minlength=size)
    total = np.bincount(at, logs, minlength=size)
    cells = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Seen(unit, float(np.median(depth[judged])), cells.reshape(GRID))


class Nulls:
    """One depth, and the mean map, for each picture from the pictures of all other units."""

    def __init__(self, seen: Sequence[Seen]):
        self._units = np.array([s.unit for s in seen])
        self._medians = np.array([s.median for s in seen])
        self._cells = np.stack([s.cells for s in seen])

    def enough(self) -> bool:
        """Whether every picture has others."""
        return len(set(self._units)) > 1

    def one_depth(self, unit: str) -> float:
        """Metres: the median of the other pictures' medians."""
        return float(np.median(self._medians[self._units != unit]))

    def mean_map(self, unit: str, shape: tuple[int, int]) -> np.ndarray:
        """[y, x] metres: in each cell the exponential of the other pictures' mean ln depth there.

        Where no other picture was judged it is `one_depth`.
        """
        others = self._cells[self._units != unit]
        known = np.isfinite(others)
        count = known.sum(axis=0)
        mean = np.where(known, others, 0).sum(axis=0) / np.maximum(count, 1)
        cells = np.where(count > 0, np.exp(mean), self.one_depth(unit))
        rows, columns = _cell_numbers(shape)
        return cells[np.ix_(rows, columns)]


def _cell_numbers(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The cell of each row and of each column."""
    rows, columns = (np.arange(n) * cells // n for n, cells in zip(shape, GRID, strict=True))
    return rows, columns
