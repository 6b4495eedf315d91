"""Worlds on the periodic plane: exact solutions, waves, budgets, injection, order, twins, outcomes and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing, forcing_of
from gnomon.core.world import perturb
from gnomon.numerics.layers import layer_energy, layer_work, stream_functions
from gnomon.spec.errors import BadSpec
from gnomon.testing.worlds import check_world
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.plane import health
from gnomon.worlds.field.shallow_water import ShallowWater
from gnomon.worlds.field.two_layer import SETUPS, TwoLayer

SMALL = {
    "kolmogorov": lambda **more: NavierStokes(**{"grid": 24, "viscosity": 0.03, **more}),
    "ring": lambda **more: NavierStokes(**{"forcing": "ring", "grid": 24, "viscosity": 0.03, **more}),
    "none": lambda **more: NavierStokes(**{"forcing": "none", "grid": 24, **more}),
    "two_layer": lambda **more: TwoLayer(**{"points": 16, "substeps": 2, **more}),
    "shallow_water": lambda **more: ShallowWater(**{"grid": 24, "viscosity": 0.03, "substeps": 16, **more}),
}


def _forcing(world, **values):
    held = {k.name: jnp.asarray([values.get(k.name, k.default)]) for k in world.card.knobs}
    return Forcing(times={name: jnp.zeros(1) for name in held}, values=held)


def _grid(n):
    return np.meshgrid(*2 * [2 * np.pi * np.arange(n) / n])


@eqx.filter_jit
def _run(world, state, forcing, steps):
    def body(i, s):
        key = jax.random.fold_in(jax.random.key(5), i)
        return world.step(s, forcing, time=i * world.card.dt, key=key)

    return jax.lax.fori_loop(0, steps, body, state)


def test_taylor_green_vortex_decays_exactly():
    """w = sin(2 x) sin(2 y) is advected along itself: it only decays, by exp(-(8 nu + mu) t)."""
    world = SMALL["none"](viscosity=0.02, drag=0.1, points=24)
    x, y = _grid(24)
    start = jnp.asarray(np.sin(2 * x) * np.sin(2 * y))[None]
    end = _run(world, start, _forcing(world), 8)
    np.testing.assert_allclose(end, start * np.exp(-(8 * 0.02 + 0.1) * 8 * world.card.dt), atol=1e-9)


def test_hyperviscosity_acts_at_its_order():
    world = SMALL["none"](viscosity=0.0, hyperviscosity=1e-4, order=3, drag=0.0)
    x, _ = _grid(24)
    start = jnp.asarray(np.cos(4 * x))[None]
    end = _run(world, start, _forcing(world, drag=0.0), 4)
    np.testing.assert_allclose(end, start * np.exp(-1e-4 * 4**6 * 4 * world.card.dt), atol=1e-12)


def test_rossby_wave_moves_west_at_its_speed():
    """One wave is an exact solution: cos(k x + l y - omega t) with omega = -beta k / (k^2 + l^2)."""
    world = SMALL["none"](viscosity=0.0, drag=0.0, beta=3.0, substeps=16)
    x, y = _grid(24)
    end = _run(world, jnp.asarray(np.cos(2 * x + y))[None], _forcing(world, drag=0.0), 8)
    omega = -3.0 * 2 / 5
    np.testing.assert_allclose(end[0], np.cos(2 * x + y - omega * 8 * world.card.dt), atol=1e-8)
    still = SMALL["none"](viscosity=0.0, drag=0.0)
    assert float(jnp.abs(_run(still, end, _forcing(still, drag=0.0), 2) - end).max()) < 1e-12


@pytest.mark.parametrize("tracer", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_budget_of_vorticity_closes_to_round_off(tracer):
    """Energy and enstrophy change by force, drag and viscosity; the dye's variance by its mean gradient."""
    world = SMALL["kolmogorov"](tracer=tracer, beta=2.0)
    plane, w = world.plane, world.spectrum(world.init(key=jax.random.key(0)))
    knobs = {"drive": jnp.asarray(1.3), "drag": jnp.asarray(0.2)}
    change = world.tendency(w, knobs)
    psi = plane.inverse * w[0]
    mean = plane.mean_product
    scale = float(jnp.sqrt(mean(w[0], w[0]) * mean(change[0], change[0])))
    for weight in (w[0], -psi):
        expected = 1.3 * mean(weight, world.push.astype(complex)) - 0.2 * mean(weight, w[0])
        assert abs(float(mean(weight, change[0]) - expected)) < 1e-13 * scale
    if tracer:
        expected = -mean(w[1], plane.winds(psi)[1])
        assert abs(float(mean(w[1], change[1]) - expected)) < 1e-13 * scale


