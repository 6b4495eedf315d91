"""`gnomon verify`, `merge`, `gc` and `export`: looking after a store."""

import sys
from pathlib import Path

from gnomon.cli.places import DEFAULT_STORE, only_study, open_store
from gnomon.spec.errors import StoreError
from gnomon.spec.study import FOREIGN
from gnomon.store.names import node_list
from gnomon.store.results import STOPPED, Store


def verify(*, store: Path = DEFAULT_STORE) -> int:
    """Check every file of a store against its checksum; damaged ones are moved aside.

    Parameters
    ----------
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    found = kept.verify()
    print(f"{found.results} results, {found.nodes} nodes and {found.studies} studies are whole")
    for path, reason, _ in found.damaged:
        print(f"damaged: {path}: {reason}", file=sys.stderr)
    for (kind, name), users in found.missing.items():
        print(
            f"missing: node {kind}/{name}, of {len(users)} results ({_shown(kept, users[0])}): "
            "their scores hold, these runs are lost unless another store is merged that has them",
            file=sys.stderr,
        )
    if any(one.moved for one in found.damaged):
        print("moved to quarantine/", file=sys.stderr)
        for line in _remedies(kept, found.lost):
            print(line, file=sys.stderr)
    if any(not one.moved for one in found.damaged):
        print("nothing can be moved in this store: it may not be written", file=sys.stderr)
    return 1 if found.damaged or found.missing else 0


def merge(other: Path, /, *more: Path, store: Path = DEFAULT_STORE) -> int:
    """Take over everything from other stores that this one lacks.

    Parameters
    ----------
    other:
        A store to read; it is not changed.
    more:
        Further stores.
    store:
        The one that grows.
    """
    kept = open_store(store, create=True)
    trouble = 0
    for one in (other, *more):
        if not one.is_dir():
            raise StoreError(f"no result store at {one}")
        done = kept.merge(one)
        print(f"{one}: {done.results} results, {done.nodes} nodes, {done.studies} studies taken over")
        for line in (*done.conflicts, *(f"damaged, left out: {p}: {reason}" for p, reason in done.damaged)):
            print(line, file=sys.stderr)
            trouble = 1
    return trouble


def gc(*, store: Path = DEFAULT_STORE, dry_run: bool = False, grace: float = 3600.0) -> None:
    """Free what no result refers to.

    Parameters
    ----------
    store:
        Folder where results are kept.
    dry_run:
        Only say what would go.
    grace:
        Seconds that a file must have been left alone (a running study's nodes have no result yet).
    """
    done = open_store(store).gc(dry_run=dry_run, grace=grace)
    print(f"{len(done.paths)} files, {done.bytes / 1e6:.1f} MB {'would be' if dry_run else 'were'} removed")


def export(
    study: str = "", /, *, out: Path = Path("export"), runs: bool = False, store: Path = DEFAULT_STORE
) -> int:
    """Write every score as one Parquet file and, with --runs, every run as CF NetCDF.

    Parameters
    ----------
    study:
        Name or file of a study that was run; may be left out where the store holds only one.
    out:
        Folder to write to.
    runs:
        Write the runs of truth, floor, null and subjects too; these are large.
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    name = only_study(kept, study)
    out.mkdir(parents=True, exist_ok=True)
    table = out / f"{name}.parquet"
    print(f"{table}: {kept.export_parquet(table, study=name)} scores")
    if not runs:
        return 0
    written, missing = _export_runs(kept, name, out)
    print(f"{written} runs as NetCDF in {out}")
    for line in missing:
        print(line, file=sys.stderr)
    return 1 if missing else 0


def _shown(store: Store, name: str) -> str:
    """A result as a person knows it: world, learner, trial and seed."""
    result = store.get_result(name)
    case = result.case if result else {}
    parts = [case.get(key, {}) for key in ("world", "learner", "trial")]
    words = [str(p.get("label") or p.get("kind")) for p in parts if isinstance(p, dict)]
    return f"{name[:8]}: {', '.join(words)}, seed {case.get('seed')}"


def _remedies(store: Store, lost: tuple[str, ...]) -> list[str]:
    """For each study that asks for results that were lost, how they are made again."""
    lines = []
    for name, study in store.studies().items():
        count = len(set(lost) & set(study.cases))
        learners = study.study.get("learners", ())
        own = any(isinstance(r, dict) and r.get("kind") in FOREIGN for r in learners)
        if count:
            how = "gnomon test of the same model" if own else f"gnomon run of the study {name!r}"
            lines.append(f"{how} makes {count} of its results again")
    return lines


def _export_runs(store: Store, study: str, out: Path) -> tuple[int, list[str]]:
    """One file a node of runs; nodes without observations (exponents, unsupported ones) are left out.

    Returns how many were written, and in words which are missing.
    """
    wanted: dict[tuple[str, str], str] = {}
    for r in store.results(study):
        if r.status in STOPPED:  # names nodes that were never made
            continue
        for node in node_list(r.provenance.get("nodes", "")):
            wanted.setdefault(node, r.id)
    written, missing = 0, []
    for (kind, name), user in sorted(wanted.items()):
        if kind not in ("truth", "runs"):
            continue
        node = store.get_node(kind, name)
        if node is None:
            missing.append(f"missing: node {kind}/{name}, of result {_shown(store, user)}; not exported")
        elif any(key.startswith("obs") for key in node.arrays):
            store.export_netcdf(kind, name, out / f"{kind}-{name[:12]}.nc")
            written += 1
    return written, missing
