"""The emulators that know their geometry: an exact law is learnt, symmetry holds, refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.learners.field_emulator import FieldSimulator, field_sequences, increment_of
from gnomon.learners.fourier_operator import FourierOperator, most_modes, new_fourier_network
from gnomon.learners.unet import UNet, new_u_network
from gnomon.numerics.fields import fields_of
from gnomon.numerics.geometry import Geometry, geometry_of
from gnomon.numerics.sphere.grid import gauss_latitudes
from gnomon.numerics.sphere.harmonics import harmonics, synthesise
from gnomon.spec.cards import Grid, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build

POINTS, WAVES, NU, SPEED = 24, 6, 0.02, 0.5
SMALL = {"budget": 1, "width": 6, "updates": 6, "batch": 64, "unroll": 2}
LEARNERS = {
    "fourier_operator": FourierOperator(**SMALL, depth=2, modes=5),
    "unet": UNet(**SMALL, levels=2),
}


def made_up_card(variables, grid=None, length=None):
    return WorldCard(
        name="made_up", rung="field", summary="an exact linear law", dt=1.0, time_units="1", variables=variables,
        knobs=(Knob(name="push", default=0.0, low=-1.0, high=1.0, units="1", meaning="none"),),
        timescale=20.0, spinup=0.0, exponents=1, references=(), grid=grid, length=length,
    )  # fmt: skip


def data_of(card, obs):
    count, steps = next(iter(obs.values())).shape[:2]
    return Data(
        obs=obs,
        forcing={"push": np.linspace(-1, 1, count)[:, None] * np.ones(steps)},
        time=np.arange(steps, dtype=float),
        train=np.arange(count - 2),
        validation=np.arange(count - 2, count),
        card=card,
    )


def drifting_waves(steps=16, count=18):
    """Advection and diffusion of random waves on a ring, exact; an inflow of waves keeps no memory of the start."""
    rng = np.random.default_rng(0)
    k, at = np.arange(1, WAVES + 1), 2 * np.pi * np.arange(POINTS) / POINTS
    start = rng.normal(size=(count, 1, WAVES)) + 1j * rng.normal(size=(count, 1, WAVES))
    c = start * np.exp((-1j * SPEED * k - NU * k**2) * np.arange(steps)[:, None])
    field = np.real(c @ np.exp(1j * np.outer(k, at)))
    card = made_up_card(
        (Variable(name="u", units="1", shape=(POINTS,), dims=("x",), scale=1.0, obs_error=0.0, homogeneous=True),),
        length=2 * np.pi,
    )  # fmt: skip
    return data_of(card, {"u": field})


def turning_sphere(steps=12, count=6, land=True):
    """Two fields of low harmonics that turn with the planet and decay, about a climate that differs by latitude."""
    rng, grid = np.random.default_rng(1), gauss_latitudes(16)
    h = harmonics(grid.lat, grid.lon, 10)
    degree, order = np.arange(11), np.arange(11)[:, None]
    c = rng.normal(size=(2, count, 11, 11)) + 1j * rng.normal(size=(2, count, 11, 11))
    c = np.where((order <= degree) & (degree > 0) & (degree < 6), c, 0)
    c[..., 0, :] = c[..., 0, :].real
    moved = np.exp(-1j * 0.3 * order - 0.01 * degree * (degree + 1))
    runs = np.stack([synthesise(h, c * moved**n) for n in range(steps)], axis=2)
    shape = (16, 32)
    variables = tuple(
        Variable(name=n, units="1", shape=shape, dims=("lat", "lon"), scale=3.0, obs_error=0.0) for n in "ab"
    )
    flat = tuple(float(x) for x in (rng.random(16 * 32) > 0.6)) if land else ()
    told = Grid(
        lat=tuple(grid.lat.tolist()), lon=tuple(grid.lon.tolist()), weights=tuple(grid.weights.tolist()),
        land=flat, truncation=10,
    )  # fmt: skip
    climate = 10 * np.cos(np.radians(grid.lat))[:, None]
    return data_of(made_up_card(variables, grid=told), {"a": runs[0] + climate, "b": runs[1]})


@eqx.filter_jit
def one_step(simulator: FieldSimulator, z):
    amplitudes = jnp.zeros(1, z.dtype)
    return jax.vmap(
        lambda z: increment_of(simulator.fields, simulator.spread, simulator.network, z, amplitudes)
    )(z)


def step_error(simulator, data):
    """Of validation increments, over their size."""
    z = simulator.fields.encode({k: jnp.asarray(v[data.validation]) for k, v in data.obs.items()})
    z = z.reshape(-1, len(data.time), *z.shape[-2:])
    now, wanted = z[:, :-1], z[:, 1:] - z[:, :-1]
    made = one_step(simulator, now.reshape(-1, 1, *z.shape[-2:])).reshape(wanted.shape)
    return float(jnp.sqrt(jnp.mean((made - wanted) ** 2) / jnp.mean(wanted**2)))


@pytest.mark.parametrize(
    ("modes", "least", "most"), [(7, 0.0, 0.08), pytest.param(2, 0.3, 2.0, marks=pytest.mark.slow)]
)
def test_an_exact_law_is_learnt_if_its_waves_are_kept(modes, least, most):
    """Six waves need seven modes; with two, the others cannot be moved: it must fail."""
    data = drifting_waves()
    learner = FourierOperator(budget=1, width=12, depth=1, modes=modes, updates=300, batch=400, unroll=1)
    fit = learner.fit(data, key=jax.random.key(0))
    error = step_error(fit.simulator, data)
    assert least <= error < most, error


def shaken(network, seed=0):
    """The same network with a random output, which starts silent."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda w: w + jnp.asarray(0.2 * rng.normal(size=w.shape)), network)