def test_budget_of_two_layers_closes_to_round_off():
    """The mean shear feeds energy by the heat flux, the bottom takes it; nothing else of the explicit part does."""
    world = SMALL["two_layer"]()
    q = world.spectrum(world.init(key=jax.random.key(1)))
    knobs = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    _, hold = world.held(knobs)
    change = world.tendency(q, knobs)
    psi = stream_functions(world.plane, q, hold)
    mean, rate = world.plane.mean_product, -layer_work(world.plane, psi, change, hold)
    drag = knobs["friction"] * hold.upper * mean(psi[1], world.plane.laplacian(psi[1]))
    slope = world.plane.ddx(psi)
    fed = knobs["shear"] * hold.lower * hold.upper * hold.stiffness * mean(psi[0], slope[1])
    scale = float(layer_energy(world.plane, q, hold)) * 1e-5
    assert abs(float(fed)) > 1e-3 * scale
    assert abs(float(rate - drag - fed)) < 1e-12 * scale


def test_budget_is_not_closed_where_products_are_aliased():
    world = SMALL["two_layer"](aliased=True)
    q = world.spectrum(10 * jax.random.normal(jax.random.key(1), (2, 16, 16)))
    knobs = {k.name: jnp.asarray(0.0) for k in world.card.knobs} | {
        "radius": jnp.asarray(1.5e4), "ratio": jnp.asarray(0.25),
    }  # fmt: skip
    change = world.tendency(q, knobs)
    mean = world.plane.mean_product
    size = jnp.sqrt(mean(q[0], q[0]) * mean(change[0], change[0]))
    assert abs(float(mean(q[0], change[0]) / size)) > 1e-6


def test_budget_of_shallow_water_closes_to_round_off():
    world = SMALL["shallow_water"]()
    spectrum = world.spectrum(0.2 * jax.random.normal(jax.random.key(2), (3, 24, 24)))
    knobs = {"drive": jnp.asarray(0.0), "drag": jnp.asarray(0.0)}
    rate = jax.jvp(world.energy, (spectrum,), (world.tendency(spectrum, knobs),))[1]
    assert abs(float(rate)) < 1e-12 * float(world.energy(spectrum))
    braked = world.tendency(spectrum, {**knobs, "drag": jnp.asarray(0.3)})
    u, v, h = world.state(spectrum)
    expected = -0.3 * float(((1 + h) * (u**2 + v**2)).mean())
    # the drag's work is that of the cut product, so it is exact to the part of (1 + h) u beyond the kept waves
    assert float(jax.jvp(world.energy, (spectrum,), (braked,))[1]) == pytest.approx(expected, rel=1e-12)
    assert float(jnp.abs(world.tendency(spectrum, knobs)[2, 0, 0])) < 1e-12


