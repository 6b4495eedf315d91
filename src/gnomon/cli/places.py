"""Options that several commands share: the store, and which of its studies is meant."""

import os
from pathlib import Path

from gnomon.spec.errors import StoreError
from gnomon.spec.shelf import find_study, shipped
from gnomon.spec.study import read_study
from gnomon.store.results import Store

DEFAULT_STORE = Path("results")


def open_store(folder: Path, *, create: bool = False) -> Store:
    """The store of a command; one that is only read must be there."""
    if not create and not folder.is_dir():
        raise StoreError(f"no result store at {folder}; run a study first, or say where it is with --store")
    return Store(folder, create=create)


def study_in(store: Store, name: str) -> str:
    """The stored name of a study, given that name, a shipped name or the path of its file."""
    if name in store.studies():
        return name
    if name.endswith(".toml") or os.sep in name or name in shipped():
        name = read_study(find_study(name)).name
    return store.study(name).name


def only_study(store: Store, name: str) -> str:
    """The study meant; a store with a single one needs no name."""
    if name:
        return study_in(store, name)
    known = list(store.studies())
    if len(known) == 1:
        return known[0]
    if not known:
        raise StoreError(f"the store {store.root} holds no study; run one first")
    raise StoreError(
        f"the store {store.root} holds {len(known)} studies; say which with --study: {', '.join(known)}"
    )
