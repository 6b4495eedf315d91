"""Every system of the catalogue: its card, its symmetries, its invariants, its angles; some keep the contract."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.catalogue import systems
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build, load
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study
from gnomon.testing.worlds import check_card, check_world
from gnomon.worlds.flow.record import records
from gnomon.worlds.flow.system import AbstractFlow, invariants_of
from validation.catalogue.literature import NOT_FOUND, TABLE, literature_rows, unconfirmed

NAMES = sorted(systems())
FLOWS = sorted(n for n in NAMES if issubclass(load("worlds", n), AbstractFlow))
SOME = [n for n in ("rossler", "duffing", "mackey_glass", "henon") if n in NAMES]


def _points(cls, count=8):
    """Random states about the declared start, [component, count]."""
    start = np.asarray(cls.about.start, float)[:, None]
    rng = np.random.default_rng(3)
    return jnp.asarray(start + (0.05 + 0.3 * np.abs(start)) * rng.standard_normal((start.shape[0], count)))


def _rhs(cls, points):
    parameters = {name: jnp.asarray(value) for name, value in cls.about.parameters.items()}
    return jnp.stack(jnp.broadcast_arrays(*cls.rhs(points, parameters)))


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_there(name):
    assert name in records(), f"python -m validation.catalogue {name} --write"


@pytest.mark.parametrize("name", NAMES)
def test_card_is_complete_and_its_observation_can_be_undone(name):
    world = build("worlds", name)
    check_card(world.card)
    state = world.init(key=jax.random.key(1))
    lifted = world.lift(world.observe(state), state)
    for a, b in zip(jax.tree.leaves(lifted), jax.tree.leaves(state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    assert ".. math::" in (type(world).__doc__ or "")


@pytest.mark.parametrize("name", [n for n in FLOWS if load("worlds", n).about.symmetries])
def test_declared_symmetries_carry_solutions_to_solutions(name):
    cls = load("worlds", name)
    points = _points(cls)
    for symmetry in cls.about.symmetries:
        order, sign = np.abs(symmetry) - 1, np.sign(symmetry)[:, None]
        assert sorted(order) == list(range(len(cls.about.state)))
        np.testing.assert_allclose(
            _rhs(cls, sign * points[order]), sign * _rhs(cls, points)[order], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("name", [n for n in FLOWS if hasattr(load("worlds", n), "invariants")])
def test_declared_invariants_are_conserved(name):
    cls = load("worlds", name)
    points = _points(cls)

    def values(u):
        return invariants_of(cls, u, cls.about.parameters)

    found, rate = jax.jvp(values, (points,), (_rhs(cls, points),))
    for key, value in found.items():
        np.testing.assert_allclose(rate[key], 0, atol=1e-9 * (1 + float(jnp.abs(value).max())))


# They keep another measure than the volume of these coordinates, or volumes only in the mean.
OTHER_MEASURE = {
    "interior_squirmer": "r dr dtheta",
    "lotka_volterra": "dx dy / (x y)",
    "nose_hoover": "in the mean: a thermostat",
    "sprott_a": "in the mean: a thermostat",
}


@pytest.mark.parametrize("name", [n for n in FLOWS if load("worlds", n).about.conservative])
def test_conservative_systems_keep_volumes(name):
    cls = load("worlds", name)
    trace = jax.vmap(lambda u: jnp.trace(jax.jacfwd(lambda v: _rhs(cls, v))(u)), in_axes=1)(_points(cls))
    if name in OTHER_MEASURE:
        assert float(jnp.abs(trace).max()) > 1e-6
    else:
        np.testing.assert_allclose(trace, 0, atol=1e-7)


@pytest.mark.parametrize("name", [n for n in FLOWS if load("worlds", n).about.angles])
def test_angles_come_round(name):
    cls = load("worlds", name)
    points = _points(cls)
    for angle, period in cls.about.angles.items():
        turned = points.at[cls.about.state.index(angle)].add(period)
        np.testing.assert_allclose(_rhs(cls, turned), _rhs(cls, points), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", SOME)
def test_contract(name):
    world = build("worlds", name)
    check_world(world)
    check_world(build("worlds", name, world.card.imperfect))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SOME)))
def test_contract_of_all(name):
    check_world(build("worlds", name))


def test_any_parameter_can_be_the_knob_and_needs_a_range():
    world = build("worlds", "rossler", {"knob": "a", "low": 0.18, "high": 0.22})
    assert world.card.knobs[0].name == "a"
    assert not world.card.facts
    with pytest.raises(BadSpec, match="both ends"):
        build("worlds", "rossler", {"knob": "a"})
    with pytest.raises(BadSpec, match="no parameter 'q'"):
        build("worlds", "rossler", {"knob": "q", "low": 0.0, "high": 1.0})


def test_wrong_arguments_are_named():
    with pytest.raises(BadSpec, match="no parameter 'd'"):
        build("worlds", "rossler", {"parameters": {"d": 1.0}})
    with pytest.raises(BadSpec, match="finite"):
        build("worlds", "rossler", {"parameters": {"a": float("nan")}})
    with pytest.raises(BadSpec, match="no component 'q'"):
        build("worlds", "rossler", {"seen": ["q"]})
    with pytest.raises(BadSpec, match="between 0 and 1"):
        build("worlds", "rossler", {"error": -0.1})


def test_one_component_can_be_all_that_is_seen():
    world = build("worlds", "rossler", {"seen": ["x"]})
    assert [v.name for v in world.card.variables] == ["x"]
    state = world.init(key=jax.random.key(0))
    lifted = world.lift({"x": jnp.asarray(1.0)}, state)
    np.testing.assert_allclose(lifted, [1.0, state[1], state[2]])


def test_process_noise_scatters_and_is_drawn_from_the_key():
    from gnomon.core.forcing import forcing_of

    world = build("worlds", "rossler", {"noise": 0.1})
    forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
    state = jnp.asarray([1.0, 1.0, 1.0])
    ends = [world.step(state, forcing, time=0.0, key=jax.random.key(k)) for k in (0, 0, 1)]
    assert (ends[0] == ends[1]).all()
    assert not (ends[0] == ends[2]).any()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"dt": -0.1}, "must be positive"),
        ({"dt": float("inf")}, "must be positive"),
        ({"substeps": -3}, "must be positive"),
        ({"dt": 1e9}, "observe more often"),
        ({"knob": "a", "low": 0.5, "high": 0.9}, "outside its range"),
        ({"low": float("nan"), "high": 6.0}, "outside its range"),
    ],
)
def test_impossible_numbers_are_refused(arguments, told):
    with pytest.raises(BadSpec, match=told):
        build("worlds", "rossler", arguments)


def test_other_parameters_say_that_the_lyapunov_time_is_not_theirs():
    assert any(
        "standard system" in line
        for line in build("worlds", "rossler", {"parameters": {"c": 9.0}}).card.limits
    )


def test_identity_holds_the_equations_and_the_steps():
    cards = [build("worlds", name).card for name in ("rossler", "sprott_b")]
    assert len({card.data for card in cards}) == 2


def test_published_numbers_are_met():
    rows = [row for name in TABLE for row in literature_rows(name, records()[name].facts)]
    assert len(rows) > 60
    assert sum(row.passed for row in rows) >= 0.95 * len(rows)


def test_a_published_number_says_where_it_was_read_or_counts_as_unconfirmed():
    assert unconfirmed() == [f"sprott_{letter} {quantity}" for letter, quantity in sorted(NOT_FOUND)]
    rows = [q for quoted in TABLE.values() for q in quoted]
    assert all("doi:" in q.source for q in rows)
    assert sum(bool(q.confirmed) for q in rows) == len(rows) - len(NOT_FOUND)


def test_the_study_of_all_flows_holds_all_flows():
    asked = {world.kind for world in read_study(find_study("flows")).worlds}
    assert asked == set(NAMES)