@pytest.mark.slow
def test_inertia_gravity_wave_has_its_frequency():
    """omega^2 = f^2 + g k^2 for small waves: after one period the state is back."""
    world = ShallowWater(grid=24, viscosity=0.0, drag=0.0, dt=2 * np.pi / np.sqrt(36 + 36 * 4), substeps=64)
    x, _ = _grid(24)
    omega, size = np.sqrt(36 + 36 * 4.0), 1e-6
    u = size * omega / 2 * np.cos(2 * x)
    v = size * 6 / 2 * np.sin(2 * x)
    start = jnp.asarray(np.stack([u, v, size * np.cos(2 * x)]))
    end = _run(world, start, _forcing(world, drive=0.0, drag=0.0), 1)
    np.testing.assert_allclose(end, start, atol=1e-3 * size)
    half = ShallowWater(grid=24, viscosity=0.0, drag=0.0, dt=np.pi / omega, substeps=32)
    assert (
        float(jnp.abs(_run(half, start, _forcing(half, drive=0.0, drag=0.0), 1) + start).max()) < 1e-3 * size
    )


def test_noise_puts_in_the_stated_energy():
    """Every jump adds exactly injection * h and a product with the flow, whose mean over draws is zero."""
    world = SMALL["ring"]()
    plane, mean = world.plane, world.plane.mean_product
    w = world.spectrum(world.init(key=jax.random.key(0)))[0]
    h, rate = world.inner_step(), 0.1

    def energy(spectrum):
        return -0.5 * mean(plane.inverse * spectrum, spectrum)

    def jump(key):
        dw = world.noise(jnp.asarray(rate), h, key=key)
        return energy(dw), energy(w + dw) - energy(w), -mean(plane.inverse * w, dw)

    own, total, cross = jax.vmap(jump)(jax.random.split(jax.random.key(1), 2000))
    np.testing.assert_allclose(own, rate * h, rtol=1e-12)
    np.testing.assert_allclose(total - cross, rate * h, rtol=1e-9)
    error = float(cross.std() / np.sqrt(2000))
    assert abs(float(cross.mean())) < 4 * error
    assert error > 0


@pytest.mark.parametrize(
    ("name", "counts", "least"),
    [
        ("kolmogorov", (16, 32), 3.6),
        # pyqg's filter is stiff: there the order of the scheme falls (Hochbruck and Ostermann 2005)
        pytest.param("two_layer", (4, 8), 2.0, marks=pytest.mark.slow),
        pytest.param("shallow_water", (16, 32), 3.6, marks=pytest.mark.slow),
    ],
)
def test_order_of_accuracy_is_four(name, counts, least):
    world = SMALL[name](substeps=counts[0])
    drive = _forcing(world)
    state = _run(world, world.init(key=jax.random.key(3)), drive, 8)
    ends = [_run(SMALL[name](substeps=n), state, drive, 2) for n in (*counts, 8 * counts[1])]
    scale = np.asarray([v.scale for v in world.card.variables])[:, None, None]
    errors = [float(jnp.abs((end - ends[-1]) / scale).max()) for end in ends[:-1]]
    assert least < np.log2(errors[0] / errors[1]) < 4.4


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ring", marks=pytest.mark.slow),
        "two_layer",
        pytest.param("shallow_water", marks=pytest.mark.slow),
    ],
)
def test_worlds_with_a_dye_jit_batch_differentiate_and_see(name):
    world = SMALL[name](tracer=True)
    forcing = _forcing(world)
    keys = jax.random.split(jax.random.key(0), 2)

    @jax.jit
    def all_at_once(keys):
        states = jax.vmap(lambda k: world.init(key=k))(keys)

        def step(s):
            return world.step(s, forcing, time=0.0, key=keys[0])

        lone, tangent = jax.jvp(step, (states[1],), (jnp.ones_like(states[1]),))
        both = jax.vmap(step)(states)
        seen = world.observe(both[0])
        return both, lone, tangent, seen, world.lift(seen, both[0])

    both, lone, tangent, seen, again = all_at_once(keys)
    np.testing.assert_allclose(both[1], lone, rtol=1e-9, atol=1e-9 * float(jnp.abs(both).max()))
    assert bool(jnp.isfinite(tangent).all())
    assert [v.name for v in world.card.variables] == list(world.names)
    assert all(seen[v.name].shape == v.shape for v in world.card.variables)
    np.testing.assert_allclose(again, both[0], atol=1e-12 * float(jnp.abs(both[0]).max()))


