"""Arrays of files that are read a few years at a time: [unit, member, lead, lat, lon], a unit being a year."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Read = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(units, members, leads) -> float32 [unit, member, lead, lat, lon]."""


class Field:
    """Reads as a NumPy array and holds nothing.

    Indexing reads what the first three indices ask for, once; anything else that is done to it (`np.asarray`, `mean`,
    `reshape` …) reads all of it. So measures that know nothing of files work on it, one variable at a time.
    """

    def __init__(self, shape: Sequence[int], read: Read):
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(np.float32)
        self.read = read

    @property
    def ndim(self) -> int:
        """Always 5."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Of all values."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """Of all values, were they read."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        parts = key if isinstance(key, tuple) else (key,)
        if any(p is Ellipsis or p is None for p in parts) or any(np.ndim(p) > 1 for p in parts):
            return np.asarray(self)[key]
        parts = parts + (slice(None),) * (self.ndim - len(parts))
        if sum(np.ndim(p) == 1 for p in parts if not isinstance(p, slice)) > 1:
            return np.asarray(self)[key]  # NumPy pairs several lists of indices
        asked = [np.atleast_1d(np.arange(n)[p]) for n, p in zip(self.shape[:3], parts[:3], strict=True)]
        block = self.read(asked[0], asked[1], asked[2])
        single = tuple(0 if np.ndim(p) == 0 and not isinstance(p, slice) else slice(None) for p in parts[:3])
        return block[(*single, *parts[3:])]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self.read(*(np.arange(n) for n in self.shape[:3]))
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def restricted(field: Field, units: np.ndarray | None = None, members: np.ndarray | None = None) -> Field:
    """Some units and members of a field."""
    u = np.arange(field.shape[0]) if units is None else np.asarray(units)
    m = np.arange(field.shape[1]) if members is None else np.asarray(members)
    return Field((len(u), len(m), *field.shape[2:]), lambda a, b, c: field.read(u[a], m[b], c))


def of_array(x: np.ndarray) -> Field:
    """A field that is in memory already."""
    values = np.asarray(x, np.float32)
    return Field(values.shape, lambda a, b, c: values[np.ix_(a, b, c)])
