"""Maps of the catalogue: exponents that are known, symmetries, kept areas, and the world about them."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.lyapunov import lyapunov_exponents
from gnomon.spec.catalogue import systems
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import load
from gnomon.testing.worlds import check_world
from gnomon.worlds.flow.catalogue.henon import Henon
from gnomon.worlds.flow.catalogue.logistic import Logistic
from gnomon.worlds.flow.maps.survey import survey
from gnomon.worlds.flow.maps.system import AbstractMapWorld

MAPS = (
    "logistic", "henon", "ikeda_map", "standard_map", "gauss_map", "circle_map", "tinkerbell", "ricker",
    "gingerbreadman", "duffing_map", "zaslavskii",
)  # fmt: skip

# Leading exponent: exact, or as quoted by Sprott, Chaos and Time-Series Analysis (2003), appendix A.
QUOTED = [
    ("logistic", {"r": 4.0}, np.log(2)),
    ("henon", {}, 0.41922),
    ("ikeda_map", {}, 0.50760),
    ("tinkerbell", {"b": -0.6}, 0.18997),
    ("ricker", {"r": np.log(20)}, 0.384846),
    ("duffing_map", {"a": 2.77}, 0.59458),
    ("circle_map", {"k": 2.0}, 0.353863),
]

# Sum of the exponents: the logarithm of the area's constant factor.
SUMS = [
    ("henon", np.log(0.3)),
    ("ikeda_map", 2 * np.log(0.9)),
    ("standard_map", 0.0),
    ("gingerbreadman", 0.0),
    ("duffing_map", np.log(0.2)),
    ("zaslavskii", -3.0),
]


def cls_of(name):
    return load("worlds", name)


def exponents(name, changed, iterations):
    cls = cls_of(name)
    p = {**cls.about.parameters, **changed}
    start = np.asarray(cls.about.start)
    draws = np.random.default_rng(1).standard_normal((16, len(start)))
    starts = start + cls.about.spread * (0.01 + np.abs(start)) * draws

    def advance(u, _):
        moved = jnp.stack(jnp.broadcast_arrays(*cls.rule(u, p)))
        for component, period in cls.about.angles.items():
            i = cls.about.state.index(component)
            moved = moved.at[i].add(-period * jnp.round(moved[i] / period))
        return moved

    @jax.jit
    @jax.vmap
    def run(u, key):
        return lyapunov_exponents(
            advance, u, k=len(start), blocks=iterations, steps_per_block=1, dt=1.0, discard=1000, key=key
        )

    with jax.enable_x64(True):
        found = np.asarray(run(jnp.asarray(starts), jax.random.split(jax.random.key(0), 16)))
    return found.mean(0), found.std(0) / np.sqrt(16)


def test_the_folder_holds_these_maps():
    held = {n for n in systems() if issubclass(load("worlds", n), AbstractMapWorld)}
    assert held == set(MAPS)


@pytest.mark.parametrize(("name", "changed", "expected"), QUOTED)
def test_leading_exponent_is_the_quoted_one(name, changed, expected):
    found, error = exponents(name, changed, 6000)
    assert error[0] < 0.01
    assert abs(found[0] - expected) < 3.5 * error[0] + 1e-4


@pytest.mark.parametrize(("name", "expected"), SUMS)
def test_exponents_add_up_to_the_change_of_area(name, expected):
    found, _ = exponents(name, {}, 200)
    assert abs(found.sum() - expected) < 1e-9


@pytest.mark.parametrize("name", MAPS)
def test_declarations_hold(name):
    cls = cls_of(name)
    about = cls.about
    assert about.low <= about.parameters[about.knob] <= about.high
    assert set(about.state).isdisjoint(about.parameters)
    with jax.enable_x64(True):
        draws = np.random.default_rng(3).standard_normal((4, len(about.state)))
        for u in np.asarray(about.start) + 0.1 * draws:
            step = lambda w: jnp.stack(jnp.broadcast_arrays(*cls.rule(w, about.parameters)))  # noqa: E731
            for signed in about.symmetries:
                turn = lambda w, s=signed: jnp.stack([np.sign(i) * w[abs(i) - 1] for i in s])  # noqa: E731
                np.testing.assert_allclose(step(turn(u)), turn(step(u)), atol=1e-12)
            for component, period in about.angles.items():
                moved = np.asarray(step(u + period * (np.asarray(about.state) == component)) - step(u))
                wrapped = [about.angles.get(s, np.inf) for s in about.state]
                rest = [
                    m - q * np.round(m / q) if np.isfinite(q) else m
                    for m, q in zip(moved, wrapped, strict=True)
                ]
                np.testing.assert_allclose(rest, 0, atol=1e-10)
            if about.conservative:
                area = np.linalg.det(np.asarray(jax.jacfwd(step)(jnp.asarray(u))))
                np.testing.assert_allclose(abs(area), 1, atol=1e-12)


@pytest.mark.slow  # the contract tests try every world of the registry
def test_the_contract_is_kept():
    check_world(cls_of("henon")())
    check_world(cls_of("standard_map")(seen=("theta",)))


def test_an_escape_and_a_rest_are_named():
    about = Henon.about
    kwargs = {"angles": {}, "low": 1.3, "high": 1.4}
    with pytest.raises(BadSpec, match="escapes"):
        survey(Henon.rule, {"a": 2.0, "b": 0.3}, about.state, about.start, 0.02, **kwargs)
    with pytest.raises(BadSpec, match="rest state"):
        survey(Logistic.rule, {"r": 2.0}, ("x",), (0.4,), 0.02, **kwargs)


@pytest.mark.parametrize(
    "given", [{"parameters": {"c": 1.0}}, {"seen": ("z",)}, {"knob": "a"}, {"noise": -1.0}]
)
def test_what_cannot_be_is_refused(given):
    with pytest.raises(BadSpec):
        cls_of("henon")(**given)


def test_every_file_says_what_it_is():
    for name in MAPS:
        module = importlib.import_module(f"gnomon.worlds.flow.catalogue.{name}")
        assert module.__doc__
        assert len(module.__doc__) < 80
