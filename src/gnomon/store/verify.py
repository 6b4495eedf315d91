"""Reading everything once, so that damage is found before it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gnomon.store.results import Store


class Verified(NamedTuple):
    """What was read.

    Attributes:
        results: sound results (with sound details, where they have some).
        nodes: sound nodes.
        studies: sound studies.
        damaged: (path within the store, reason) of what this check found; moved to quarantine where the store
            may be written.
    """

    results: int
    nodes: int
    studies: int
    damaged: tuple[tuple[Path, str], ...]


def verify(store: "Store") -> Verified:
    """Check every result, its details, every node and every study of a store."""
    before = set(store.quarantined())
    results = 0
    for name in list(store.ids()):
        result = store.get_result(name)
        results += result is not None and (result.details is None or store.get_details(name) is not None)
    nodes = sum(store.get_node(kind, name) is not None for kind, name in list(store.nodes()))
    studies = len(store.studies())
    return Verified(results, nodes, studies, tuple(f for f in store.quarantined() if f not in before))