@pytest.mark.slow
def test_the_derivative_backwards_is_that_forwards():
    world = SMALL["two_layer"](substeps=4, dt=1.0)
    forcing = _forcing(world)

    @jax.jit
    def both(key):
        state, along = world.init(key=key), 1e-6 * jax.random.normal(key, (2, 24, 24))

        def far(s):
            return 1e10 * (world.step(s, forcing, time=0.0, key=key) ** 2).sum()

        return (jax.grad(far)(state) * along).sum(), jax.jvp(far, (state,), (along,))[1]

    backwards, forwards = both(jax.random.key(0))
    assert float(backwards) == pytest.approx(float(forwards), rel=1e-9)


@pytest.mark.slow
def test_worlds_run_in_single_precision():
    with jax.enable_x64(False):
        for name in ("ring", "two_layer"):
            world = SMALL[name]()
            forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
            end = _run(world, world.init(key=jax.random.key(0)), forcing, 2)
            assert end.dtype == jnp.float32
            assert bool(jnp.isfinite(end).all())


@pytest.mark.slow
def test_coarser_observations_are_the_long_waves_and_lift_keeps_the_short_ones():
    world = SMALL["kolmogorov"](grid=32, points=16)
    state = _run(world, world.init(key=jax.random.key(0)), _forcing(world), 2)
    other = _run(world, world.init(key=jax.random.key(1)), _forcing(world), 2)
    lifted = world.lift(world.observe(other), state)
    np.testing.assert_allclose(world.observe(lifted)["w"], world.observe(other)["w"], atol=1e-10)
    assert float(jnp.abs(lifted - other).max()) > 1e-3
    np.testing.assert_allclose(world.lift(world.observe(state), state), state, atol=1e-10)


def test_states_near_an_observation_differ_by_its_error():
    world = SMALL["two_layer"]()
    state = world.init(key=jax.random.key(0))
    near = world.observe(perturb(world, state, key=jax.random.key(1)))
    for v in world.card.variables:
        gap = np.asarray(near[v.name] - world.observe(state)[v.name])
        assert 0.8 < gap.std() / v.obs_error < 1.1


def test_a_model_that_leaves_a_term_out_is_the_world_without_it():
    right, wrong = SMALL["two_layer"](), SMALL["two_layer"](wrong={"beta": 0.0, "friction": 2.0})
    q = right.spectrum(right.init(key=jax.random.key(0)))
    knobs = {k.name: jnp.asarray(k.default) for k in right.card.knobs}
    without = right.tendency(q, {**knobs, "beta": jnp.asarray(0.0), "friction": 2 * knobs["friction"]})
    np.testing.assert_array_equal(wrong.tendency(q, knobs), without)
    assert float(jnp.abs(right.tendency(q, knobs) - without).max()) > 0
    assert not wrong.card.facts


def test_outcomes_have_names():
    world = SMALL["kolmogorov"]()
    state = world.init(key=jax.random.key(0))
    assert health(world, state).outcome == "fine"
    assert health(world, state.at[0, 0, 0].set(jnp.nan)).outcome == "not_finite"
    assert health(world, 100 * state).outcome == "unstable_step"
    noise = jax.random.normal(jax.random.key(1), state.shape)
    assert health(world, noise).outcome == "not_resolved"


