"""Every registered world keeps the contract; the checks find each way of breaking it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.world import perturb
from gnomon.spec.catalogue import systems
from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import canonical
from gnomon.spec.registry import build, entries
from gnomon.spec.study import ARCHIVE
from gnomon.testing.worlds import check_card, check_world

# Worlds of the sphere cost minutes a spin-up and are not fully observed: test_sphere_*.py hold them to the contract
# piece by piece; so do test_plane_worlds.py and test_gray_scott.py for those on a plane, whose cards and facts are
# looked at here. The catalogue has tests of its own (test_catalogue.py).
CARDS = sorted(
    name
    for name, entry in entries("worlds").items()
    if ".worlds.sphere." not in entry.target
    and ".worlds.scene." not in entry.target  # no exponents, facts or twin: scene/test_scene_world.py
    and name != ARCHIVE
    and name not in systems()
)
WORLDS = [name for name in CARDS if name not in ("gray_scott", "navier_stokes", "shallow_water", "two_layer")]


def _steady(world, value):
    knob = world.card.knobs[0].name
    return Forcing(times={knob: jnp.zeros(1)}, values={knob: jnp.asarray([value])})


@pytest.mark.parametrize("name", WORLDS)
def test_world_keeps_the_contract(name):
    check_world(build("worlds", name))


@pytest.mark.parametrize("name", WORLDS)
def test_imperfect_twin_keeps_the_contract_and_claims_no_facts(name):
    world = build("worlds", name)
    twin = build("worlds", name, world.card.imperfect)
    assert world.card.facts
    assert not twin.card.facts
    check_world(twin)


@pytest.mark.parametrize("name", CARDS)
def test_card_does_not_depend_on_precision(name):
    double = build("worlds", name).card
    with jax.enable_x64(False):
        single = build("worlds", name).card
    assert double == single
    assert canonical(double) == canonical(single)


@pytest.mark.parametrize("name", WORLDS)
def test_world_runs_in_single_precision(name):
    with jax.enable_x64(False):
        world = build("worlds", name)
        state = world.init(key=jax.random.key(0))
        ended = world.step(state, _steady(world, world.card.knobs[0].high), time=0.0, key=jax.random.key(0))
        assert ended.dtype == jnp.float32
        assert bool(jnp.isfinite(ended).all())


@pytest.mark.parametrize("name", WORLDS)
def test_imperfect_twin_is_clearly_wrong_but_useful(name):
    """One step errs by more than the observation error; a fifth of a Lyapunov time later it still forecasts."""
    world = build("worlds", name)
    twin = build("worlds", name, world.card.imperfect)
    card, key = world.card, jax.random.key(3)
    forcing = _steady(world, card.knobs[0].default)
    spin, ahead = round(card.spinup / card.dt), max(2, round(card.timescale / 5 / card.dt))

    @eqx.filter_jit
    def run(which, states, steps):
        def body(_, s):
            return which.step(s, forcing, time=0.0, key=key)

        return jax.vmap(lambda s: jax.lax.fori_loop(0, steps, body, s))(states)

    def error(steps):
        a, b = (jax.vmap(world.observe)(run(w, states, steps)) for w in (world, twin))
        each = [((a[v.name] - b[v.name]) / v.scale) ** 2 for v in card.variables]
        return float(jnp.sqrt(jnp.mean(jnp.concatenate([e.ravel() for e in each]))))

    states = run(world, jax.vmap(lambda k: world.init(key=k))(jax.random.split(key, 16)), spin)
    assert error(1) > 3 * 0.001
    assert error(ahead) < 0.4


@pytest.mark.parametrize("name", WORLDS)
def test_twin_starts_within_the_observation_error(name):
    world = build("worlds", name)
    state = world.init(key=jax.random.key(1))
    keys = jax.random.split(jax.random.key(2), 200)
    seen = jax.vmap(lambda k: world.observe(perturb(world, state, key=k)))(keys)
    for v in world.card.variables:
        gap = np.asarray(seen[v.name] - world.observe(state)[v.name]) / v.obs_error
        assert abs(np.sqrt((gap**2).mean()) - 1) < 0.15


@pytest.mark.parametrize("name", CARDS)
def test_facts_cover_every_regime_the_trials_visit(name):
    card = build("worlds", name).card
    knob = card.knobs[0]
    half = (knob.high - knob.low) / 2
    assert card.facts[0].name == "leading_exponent"
    assert not card.facts[0].at
    assert card.timescale == pytest.approx(1 / card.facts[0].value)
    known = [f.at[knob.name] for f in card.facts if f.name == "leading_exponent" and f.at]
    for k in (-3, -2, -1, 1, 2, 3, 6, 9, 12):
        assert any(abs(v - (knob.default + k * half / 3)) < 1e-9 * max(1.0, abs(v)) for v in known), k
    for fact in card.facts:
        if fact.name == "leading_exponent":
            assert fact.value > 5 * fact.error  # the truth is chaotic wherever a trial looks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"references": ("a book",)}, "DOI"),
        ({"dt": 0.0}, "dt must be a positive"),
        ({"knobs": ()}, "knobs are empty"),
        ({"time_units": ""}, "time_units"),
        ({"exponents": 0}, "exponents"),
    ],
)
def test_incomplete_cards_are_named(change, words):
    card = build("worlds", "lorenz63").card
    with pytest.raises(BadSpec, match=words):
        check_card(msgspec.structs.replace(card, **change))


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("knobs", {"default": 99.0}, "outside its range"),
        ("knobs", {"pattern": (1.0, 2.0)}, "pattern"),
        ("variables", {"units": ""}, "units"),
        ("variables", {"obs_error": 0.0}, "perfect start has no floor"),
        ("variables", {"dims": ("x",)}, "dims"),
        ("facts", {"how": ""}, "how it was obtained"),
        ("facts", {"error": -1.0}, "error bar"),
        ("balances", {"terms": ((1.0, ("w",)),)}, "neither a variable"),
        ("balances", {"terms": ((1.0, ("x:1",)),)}, "card.length"),
    ],
)
def test_incomplete_parts_are_named(part, change, words):
    card = build("worlds", "lorenz63").card
    first, *rest = getattr(card, part)
    changed = msgspec.structs.replace(card, **{part: (msgspec.structs.replace(first, **change), *rest)})
    with pytest.raises(BadSpec, match=words):
        check_card(changed)
