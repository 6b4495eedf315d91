"""Gray-Scott: uniform kinetics, linear stability, budgets, aliasing, order, twins, outcomes and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from gnomon.core.forcing import Forcing
from gnomon.core.world import perturb
from gnomon.numerics.integrators import Etdrk4
from gnomon.numerics.plane_spectral import resized
from gnomon.spec.errors import BadSpec
from gnomon.testing.worlds import check_card, check_world
from gnomon.worlds.field.gray_scott import GrayScott
from gnomon.worlds.field.plane import health, random_fields

FEED, KILL = 0.04, 0.05  # here a uniform state with v > 0 exists
SIDE, POINTS, GRID = 0.3, 12, 24


def _small(**more):
    return GrayScott(**{"points": POINTS, "length": SIDE, **more})


def _forcing(world, **values):
    held = {k.name: jnp.asarray([values.get(k.name, k.default)]) for k in world.card.knobs}
    return Forcing(times={name: jnp.zeros(1) for name in held}, values=held)


@eqx.filter_jit
def _inner_steps(world, state, forcing, count):
    """So many inner steps of whatever length the world's scheme is made for: one program for all lengths."""

    def one(_, spectrum):
        return world.advance(spectrum, forcing.at, time=0.0, dt=1.0, substeps=1)

    return world.state(jax.lax.fori_loop(0, count, one, world.spectrum(state)))


def _after(state, time, *, feed=FEED, kill=KILL, h=0.5):
    """The state of the small world after some time, in inner steps of length h."""
    world = _small()
    square = np.asarray(world.plane.square)
    scheme = Etdrk4(np.stack([-2e-5 * square, -1e-5 * square]), h)
    world = eqx.tree_at(lambda w: w.scheme, world, scheme)
    forcing = _forcing(world, feed=feed, kill=kill)
    return np.asarray(_inner_steps(world, jnp.asarray(state), forcing, jnp.asarray(round(time / h))))


def _kinetics(feed, kill):
    def change(_, y):
        u, v = y
        return [feed * (1 - u) - u * v * v, u * v * v - (feed + kill) * v]

    return change


def _waves(m):
    """m waves along x and one along y, and the square of their wavenumber."""
    turn = 2 * np.pi * np.arange(GRID) / GRID
    return np.cos(m * turn[None, :] + turn[:, None]), (2 * np.pi / SIDE) ** 2 * (m**2 + 1)


def _full(*values):
    return np.stack([np.full((GRID, GRID), value) for value in values])


@pytest.mark.parametrize(("feed", "kill", "start"), [(0.0215, 0.0515, (1.0, 0.1)), (FEED, KILL, (0.5, 0.3))])
def test_a_uniform_plane_follows_the_kinetics(feed, kill, start):
    end = _after(_full(*start), 60.0, feed=feed, kill=kill, h=0.125)
    told = {"rtol": 1e-12, "atol": 1e-14, "method": "DOP853"}
    exact = solve_ivp(_kinetics(feed, kill), (0, 60.0), start, **told).y[:, -1]
    np.testing.assert_allclose(end, _full(*exact), atol=1e-9)
    other = solve_ivp(_kinetics(feed, 1.01 * kill), (0, 60.0), start, **told).y[:, -1]
    assert np.abs(other - exact).max() > 1e-4


def test_the_state_at_rest_is_stable_and_every_wave_decays_at_its_own_rate():
    rest, wave, square = _full(1.0, 0.0), *_waves(2)
    assert np.abs(_after(rest, 60.0) - rest).max() < 1e-13
    end = _after(rest + np.stack([0.1 * wave, 0 * wave]), 60.0)
    # without v the equation is linear, whatever the size
    np.testing.assert_allclose(end[0] - 1, 0.1 * wave * np.exp(-(FEED + 2e-5 * square) * 60), atol=1e-10)
    end = _after(rest + np.stack([0 * wave, 1e-9 * wave]), 60.0)
    np.testing.assert_allclose(end[1], 1e-9 * wave * np.exp(-(FEED + KILL + 1e-5 * square) * 60), atol=1e-16)