SPHERE = Geometry(
    "sphere", (16, 32), tuple(gauss_latitudes(16).lat.tolist()), tuple(gauss_latitudes(16).lon.tolist()), 10
)


RING, PLANE = Geometry("ring", (16,)), Geometry("plane", (16, 16))


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        ("fourier_operator", SPHERE),
        ("unet", RING),
        *(
            pytest.param(k, g, marks=pytest.mark.slow)
            for k, g in (("fourier_operator", PLANE), ("unet", PLANE), ("unet", SPHERE))
        ),
    ],
    ids=lambda p: getattr(p, "kind", p),
)
def test_a_rotation_of_the_input_rotates_the_output(kind, geometry):
    """By any number of points for the operator, by multiples of 2^levels for the U-Net, and no others."""
    rng = np.random.default_rng(0)
    if kind == "unet":
        network = shaken(new_u_network(geometry, 2, 2, rng, width=4, levels=1))
    else:
        network = shaken(new_fourier_network(geometry, 2, 2, rng, width=4, depth=2, modes=5))
    axis = len(geometry.shape) - 1
    x = np.random.default_rng(2).normal(size=(*geometry.shape, 2))
    run = eqx.filter_jit(lambda x: network(geometry, x.reshape(-1, 2)).reshape(x.shape))
    made = np.asarray(run(jnp.asarray(x)))
    assert made.std() > 1e-2

    def gap(by):
        return np.abs(np.asarray(run(jnp.asarray(np.roll(x, by, axis)))) - np.roll(made, by, axis)).max()

    assert gap(4) < 1e-10 * (1 + np.abs(made).max())
    assert (gap(1) < 1e-10 * (1 + np.abs(made).max())) == (kind == "fourier_operator")


def test_what_is_told_of_a_site():
    """Anomalies from the climate where positions are told, with coordinates, land and climate; else neither."""
    data = turning_sphere()
    told, plain = (fields_of(data, positions=p, name="a") for p in (None, False))
    assert told.fixed.shape == (512, 4)  # sine, two climates, land
    assert plain.fixed.shape == (512, 0)
    assert (told.mean.shape, plain.mean.shape) == ((512, 2), (1, 2))
    z = told.encode({k: v[data.train] for k, v in data.obs.items()})
    np.testing.assert_allclose(np.asarray(z).mean((0, 1)), 0.0, atol=1e-9)
    weights = told.geometry.weights()[:, None]
    np.testing.assert_allclose((np.asarray(z) ** 2 * weights).mean((0, 1, 2)), 1.0, rtol=1e-9)
    back = told.decode(z)
    np.testing.assert_allclose(back["a"], data.obs["a"][data.train], atol=1e-9)
    np.testing.assert_allclose(np.asarray(told.fixed).mean(0), 0.0, atol=1e-12)


def test_a_pattern_reaches_every_site():
    """A knob with a pattern is that pattern, with root mean square one over training; one without is a constant."""
    world = build("worlds", "kuramoto_sivashinsky")
    knob = world.card.knobs[0]
    seen = np.linspace(-1, 1, 5)[:, None] * np.full((5, 3), knob.high)
    data = Data(
        {"u": np.random.default_rng(0).normal(size=(5, 3, 64))}, {"drive": seen}, np.arange(3.0),
        np.arange(4), np.arange(4, 5), world.card,
    )  # fmt: skip
    fields = fields_of(data, name="a")
    assert fields.fixed.shape == (64, 0)
    around = np.asarray(fields.around(fields.amplitudes({"drive": jnp.asarray(seen[0, 0])})))
    size = np.sqrt(np.mean(seen[:4] ** 2) * np.mean(np.square(knob.pattern)))
    np.testing.assert_allclose(around[:, 0], seen[0, 0] * np.asarray(knob.pattern) / size, rtol=1e-12)


