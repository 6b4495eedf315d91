"""Closures as learners: the contract on small flows, targets that are known, and what must be refused."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.world import add_error
from gnomon.learners.closure import FLOOR, Closure, _target
from gnomon.learners.closure_climate import log_spectra, misfit, observed_spectra
from gnomon.learners.closure_terms import ClosureSimulator, EddyTerm, seen_by_network
from gnomon.learners.closure_training import lessons_of, new_term
from gnomon.numerics.closures import asked, from_points, on_points
from gnomon.numerics.plane_spectral import times
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from gnomon.training.sampling import learned_card
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.two_layer import TwoLayer

LAYERS = {"points": 12, "fine": 24, "substeps": 2}
SMALL = {
    "budget": 2,
    "width": 4,
    "depth": 2,
    "updates": 6,
    "batch": 4,
    "unroll": 2,
    "members": 3,
    "iterations": 1,
}


def data_of(world: Any, *, train: int = 2, validation: int = 2, steps: int = 12, noisy: bool = True) -> Data:
    """Short trajectories from random eddies; knobs at their defaults but the first, which differs in each."""
    card, count = world.card, train + validation
    values = {k.name: np.full((count, steps), k.default) for k in card.knobs}
    first = card.knobs[0]
    values[first.name] = values[first.name] * np.linspace(0.95, 1.05, count)[:, None]
    time = np.arange(steps) * card.dt

    @eqx.filter_jit
    def runs(values: Any, keys: Any) -> Any:
        def one(values: Any, key: Any) -> Any:
            forcing = Forcing(times={k: jnp.asarray(time) for k in values}, values=values)

            def step(state: Any, now: Any) -> Any:
                return world.step(state, forcing, time=now, key=key), world.observe(state)

            return jax.lax.scan(step, world.init(key=key), jnp.asarray(time))[1]

        return jax.vmap(one)(values, keys)

    obs = runs({k: jnp.asarray(v) for k, v in values.items()}, jax.random.split(jax.random.key(0), count))
    obs = add_error(card, obs, key=jax.random.key(1)) if noisy else obs
    rows = np.arange(count)
    return Data({k: np.asarray(v) for k, v in obs.items()}, values, time, rows[:train], rows[train:], card)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["none", "smagorinsky", "leith", "jansen_held", "offline", "online", "inversion"]
)
def test_contract_on_two_layers(way):
    world = TwoLayer(**LAYERS)
    prior = TwoLayer(**LAYERS | world.card.imperfect)
    learner = build("learners", "closure", {**SMALL, "way": way})
    fit = check_learner(learner, world, data_of(world), prior=prior, eager=False, key=jax.random.key(1))
    assert fit.simulator.card.name == "closure"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["smagorinsky", "online"])
def test_contract_on_one_layer(way):
    args = {"grid": 36, "points": 12, "wavenumber": 2, "dt": 0.2, "twin": "coarse"}
    world = NavierStokes(**args)
    prior = NavierStokes(**args | world.card.imperfect)
    assert prior.plane.kept == 5
    learner = build("learners", "closure", {**SMALL, "way": way})
    check_learner(learner, world, data_of(world), prior=prior, eager=False, key=jax.random.key(1))


def test_twin_is_the_same_flow_on_the_observed_points():
    """Nothing else is wrong: both see the same where the flow has long waves only."""
    world = TwoLayer(**LAYERS)
    twin = TwoLayer(**LAYERS | world.card.imperfect)
    assert twin.plane.kept == 5
    assert twin.substeps == 1
    assert all(float(f) == 1 for f in twin.factors.values())
    flow = NavierStokes(grid=36, points=12, wavenumber=2, dt=0.2, twin="coarse")
    assert flow.card.imperfect["grid"] == 18
    assert NavierStokes(**flow.card.imperfect).card.imperfect["viscosity"] == 0.015
    with pytest.raises(BadSpec, match="no finer than its coarse twin"):
        NavierStokes(grid=36, points=24, wavenumber=2, dt=0.2, twin="coarse")


@pytest.mark.slow
def test_what_a_coarse_step_lacks_is_the_missing_term():
    """Truth and model differ in bottom friction alone: the lesson is its tendency, better with shorter steps."""
    gaps = []
    for dt in (0.2, 0.05):
        args = {"points": 12, "substeps": 1, "dt": dt}
        world, wrong = TwoLayer(**args), TwoLayer(**args, wrong={"friction": 0.0})
        values = {k.name: np.full((1, 2), k.default) for k in world.card.knobs}
        knobs = {k: jnp.asarray(v[0, 0]) for k, v in values.items()}
        forcing = Forcing(
            {k: jnp.zeros(1) for k in values}, {k: jnp.asarray(v[0, :1]) for k, v in values.items()}
        )
        # no wave beyond those asked for, or what they do would be lacking too
        begin = times(asked(world.plane), world.spectrum(world.init(key=jax.random.key(0))))
        end = world.step(world.state(begin), forcing, time=0.0, key=jax.random.key(0))
        seen = [world.observe(x) for x in (world.state(begin), end)]
        obs = {k: np.stack([np.asarray(x[k]) for x in seen])[None] for k in seen[0]}
        data = Data(obs, values, np.arange(2) * dt, np.arange(1), np.arange(1), world.card)
        found = np.asarray(lessons_of(wrong, data, key=jax.random.key(0)).lacking[0, 0])
        psi = world.layers(begin, knobs).psi
        braked = times(-knobs["friction"] * asked(world.plane), world.plane.laplacian(psi[1]))
        wanted = np.asarray(on_points(world.plane, braked, 12))
        size = np.abs(wanted).max()
        gaps.append(np.abs(found[1] - wanted).max() / size)
        assert np.abs(found[0]).max() < 0.05 * size
    assert gaps[1] < 0.4 * gaps[0]
    assert gaps[1] < 0.02


def energy_returned_in_excess(substeps: int) -> float:
    """What full backscatter adds to the bare flow's energy in a day, as a share of what viscosity alone takes."""
    world = TwoLayer(points=12, substeps=substeps)
    forcing = Forcing(
        times={k.name: jnp.zeros(1) for k in world.card.knobs},
        values={k.name: jnp.asarray([k.default]) for k in world.card.knobs},
    )
    state = world.init(key=jax.random.key(2))
    data = data_of(world, steps=3)
    energies = {}
    for returned in (None, 0.0, 1.0):
        form = "none" if returned is None else "jansen_held"
        term = EddyTerm(form, jnp.asarray(0.15), jnp.asarray(returned or 0.0))
        card = learned_card("closure", data, context=1)
        end = ClosureSimulator(card, world, term).advance(state, forcing, time=0.0, key=jax.random.key(0))
        flow = world.layers(world.spectrum(end), forcing.at(0.0))
        energies[returned] = float(
            -0.5 * (flow.shares * world.plane.mean_product(flow.psi, flow.carried)).sum()
        )
    lost = energies[None] - energies[0.0]
    assert lost > 0
    return (energies[1.0] - energies[None]) / lost


