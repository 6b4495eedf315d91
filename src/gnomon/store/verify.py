"""Reading everything once, so that damage is found before it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gnomon.store.names import node_list

if TYPE_CHECKING:
    from gnomon.store.quarantine import Found
    from gnomon.store.results import Store


class Verified(NamedTuple):
    """What was read.

    Attributes:
        results: sound results (with sound details, where they have some).
        nodes: sound nodes.
        studies: sound studies.
        damaged: what this check found; moved to quarantine where the store may be written.
        missing: (kind, id) of every node that is damaged or gone, to the results that stand and name it. Their
            scores hold; the runs behind them are lost.
    """

    results: int
    nodes: int
    studies: int
    damaged: tuple["Found", ...]
    missing: dict[tuple[str, str], tuple[str, ...]]

    @property
    def lost(self) -> tuple[str, ...]:
        """Ids of the results that were damaged: the cases to run again."""
        names = [Path(f.path).name.partition(".")[0] for f in self.damaged if f.path.parts[0] == "results"]
        return tuple(dict.fromkeys(names))


def verify(store: "Store") -> Verified:
    """Check every result, its details, every node and every study of a store."""
    from gnomon.store.results import STOPPED

    before = len(store.quarantine.met)
    results = 0
    needed: dict[tuple[str, str], list[str]] = {}
    for name in list(store.ids()):
        result = store.get_result(name)
        if result is None or (result.details is not None and store.get_details(name) is None):
            continue
        results += 1
        if result.status in STOPPED:  # names the nodes it was about to make, too
            continue
        for node in node_list(result.provenance.get("nodes", "")):
            needed.setdefault(node, []).append(name)
    sound = {node for node in list(store.nodes()) if store.get_node(*node) is not None}
    studies = len(store.studies())
    found = {one.path: one for one in store.quarantine.met[before:]}
    missing = {node: tuple(names) for node, names in sorted(needed.items()) if node not in sound}
    return Verified(results, len(sound), studies, tuple(found.values()), missing)