@pytest.mark.parametrize("m", [0, 3])
def test_waves_on_the_other_uniform_state_grow_as_its_matrix_says(m):
    """u v = F + k and v = F (1 - u) / (F + k); the matrix of kinetics and diffusion gives every wave's growth."""
    u = (1 - np.sqrt(1 - 4 * (FEED + KILL) ** 2 / FEED)) / 2
    v = FEED * (1 - u) / (FEED + KILL)
    assert u * v == pytest.approx(FEED + KILL)
    wave, square = _waves(m)
    matrix = np.asarray([[-(v**2) - FEED, -2 * u * v], [v**2, 2 * u * v - FEED - KILL]])
    matrix = matrix - np.diag([2e-5, 1e-5]) * square
    kick, still = 1e-7 * np.asarray([1.0, -0.6]), _full(u, v)
    end = _after(still + kick[:, None, None] * wave, 30.0) - still
    expected = expm(30 * matrix) @ kick
    np.testing.assert_allclose(end, expected[:, None, None] * wave, atol=1e-4 * np.abs(expected).max())
    assert np.abs(expected - kick).max() > 0.1 * np.abs(kick).max()


def _rough(world):
    """A spectrum on all kept waves."""
    return world.spectrum(jnp.asarray(0.3 + 0.2 * np.random.default_rng(1).normal(size=(2, GRID, GRID))))


def test_budgets_close_to_rounding_and_nothing_is_aliased():
    world = _small()
    spectrum = _rough(world)
    knobs = {"feed": jnp.asarray(0.03), "kill": jnp.asarray(0.06)}
    change = np.asarray(world.tendency(spectrum, knobs)) / GRID**2
    du, dv = change[:, 0, 0].real
    u, v = np.asarray(world.state(spectrum))
    assert du == pytest.approx(0.03 * (1 - u.mean()) - (u * v**2).mean(), abs=1e-16)
    assert dv == pytest.approx((u * v**2).mean() - 0.09 * v.mean(), abs=1e-16)
    # the sums along the card's balances are the same
    at = {"feed": 0.03, "kill": 0.06, "u": u, "v": v}
    sums = [
        sum(
            c * np.prod([np.broadcast_to(at[f], u.shape) for f in named], axis=0).mean()
            for c, named in b.terms
        )
        for b in world.card.balances
    ]
    np.testing.assert_allclose(sums, [du + dv, dv], atol=1e-16)
    # the product on a grid three times as fine holds all of its waves
    kept = world.plane.kept
    exact = _kept(np.fft.rfft2(np.prod(_finer([u, v, v], 3), axis=0)), kept) / (3 * GRID) ** 2
    rest = 0.09 * np.asarray(spectrum)[1] / GRID**2
    np.testing.assert_allclose(_kept(change[1] + rest, kept), exact, atol=1e-16)
    assert 4 * kept < GRID


