"""What a process remembers from case to case: the latest, up to so many things and so many bytes of arrays."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np


class _Kept(NamedTuple):
    value: Any
    nodes: frozenset[str]  # that it was made of
    arrays: dict[int, int]  # identity of each array that it holds -> bytes


class Recall:
    """Values by key; the least recently used is forgotten. An array that several values hold is counted once."""

    def __init__(self, most: int, most_bytes: int):
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._holders: dict[int, int] = {}
        self.bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> tuple[Any, frozenset[str]]:
        """A value that is there, and the nodes it was made of; it was used just now."""
        self._kept.move_to_end(key)
        kept = self._kept[key]
        return kept.value, kept.nodes

    def put(self, key: Hashable, value: Any, nodes: frozenset[str]) -> None:
        """Remember; the newest stays, however large."""
        arrays = {id(x): x.nbytes for x in owners(value)}
        self._kept[key] = _Kept(value, nodes, arrays)
        for name, size in arrays.items():
            self._holders[name] = self._holders.get(name, 0) + 1
            self.bytes += size if self._holders[name] == 1 else 0
        while len(self._kept) > 1 and (len(self._kept) > self._most or self.bytes > self._most_bytes):
            self._forget()

    def _forget(self) -> None:
        _, kept = self._kept.popitem(last=False)
        for name, size in kept.arrays.items():
            self._holders[name] -= 1
            if not self._holders[name]:
                del self._holders[name]
                self.bytes -= size


def owners(value: Any) -> Iterator[np.ndarray]:
    """The arrays that own the memory of all NumPy arrays in nested mappings and sequences."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from owners(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from owners(part)