@pytest.mark.slow
def test_backscatter_keeps_energy_as_steps_shrink():
    """The rates cancel to round-off (tests/numerics/test_closures.py); the Euler step's excess is of first order."""
    coarse, middle, fine = (energy_returned_in_excess(n) for n in (8, 16, 32))
    assert 1.6 < (coarse - middle) / (middle - fine) < 2.4
    assert abs(2 * fine - middle) < 0.1  # without the step: the flow that got it back is another flow


@pytest.mark.slow
def test_a_run_shows_a_network_what_its_lesson_did():
    """The state of a run holds waves beyond the cut; the term gives what the network makes of the lesson's inputs."""
    world = TwoLayer(points=12, substeps=1)
    values = {k.name: np.full((1, 2), k.default) for k in world.card.knobs}
    state = world.init(key=jax.random.key(0))
    noise = jnp.asarray(1e-5 * np.random.default_rng(0).standard_normal((2, 12, 12)))
    state = world.lift(dict(zip(("q1", "q2"), noise, strict=True)), state)
    obs = {k: np.stack([np.asarray(v)] * 2)[None] for k, v in world.observe(state).items()}
    lessons = lessons_of(
        world,
        Data(obs, values, np.arange(2.0), np.arange(1), np.arange(1), world.card),
        key=jax.random.key(0),
    )
    term = new_term(lessons, 12, width=3, depth=2, rng=np.random.default_rng(0))
    last = term.layers[-1]
    weights = jnp.asarray(np.random.default_rng(1).standard_normal(last.weights.shape))
    term = dataclasses.replace(term, layers=(*term.layers[:-1], dataclasses.replace(last, weights=weights)))
    flow = world.layers(world.spectrum(state), {k: jnp.asarray(v[0, 0]) for k, v in values.items()})
    found = on_points(world.plane, term(world.plane, flow), 12)

    def cut(seen):
        return on_points(
            world.plane, times(asked(world.plane), from_points(world.plane, term.on_grid(seen))), 12
        )

    wanted = np.asarray(cut(lessons.seen[0, 0]))
    size = np.abs(wanted).max()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * size)
    assert np.abs(cut(seen_by_network(world.plane, flow, 12)) - wanted).max() > 0.05 * size