def test_the_rule_of_two_thirds_would_not_do_for_a_cubic_product():
    rng = np.random.default_rng(2)
    kept = (GRID - 1) // 3
    spectra = np.fft.rfft2(rng.normal(size=(2, GRID, GRID)))
    ky = np.abs(np.fft.fftfreq(GRID, 1 / GRID))[:, None]
    u, v = np.fft.irfft2(spectra * (ky <= kept) * (np.arange(GRID // 2 + 1) <= kept), s=(GRID, GRID))
    coarse = _kept(np.fft.rfft2(u * v * v), kept) / GRID**2
    fine = _kept(np.fft.rfft2(np.prod(_finer([u, v, v], 3), axis=0)), kept) / (3 * GRID) ** 2
    assert np.abs(coarse - fine).max() > 1e-6


def _finer(fields, times):
    """Fields on a grid so many times finer, wave by wave."""
    half, wide = GRID // 2, times * GRID
    spectra = np.fft.rfft2(np.stack(fields))
    out = np.zeros((len(fields), wide, wide // 2 + 1), complex)
    out[:, :half, :half], out[:, 1 - half :, :half] = spectra[:, :half, :half], spectra[:, 1 - half :, :half]
    return np.fft.irfft2(out * times**2, s=(wide, wide))


def _kept(spectrum, kept):
    return np.concatenate([spectrum[: kept + 1, : kept + 1], spectrum[-kept:, : kept + 1]])


def test_order_of_accuracy_is_four():
    state = _small().init(key=jax.random.key(3))
    ends = [_after(state, 40.0, feed=0.0215, kill=0.0515, h=h) for h in (2.0, 1.0, 0.125)]
    errors = [np.abs(end - ends[-1]).max() for end in ends[:-1]]
    assert 3.6 < np.log2(errors[0] / errors[1]) < 4.4


def test_a_start_has_islands():
    u, v = np.asarray(_small().init(key=jax.random.key(0)))
    assert 0.4 < u.min() < 0.7 < 0.9 < u.max() < 1.1
    assert -0.06 < v.min() < 0.06 < 0.2 < v.max() < 0.32


def test_a_wrong_model_is_the_world_at_other_knobs():
    right, wrong = _small(), _small(wrong={"kill": 1.05})
    spectrum = _rough(right)
    knobs = {k.name: jnp.asarray(k.default) for k in right.card.knobs}
    ours, theirs = (np.asarray(w.tendency(spectrum, knobs)) for w in (right, wrong))
    assert np.abs(ours - theirs).max() > 0
    moved = {**knobs, "kill": 1.05 * knobs["kill"]}
    np.testing.assert_array_equal(theirs, np.asarray(right.tendency(spectrum, moved)))


def test_twins_say_what_they_have_wrong_and_guesses_are_told():
    card = GrayScott().card
    check_card(card)
    assert card.imperfect == {"diffusion_v": 1.1e-5}
    fine = GrayScott(points=24, fine=48).card
    assert fine.imperfect == {"points": 24, "fine": 24}
    assert GrayScott(**fine.imperfect).plane.kept == 11
    assert "of 48" in fine.summary
    for other in (fine, _small(wrong={"kill": 1.05}).card, GrayScott(**card.imperfect).card):
        assert not other.facts
        assert any("not measured" in line for line in other.limits)


def test_outcomes_have_names():
    world = _small()
    state = world.init(key=jax.random.key(0))
    # the starts of a plane as small as this are at the edge of what twelve points hold
    assert health(world, world.state(world.spectrum(state).at[:, :, 4:].set(0))).outcome == "fine"
    assert health(world, state.at[1, 0, 0].set(jnp.nan)).outcome == "not_finite"
    assert health(world, state.at[1].multiply(4)).outcome == "unstable_step"
    noise = jnp.asarray(0.1 * np.random.default_rng(1).normal(size=state.shape))
    assert health(world, noise).outcome == "not_resolved"


def test_the_fastest_rate_is_the_largest_eigenvalue_of_the_kinetics():
    world = _small()
    knobs = {"feed": jnp.asarray(FEED), "kill": jnp.asarray(KILL)}
    for u, v in ((1.0, 0.25), (0.3, 0.3), (0.5, 0.05), (0.1, 0.6)):
        matrix = np.asarray([[-(v**2) - FEED, -2 * u * v], [v**2, 2 * u * v - FEED - KILL]])
        found = float(world.speed(world.spectrum(jnp.asarray(_full(u, v))), knobs)) * world.plane.highest
        assert found == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"points": 31}, "even number"),
        ({"points": 48, "fine": 32}, "coarser than points"),
        ({"length": 0.0}, "length must be finite and positive"),
        ({"feed": -0.02}, "feed must be finite and positive"),
        ({"kill": float("nan")}, "kill must be finite and positive"),
        ({"diffusion_v": 0.0}, "diffusion_v must be finite and positive"),
        ({"dt": 0.0}, "dt must be positive"),
        ({"substeps": 0}, "substeps at least 1"),
        ({"substeps": 3}, "unstable step: the reaction"),
        ({"points": 12, "wrong": {"diffusion": 2.0}}, "no knob; there are kill, feed"),
        ({"points": 12, "wrong": {"kill": float("inf")}}, "must be finite"),
    ],
)
def test_what_cannot_be_is_refused(given, words):
    with pytest.raises(BadSpec, match=words):
        GrayScott(**given)


@pytest.mark.slow
def test_the_world_and_its_twin_keep_the_contract():
    world = GrayScott(points=16, length=0.4)
    check_world(world)
    check_world(GrayScott(**world.card.imperfect))


@pytest.mark.slow
def test_a_step_is_differentiable_and_the_same_alone_in_a_batch_and_in_single_precision():
    world = _small()
    forcing = _forcing(world)

    def step(state):
        return world.step(state, forcing, time=0.0, key=jax.random.key(0))

    @jax.jit
    def all_at_once(keys):
        states = jax.vmap(lambda k: world.init(key=k))(keys)
        along = jax.random.normal(keys[0], states[1].shape)
        lone, tangent = jax.jvp(step, (states[1],), (along,))
        gradient = jax.grad(lambda s: (step(s) ** 2).sum())(states[1])
        return states, along, lone, jax.vmap(step)(states), tangent, gradient

    states, along, lone, both, tangent, gradient = all_at_once(jax.random.split(jax.random.key(0), 2))
    np.testing.assert_allclose(both[1], lone, rtol=1e-12)
    assert float((gradient * along).sum()) == pytest.approx(float((2 * lone * tangent).sum()), rel=1e-9)
    assert float(jnp.abs(states[0] - states[1]).max()) > 0.1
    start = np.asarray(states[1], np.float32)
    with jax.enable_x64(False):
        single = _small()
        end = eqx.filter_jit(single.step)(
            jnp.asarray(start), _forcing(single), time=0.0, key=jax.random.key(0)
        )
        assert end.dtype == jnp.float32
        np.testing.assert_allclose(np.asarray(end), np.asarray(lone), atol=1e-5)


@pytest.mark.slow
def test_observations_show_the_long_waves_and_lift():
    world = GrayScott(points=16, fine=24, length=0.5)
    state, other = (world.init(key=jax.random.key(i)) for i in (0, 1))
    lifted = world.lift(world.observe(other), state)
    for name in ("u", "v"):
        np.testing.assert_allclose(world.observe(lifted)[name], world.observe(other)[name], atol=1e-12)
    assert float(jnp.abs(lifted - other).max()) > 1e-3
    near = world.observe(perturb(world, state, key=jax.random.key(2)))
    for v in world.card.variables:
        gap = np.asarray(near[v.name] - world.observe(state)[v.name])
        assert 0.8 < gap.std() / v.obs_error < 1.2
    whole = GrayScott(points=16, length=0.5)
    rough = whole.state(whole.spectrum(jax.random.normal(jax.random.key(0), (2, 32, 32))))
    np.testing.assert_allclose(resized(resized(rough, 16), 32), rough, atol=1e-12)


@pytest.mark.slow
def test_starts_live_whole_waves_die_and_so_do_all_where_the_feed_is_weak():
    """Where both islands are in one place, as in Pearson's square, waves meet everywhere at once."""
    world = GrayScott(points=40)
    plane, rest = world.plane, jnp.asarray([1.0, 0.0])[:, None, None]
    keys = jax.random.split(jax.random.key(0), 3)

    def whole(key):
        field = plane.to_grid(random_fields(plane, (), 4.0, 8.0, key=key))
        island = (1 + jnp.tanh(3 * field)) / 2
        return jnp.stack([1 - island / 2, island / 4])

    def end(start, **values):
        return _inner_steps(world, start, _forcing(world, **values), jnp.asarray(300))

    assert all(float(end(world.init(key=key), kill=0.053)[1].mean()) > 0.05 for key in keys)
    assert all(float(jnp.abs(end(whole(key), kill=0.053) - rest).max()) < 1e-2 for key in keys)
    assert all(float(jnp.abs(end(world.init(key=key), feed=0.01) - rest).max()) < 1e-2 for key in keys)