def test_numbers_without_a_place_hold_everywhere():
    """A ring with two numbers besides its field: a channel each, the same at all sites, before and after a step."""
    rng = np.random.default_rng(5)
    field = Variable(name="u", units="1", shape=(8,), dims=("x",), scale=1.0, obs_error=0.0)
    card = made_up_card((Variable(name="p", units="1", scale=1.0, obs_error=0.0), field), length=1.0)
    data = data_of(card, {"p": 3 + rng.normal(size=(4, 6)), "u": rng.normal(size=(4, 6, 8))})
    fields = fields_of(data, name="a")
    assert (fields.channels, fields.geometry.kind) == (2, "ring")
    z = fields.encode({k: v[data.train] for k, v in data.obs.items()})
    assert np.ptp(np.asarray(z)[..., 0], axis=-1).max() < 1e-12
    assert np.ptp(np.asarray(z)[..., 1], axis=-1).min() > 0.1
    back = fields.decode(z)
    for k in data.obs:
        np.testing.assert_allclose(back[k], data.obs[k][data.train], atol=1e-12)
    change = rng.normal(size=(8, 2))
    settled = np.asarray(fields.settled(jnp.asarray(change)))
    np.testing.assert_allclose(settled[:, 0], change[:, 0].mean())
    np.testing.assert_array_equal(settled[:, 1], change[:, 1])
    with pytest.raises(BadSpec, match="share one ring"):  # numbers alone have no geometry
        geometry_of(made_up_card((card.variables[0],), length=1.0), name="a")


def test_what_the_moist_atmosphere_tells():
    """Both knobs, sine, the climate of every variable, land and orography; the pattern of El Nino where it belongs."""
    card = build("worlds", "speedy").card
    rng = np.random.default_rng(3)
    data = Data(
        {v.name: rng.normal(size=(2, 2, *v.shape)).astype(np.float32) for v in card.variables},
        {k.name: np.full((2, 2), 0.5 * k.high) for k in card.knobs},
        np.arange(2) * card.dt, np.arange(1), np.arange(1, 2), card,
    )  # fmt: skip
    fields = fields_of(data, name="a")
    assert (fields.channels, fields.told) == (35, 2 + 1 + 35 + 2)
    knobs = {"enso": jnp.asarray(1.0), "warming": jnp.asarray(0.5)}
    around = np.asarray(fields.around(fields.amplitudes(knobs)))
    enso = np.asarray(card.knobs[0].pattern)
    assert np.corrcoef(around[:, 0], enso)[0, 1] > 1 - 1e-9
    assert np.all(around[enso == 0, 0] == 0)
    np.testing.assert_allclose(around[:, 1], 0.5)
    land = np.asarray(card.grid.land)
    assert max(np.corrcoef(column, land)[0, 1] for column in around.T[2:]) > 1 - 1e-6


def test_what_is_not_training_changes_nothing():
    """Validation trajectories enter neither scales nor climate nor training sequences; training ones do."""
    data = turning_sphere()

    def prepared(rows):
        obs = {k: v.copy() for k, v in data.obs.items()}
        for v in obs.values():
            v[rows] += 5.0 * np.random.default_rng(4).normal(size=v[rows].shape)
        changed = data._replace(obs=obs)
        fields = fields_of(changed, name="a")
        return jax.tree.leaves((fields, field_sequences(fields, changed)))

    def same(rows):
        return all(np.array_equal(a, b) for a, b in zip(prepared([]), prepared(rows), strict=True))

    assert same(data.validation)
    assert not same(data.train[:1])


@pytest.mark.parametrize("name", LEARNERS)
def test_worlds_without_a_geometry_are_refused(name):
    world = build("worlds", "lorenz63")
    data = Data(
        {v.name: np.zeros((3, 4, *v.shape)) for v in world.card.variables},
        {k.name: np.zeros((3, 4)) for k in world.card.knobs},
        np.arange(4.0), np.arange(2), np.arange(2, 3), world.card,
    )  # fmt: skip
    with pytest.raises(BadSpec, match=f"{name} needs a world whose variables share one ring"):
        LEARNERS[name].fit(data, key=jax.random.key(0))


def test_wrong_settings_are_named():
    data = drifting_waves(steps=4, count=4)
    with pytest.raises(BadSpec, match="positions must be one of auto, on, off"):
        FourierOperator(positions="yes").fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="modes and watched not negative"):
        FourierOperator(modes=-1).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="width must be"):
        UNet(width=0).fit(data, key=jax.random.key(0))
    assert most_modes(SPHERE) == 11


@pytest.mark.parametrize(("watched", "steps"), [(0, 200), (7, 7)])
def test_free_runs_that_choose_are_as_long_as_asked(watched, steps, monkeypatch):
    """A divergence after the last step that is watched cannot be chosen against."""
    seen = {}
    monkeypatch.setattr("gnomon.learners.field_emulator.fit_networks", lambda *_, **ways: seen.update(ways))
    FourierOperator(watched=watched).fit(drifting_waves(steps=4, count=4), key=jax.random.key(0))
    assert seen["steps"] == steps


def test_waves_are_as_many_as_the_geometry_can_afford():
    rng = np.random.default_rng(0)
    flat, ring = Geometry("plane", (64, 64)), Geometry("ring", (64,))
    kept = [FourierOperator(width=2, depth=1)._start(g, 1, 1, rng).waves[0].modes for g in (flat, ring)]
    assert kept == [12, 24]