def test_spectra_of_a_wave_are_where_they_belong():
    card = TwoLayer(points=12, substeps=2).card
    x = 2 * np.pi * np.arange(12) / 12
    wave = np.broadcast_to(np.sqrt(2) * np.cos(3 * x), (1, 5, 12, 12))
    data = Data({"q1": wave, "q2": 10 * wave}, {}, np.arange(5.0), np.arange(1), np.arange(1), card)
    spectra = observed_spectra(data, data.train)
    assert spectra.shape == (1, 2, 6)
    np.testing.assert_allclose(spectra[0, :, 3], [1.0, 100.0])
    assert spectra[0, 0].sum() == pytest.approx(1.0)
    assert misfit(spectra, spectra) == 0
    assert misfit(100 * spectra + 1, spectra + 0.01) == pytest.approx(2.0)
    assert misfit(np.nan * spectra, spectra) == 10.0
    assert log_spectra(spectra).shape == (6,)


def test_the_error_of_a_target_is_pooled_over_waves():
    """From two runs the standard error comes out as it is, for each field, and hardly differs from draw to draw."""
    rng = np.random.default_rng(0)
    spread = np.array([0.1, 0.3])[:, None]  # decades
    found = []
    for _ in range(40):
        spectra = 10.0 ** (spread * rng.standard_normal((2, 2, 61)))
        target, error = _target(spectra)
        np.testing.assert_array_equal(target, log_spectra(spectra))
        found.append(error.reshape(2, -1))
    found = np.asarray(found)
    assert (np.ptp(found, axis=2) == 0).all()
    np.testing.assert_allclose(np.sqrt((found[..., 0] ** 2).mean(0)), spread[:, 0], rtol=0.06)
    assert (found[..., 0].std(0) < 0.2 * spread[:, 0]).all()
    assert (_target(spectra[:1])[1] == FLOOR).all()


def test_a_prior_on_as_many_waves_is_refused():
    def given(world: Any) -> Any:
        return Data({}, {}, np.arange(2.0), np.arange(1), np.arange(1), world.card)

    key, eddies = jax.random.key(0), NavierStokes(grid=36, points=12, wavenumber=2, dt=0.2)
    for world in (TwoLayer(points=12, substeps=2), TwoLayer(points=12, fine=12, substeps=2)):
        for prior in (world, TwoLayer(**{"points": 12, "substeps": 2} | world.card.imperfect)):
            with pytest.raises(BadSpec, match="fine = 64"):
                Closure().fit(given(world), prior=prior, key=key)
    with pytest.raises(BadSpec, match="twin = 'coarse'"):
        Closure().fit(given(eddies), prior=eddies, key=key)
    fine = TwoLayer(**LAYERS)
    with pytest.raises(BadSpec, match="the data's coarse twin as `prior`"):
        Closure().fit(given(fine), prior=fine, key=key)


def test_what_cannot_be_closed_is_refused():
    data: Any = None
    key = jax.random.key(0)
    world = TwoLayer(points=12, substeps=2)
    with pytest.raises(BadSpec, match="way must be one of"):
        Closure(way="magic").fit(data, prior=world, key=key)
    with pytest.raises(BadSpec, match="form must be one of"):
        Closure(form="none").fit(data, prior=world, key=key)
    with pytest.raises(BadSpec, match="coarse twin"):
        Closure().fit(data, prior=build("worlds", "lorenz63"), key=key)
    with pytest.raises(BadSpec, match="stirred by noise"):
        Closure().fit(data, prior=NavierStokes(forcing="ring", grid=48, wavenumber=8), key=key)
    with pytest.raises(BadSpec, match="at least 3 members"):
        Closure(members=1).fit(data, prior=world, key=key)
    with pytest.raises(BadSpec, match="depth 2"):
        dataclasses.replace(Closure(), depth=1).fit(data, prior=world, key=key)
