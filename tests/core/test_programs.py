"""A process that compiles for hundreds of tasks must not end for lack of memory maps."""

import jax
import jax.numpy as jnp
import pytest

from gnomon.core import programs
from gnomon.engine import conduct

linux = pytest.mark.skipif(not programs._MAPS.exists(), reason="maps are told by Linux alone")


def held():
    return programs._MAPS.read_bytes().count(b"\n")


@linux
def test_programs_are_forgotten_where_they_take_too_many_maps(monkeypatch, tmp_path):
    @jax.jit
    def f(x):
        return jnp.sin(x).sum()

    assert not programs.make_room(), "this process is far from the system's limit"
    for size in range(3, 23):
        f(jnp.ones(size))
    before = held()
    few = tmp_path / "max_map_count"
    few.write_text(f"{before}\n")
    monkeypatch.setattr(programs, "_MOST", few)
    assert programs.make_room()
    assert held() < before, "maps are given back"
    assert float(f(jnp.zeros(5))) == 0.0, "what is needed is compiled again"


def test_where_the_system_tells_nothing_nothing_is_done(monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "_MOST", tmp_path / "none")
    assert not programs.make_room()


def test_every_task_makes_room_first(monkeypatch):
    class Asked(Exception):
        pass

    def ask():
        raise Asked

    monkeypatch.setattr(conduct, "make_room", ask)
    with pytest.raises(Asked):
        conduct.perform("nowhere", "fit", b"{}", b"{}")
