"""Equal fingerprints mean equal functions; what cannot be looked into never has the same one twice."""

import functools
import importlib
import types

import numpy as np
import pytest

from gnomon.adapters.fingerprint import fingerprint


def scaled(state, forcing, factor):
    return state * factor


class Weighted:
    factor = 1.0

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, state, forcing):
        return self.weight * self.factor * state


class Heavier(Weighted):
    pass


class Slotted:
    __slots__ = ("weight",)

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, state, forcing):
        return self.weight * state


class Counted(dict):
    def __call__(self, state, forcing):
        return state * len(self)


def with_value(value):
    return lambda state, forcing: value(state)


def keyed(key):
    scope = {}
    exec(f"def step(s, f):\n    def inner(q):\n        return q[{key!r}]\n    return inner(f)", scope)
    return scope["step"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (lambda s, f: np.sin(s), lambda s, f: np.cosh(s)),
        (lambda s, f: s.real, lambda s, f: s.imag),
        (lambda s, f: f["rho"], lambda s, f: f["foo"]),
        (lambda s, f, k=1.0: s * k, lambda s, f, k=2.0: s * k),
        (lambda s, f: s * 1, lambda s, f: s * 1.0),
        (keyed("a"), keyed("b")),
        (functools.partial(scaled, factor=1.0), functools.partial(scaled, factor=2.0)),
        (with_value(lambda s: s + 1), with_value(lambda s: s + 2)),
        (with_value(np.sin), with_value(np.cos)),
        (Weighted(1.0), Weighted(2.0)),
        (Slotted(1.0), Slotted(2.0)),
        (Weighted(["ab", "c"]), Weighted(["a", "bc"])),
    ],
)
def test_different_functions_differ(one, two):
    assert fingerprint(one) == fingerprint(one)
    assert fingerprint(one)[1]
    assert fingerprint(two)[1]
    assert fingerprint(one) != fingerprint(two)


def test_an_inherited_attribute_counts(monkeypatch):
    before = fingerprint(Heavier(1.0))
    assert before[1]
    monkeypatch.setattr(Weighted, "factor", 2.0)
    assert fingerprint(Heavier(1.0)) != before


def test_values_made_on_the_way_do_not_pass_for_each_other():
    class Fresh:
        def __init__(self, values):
            self.values = values

        def __call__(self, s, f):
            return s

    marks = {fingerprint(Fresh([[float(i)], [float(j)]]))[0] for i in range(5) for j in range(5)}
    assert len(marks) == 25


def stray_module():
    module = types.ModuleType("stray")
    exec("def g(s): return s", module.__dict__)
    return lambda s, f: module.g(s)


def imports_inside():
    scope = {}
    exec("def step(s, f):\n    import not_there_yet\n    return not_there_yet.g(s)", scope)
    return scope["step"]


@pytest.mark.parametrize(
    "step",
    [
        stray_module(),
        imports_inside(),
        Counted(a=1),
        with_value(np.random.default_rng(1).normal),
        with_value(np.vectorize(lambda s: s)),
        with_value(np.frompyfunc(lambda s: s, 1, 1)),
        with_value(np.poly1d([1.0, 2.0])),
        lambda s, f: s * eval("factor"),
        lambda s, f: s * np.load("weights.npy"),
    ],
)
def test_what_cannot_be_looked_into_is_fresh_each_time(step):
    one, two = fingerprint(step), fingerprint(step)
    assert not one[1]
    assert not two[1]
    assert one != two


def test_a_users_module_is_its_file_and_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "physics_of_mine.py").write_text("RATE = 1.0\ndef g(s): return s * RATE\n")
    physics = importlib.import_module(tmp_path.joinpath("physics_of_mine").name)

    def step(s, f):
        return physics.g(s)

    first = fingerprint(step)
    assert first[1]
    assert fingerprint(step) == first
    monkeypatch.setattr(physics, "RATE", 2.0)
    assert fingerprint(step) != first
