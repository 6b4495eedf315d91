"""One synthetic study in a real store, shared by the tests of the report."""

import pytest
from gnomon.spec.results import Result
from gnomon.store.results import Store
from synthetic_results import fill_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """3 worlds, 7 subjects and 2 controls, 6 trials, 1 seed."""
    return fill_store(tmp_path_factory.mktemp("store"), seeds=(0,))


@pytest.fixture(scope="session")
def results(store: Store) -> list[Result]:
    """Its results, in ladder order."""
    return list(store.results("synthetic"))
