"""`gnomon verify`, `merge`, `gc` and `export`: looking after a store."""

import sys
from pathlib import Path

from gnomon.cli.places import DEFAULT_STORE, only_study, open_store
from gnomon.spec.errors import StoreError
from gnomon.store.names import node_list
from gnomon.store.results import Store


def verify(*, store: Path = DEFAULT_STORE) -> int:
    """Check every file of a store against its checksum; damaged ones are moved aside and will be made again.

    Parameters
    ----------
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    before = len(kept.quarantined())
    results = sum(1 for name in list(kept.ids()) if _result_stands(kept, name))
    nodes = sum(1 for kind, name in list(kept.nodes()) if kept.get_node(kind, name) is not None)
    studies = len(kept.studies())
    damaged = kept.quarantined()[before:]
    print(f"{results} results, {nodes} nodes and {studies} studies are whole")
    for path, reason in damaged:
        print(f"damaged: {path}: {reason}", file=sys.stderr)
    if damaged:
        print("moved to quarantine/; gnomon run makes them again", file=sys.stderr)
    return 1 if damaged else 0


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
) -> None:
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
    if runs:
        written = _export_runs(kept, name, out)
        print(f"{written} runs as NetCDF in {out}")


def _result_stands(store: Store, name: str) -> bool:
    result = store.get_result(name)
    return result is not None and (result.details is None or store.get_details(name) is not None)


def _export_runs(store: Store, study: str, out: Path) -> int:
    """One file a node of runs; nodes without observations (exponents, unsupported ones) are left out."""
    wanted = {node for r in store.results(study) for node in node_list(r.provenance.get("nodes", ""))}
    written = 0
    for kind, name in sorted(wanted):
        if kind not in ("truth", "runs"):
            continue
        node = store.get_node(kind, name)
        if node is None or not any(key.startswith("obs") for key in node.arrays):
            continue
        store.export_netcdf(kind, name, out / f"{kind}-{name[:12]}.nc")
        written += 1
    return written
