"""Joining stores: what another store has and this one lacks, verified file by file."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gnomon.spec.errors import StoreError
from gnomon.spec.results import Result
from gnomon.store.nodes import OWN

if TYPE_CHECKING:
    from gnomon.store.results import Store


class Merged(NamedTuple):
    """What a merge did.

    Attributes:
        results: taken over, those included that replaced a failed or stopped one.
        nodes: taken over.
        studies: taken over.
        conflicts: in words; of two different contents under one name this store's own was kept.
        damaged: (path in the other store, reason); not taken over, and left where they are.
    """

    results: int
    nodes: int
    studies: int
    conflicts: tuple[str, ...]
    damaged: tuple[tuple[Path, str], ...]


def merge(store: "Store", other: Path) -> Merged:
    """Take over nodes, then results, then studies. The other store is only read.

    Nothing here is replaced, but for results of cases that failed, timed out or ran out of memory here and not there.
    """
    from gnomon.store.results import Store

    source = Store(other, create=False, movable=False)
    if store.root.resolve() == source.root.resolve():
        raise StoreError(f"a store cannot be merged with itself: {other}; give another store")
    conflicts: list[str] = []
    nodes = _merge_nodes(store, source, conflicts)
    results = _merge_results(store, source, conflicts)
    studies = _merge_studies(store, source, conflicts)
    return Merged(results, nodes, studies, tuple(conflicts), tuple(source.quarantined()))


def _merge_nodes(store: "Store", source: "Store", conflicts: list[str]) -> int:
    taken = 0
    for kind, name in source.nodes():
        mine = store.node_meta(kind, name) if store.has_node(kind, name) else None
        if mine is not None:
            theirs = source.node_meta(kind, name)
            if theirs is not None and theirs["checksum"] != mine["checksum"]:
                conflicts.append(
                    f"node {kind}/{name}: the arrays differ (made on another machine?); kept this store's"
                )
            continue
        node = source.get_node(kind, name)
        if node is not None:
            store.put_node(kind, name, node.arrays, {k: v for k, v in node.meta.items() if k not in OWN})
            taken += 1
    return taken


def _merge_results(store: "Store", source: "Store", conflicts: list[str]) -> int:
    """Missing results, and those of cases that came to their own end there and were stopped or failed here."""
    from gnomon.store.results import STOPPED

    taken = 0
    for name in source.ids():
        theirs = source.get_result(name)
        if theirs is None:
            continue
        mine = store.get_result(name)
        if mine is not None and not (mine.status in STOPPED and theirs.status not in STOPPED):
            differing = None if theirs.status in STOPPED else _difference(mine, theirs)
            if differing:
                conflicts.append(f"result {name}: {differing} differs; kept this store's")
            continue
        details = source.get_details(name)
        if theirs.details is not None and details is None:
            continue  # the details are damaged, which `source` reports
        store.put_result(theirs, details)
        taken += 1
    return taken


def _merge_studies(store: "Store", source: "Store", conflicts: list[str]) -> int:
    taken = 0
    mine = store.studies()
    for name, theirs in source.studies().items():
        if name not in mine:
            store.put_study(name, theirs.cases, theirs.study)
            taken += 1
        elif mine[name] != theirs:
            conflicts.append(f"study {name!r}: its cases or its text differ; kept this store's")
    return taken


def _difference(mine: Result, theirs: Result) -> str | None:
    """What differs between two results of one case, apart from what two honest runs may differ in.

    Seconds, memory and provenance differ between any two runs, and so do scores that are costs: they are compared
    by name only.
    """
    for field in ("status", "reason", "when"):
        if getattr(mine, field) != getattr(theirs, field):
            return field
    trial = mine.case.get("trial")
    timed = isinstance(trial, dict) and trial.get("kind") == "cost"
    first = {s.measure: s for s in mine.scores}
    second = {s.measure: s for s in theirs.scores}
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second or (not timed and first[name] != second[name]):
            return f"measure {name}"
    return None
