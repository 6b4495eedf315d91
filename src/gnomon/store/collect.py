"""Garbage: nodes that nothing refers to, and what killed writers left behind."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gnomon.store.files import cannot, temporaries
from gnomon.store.index import FOLDER as INDEX
from gnomon.store.index import orphans
from gnomon.store.names import is_id, node_list
from gnomon.store.nodes import node_paths

if TYPE_CHECKING:
    from gnomon.store.results import Store

TRAINING = "training"  # where trainings that were stopped keep their place; a finished fit clears its own


class Collected(NamedTuple):
    """What was (or, in a dry run, would be) removed.

    Attributes:
        paths: relative to the store.
        bytes: their size together.
    """

    paths: tuple[Path, ...]
    bytes: int


def collect(store: "Store", *, dry_run: bool = False, grace: float = 3600.0) -> Collected:
    """Remove nodes and details that nothing refers to, temporary files, lost index segments and stale checkpoints.

    A result refers to nodes by `provenance["nodes"]` ("kind/id kind/id …"), a node to those it was made from by
    `nodes` in its meta, a study by `nodes` in its plain data. Files younger than `grace` seconds stay, because a
    study that is running now has made nodes whose results are still to come. A checkpoint is stale when the training
    that wrote it was stopped and nobody has gone on with it for so long.
    """
    keep = _reached(store)
    doomed: list[Path] = []
    for kind, name in list(store.nodes()):
        if (kind, name) not in keep:
            npz, meta = node_paths(store.root, kind, name)
            doomed += [meta, npz]  # the meta first: without it there is no node
    doomed += _unvouched_arrays(store)
    doomed += _lone_details(store)
    doomed += orphans(store.root / INDEX)
    doomed += [path for path in (store.root / TRAINING).rglob("*") if path.is_file()]
    doomed = [path for path in doomed if _age(path) >= grace]
    doomed += list(temporaries(store.root, older_than=grace))
    freed, removed = 0, []
    for path in doomed:
        try:
            size = path.lstat().st_size
            if not dry_run:
                os.unlink(path)
        except FileNotFoundError:  # another process was quicker
            continue
        except OSError as error:
            raise cannot("remove", path, error) from error
        freed += size
        removed.append(path.relative_to(store.root))
    return Collected(tuple(removed), freed)


def _reached(store: "Store") -> set[tuple[str, str]]:
    """Every node that a result or a study needs, directly or through other nodes."""
    todo: list[tuple[str, str]] = []
    for result in store.results():
        todo += node_list(result.provenance.get("nodes", ""))
    for study in store.studies().values():
        named = study.study.get("nodes", "")
        todo += node_list(named) if isinstance(named, str | list) else []
    reached: set[tuple[str, str]] = set()
    while todo:
        node = todo.pop()
        if node in reached:
            continue
        reached.add(node)
        meta = store.node_meta(*node)
        parents = meta.get("nodes", "") if meta else ""
        todo += node_list(parents) if isinstance(parents, str | list) else []
    return reached


def _unvouched_arrays(store: "Store") -> list[Path]:
    """Arrays whose meta was never written: their writer was killed between the two."""
    found = (store.root / "nodes").glob("*/*/*.npz")
    return sorted(path for path in found if is_id(path.stem) and not path.with_suffix(".json").exists())


def _lone_details(store: "Store") -> list[Path]:
    """Details that no result was written with: of a killed writer, or of a result that was replaced since."""
    used = {store.details_path(r.id, r.details) for r in store.results() if r.details is not None}
    found = (store.root / "details").glob("*/*.json")
    return sorted(path for path in found if is_id(path.name.partition(".")[0]) and path not in used)


def _age(path: Path) -> float:
    """Seconds since the last change; -1 for a file that is already gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return -1.0
