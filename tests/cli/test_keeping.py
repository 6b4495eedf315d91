"""Looking after a store from the command line: what is said is true of this store, and exit codes follow."""

import numpy as np
import pytest

from gnomon.cli.main import outcome
from gnomon.spec.identity import identity
from gnomon.store.results import Store
from tests.store.plain import result

NODE = identity("runs", 0)


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def saying(*tokens):
        code = outcome(list(tokens))
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.put_node("runs", NODE, {"obs.x": np.ones((2, 1, 3))}, {})
    store.put_result(result(0, nodes=f"runs/{NODE}"))
    store.put_result(result(1))
    store.put_result(result(2))
    store.put_study("q", [result(0).id, result(1).id], {"learners": [{"kind": "linear"}]})
    return store


def spoil(store, seed):
    name = result(seed).id
    (store.root / "results" / name[:2] / f"{name}.json").write_bytes(b"{}")
    return name


def test_verify_names_what_it_found_and_not_what_was_there_before(say, store):
    assert say("verify") == (0, "3 results, 1 nodes and 1 studies are whole\n", "")
    first = spoil(store, 1)
    code, _, err = say("verify")
    assert (code, first in err) == (1, True)
    assert "gnomon run of the study 'q' makes 1 of its results again" in err
    second = spoil(store, 2)
    code, _, err = say("verify")
    assert code == 1
    assert second in err
    assert first not in err
    assert "again" not in err  # no study asks for it


def test_a_lost_node_is_named_by_verify_and_export(say, store):
    npz = store.root / "nodes" / "runs" / NODE[:2] / f"{NODE}.npz"
    npz.write_bytes(b"torn")
    code, _, err = say("verify")
    assert code == 1
    assert f"missing: node runs/{NODE}" in err
    assert "lorenz63, linear, climate, seed 0" in err
    assert "again" not in err  # the result stands, so a run would not make the node
    code, out, err = say("export", "q", "--runs")
    assert code == 1
    assert "0 runs as NetCDF" in out
    assert f"missing: node runs/{NODE}" in err
    assert say("export", "q")[0] == 0


def test_where_nothing_can_be_moved_nothing_is_said_to_be(say, store, monkeypatch):
    spoil(store, 1)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gnomon.store.quarantine.os.rename", refuse)
    code, _, err = say("verify")
    assert code == 1
    assert "it may not be written" in err
    assert "moved to quarantine" not in err
    assert "again" not in err


def test_gc_on_a_read_only_store_is_an_error(say, store, monkeypatch):
    store.put_node("runs", identity("runs", 1), {"a": np.ones(1)}, {})

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gnomon.store.collect.os.unlink", refuse)
    code, out, err = say("gc", "--grace", "0")
    assert (code, out) == (2, "")
    assert "cannot remove" in err