@pytest.mark.slow
def test_an_unstable_step_is_seen_before_it_blows_up():
    world = SMALL["kolmogorov"]()
    fast = 100 * world.init(key=jax.random.key(0))
    assert health(world, fast).outcome == "unstable_step"
    assert health(world, _run(world, fast, _forcing(world), 40)).outcome == "not_finite"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NavierStokes(grid=63), "even number"),
        (lambda: NavierStokes(grid=32, points=64), "coarser than points"),
        (lambda: NavierStokes(grid=12, wavenumber=4), "cannot be forced"),
        (lambda: NavierStokes(forcing="wind"), "forcing is 'wind'"),  # pyright: ignore[reportArgumentType]
        (lambda: NavierStokes(grid=128, substeps=2), "unstable step"),
        (lambda: NavierStokes(viscosity=-1.0), "negative"),
        (lambda: TwoLayer(setup="gyre"), "setup is 'gyre'"),  # pyright: ignore[reportArgumentType]
        (lambda: TwoLayer(points=10), "even number"),
        (lambda: TwoLayer(points=256), "unstable step"),
        (lambda: TwoLayer(wrong={"gamma": 0.0}), "no knob"),
        (lambda: ShallowWater(substeps=8), "unstable step"),
        (lambda: ShallowWater(gravity=0.0), "gravity must be positive"),
        (lambda: ShallowWater(coriolis=400.0), "the rotation turns"),
        (lambda: NavierStokes(dt=-0.25), "dt must be positive"),
        (lambda: NavierStokes(substeps=0), "substeps at least 1"),
        (lambda: NavierStokes(viscosity=float("nan")), "viscosity must be finite"),
        (lambda: NavierStokes(grid=32, beta=300.0), "a Rossby wave turns"),
        (lambda: TwoLayer(wrong={"radius": 0.0}), "radius and ratio must be positive"),
        (lambda: TwoLayer(wrong={"shear": float("nan")}), "must be finite"),
    ],
)
def test_what_cannot_be_is_refused(make, words):
    with pytest.raises(BadSpec, match=words):
        make()


def test_twins_of_other_set_ups_are_wrong_too_and_guesses_are_told():
    smooth = NavierStokes(grid=32, viscosity=0.0, hyperviscosity=1e-6).card
    assert smooth.imperfect["hyperviscosity"] == 1.5e-6
    assert any("guess" in line for line in smooth.limits)
    assert not any("guess" in line for line in NavierStokes().card.limits)


@pytest.mark.parametrize(
    "world",
    [
        NavierStokes(grid=24, viscosity=0.0),
        NavierStokes(grid=24, viscosity=0.0, hyperviscosity=1e-4),
        ShallowWater(grid=24, viscosity=0.0, substeps=16),
    ],
)
def test_the_twin_of_a_flow_without_viscosity_is_not_the_truth(world):
    twin = type(world)(**world.card.imperfect)
    state = world.init(key=jax.random.key(0))
    ends = [_run(w, state, _forcing(w), 1) for w in (world, twin)]
    assert float(jnp.abs(ends[0] - ends[1]).max()) > 1e-4 * float(jnp.abs(state).max())


def test_a_decaying_flow_is_seen_at_its_own_size_and_not_asked_for_an_attractor():
    world = NavierStokes(forcing="none", grid=32)
    states = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(0), 4))
    steps = round(world.card.spinup / world.card.dt)
    ends = jax.vmap(lambda s: _run(world, s, _forcing(world), steps))(states)
    (w,) = world.card.variables
    assert float(ends.std()) == pytest.approx(w.scale, rel=0.15)
    assert set(world.card.unasked) == {"climate", "response", "shift", "cause"}
    assert any("decaying" in line for line in world.card.limits)
    assert not NavierStokes().card.unasked


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kolmogorov", "ring", "none", "two_layer", "shallow_water"])
@pytest.mark.parametrize("dye", [False, True])
@pytest.mark.parametrize("twin", [False, True])
def test_small_worlds_and_their_twins_keep_the_contract(name, dye, twin):
    world = SMALL[name](tracer=dye)
    check_world(type(world)(**world.card.imperfect) if twin else world)


def test_published_set_ups_are_the_knobs_defaults():
    for name, values in SETUPS.items():
        card = TwoLayer(setup=name, points=16, substeps=2).card
        assert {k.name: k.default for k in card.knobs} == values
