"""One synthetic study in a real store, and its page, shared by the tests of the report."""

from pathlib import Path

import pytest

from gnomon.report import versus
from gnomon.report.page import build_report
from gnomon.spec.results import Result
from gnomon.store.results import Store
from tests.report.synthetic_results import NAME, fill_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """3 worlds, 7 subjects and 2 controls, 6 trials, 1 seed."""
    return fill_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def results(store: Store) -> list[Result]:
    """Its results, in ladder order."""
    return list(store.results(NAME))


@pytest.fixture(scope="session")
def page(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report; only one learner is compared with the others, to keep the tests quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(versus, "MOST", 20)
        return build_report(store, NAME, tmp_path_factory.mktemp("page"))
