"""Bad input to the rung of fields, case by case: what is given, and the name of what comes of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.learners.attention_operator import AttentionOperator
from gnomon.learners.closure import Closure
from gnomon.learners.deep_operator import DeepOperator
from gnomon.learners.field_emulator import FieldSimulator
from gnomon.learners.fourier_operator import FourierOperator, new_fourier_network
from gnomon.learners.kernel_operator import KernelOperator
from gnomon.learners.latent_spectral import LatentSpectral
from gnomon.learners.refiner import Refiner
from gnomon.learners.unet import UNet
from gnomon.numerics.fields import fields_of
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card
from gnomon.worlds.field.burgers import Burgers
from gnomon.worlds.field.gray_scott import GrayScott
from gnomon.worlds.field.korteweg_de_vries import KortewegDeVries
from gnomon.worlds.field.kuramoto_sivashinsky import KuramotoSivashinsky
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.plane import AbstractPlaneWorld
from gnomon.worlds.field.shallow_water import ShallowWater
from gnomon.worlds.field.two_layer import TwoLayer

NAN, INFINITE = float("nan"), float("inf")
SMALL = {
    "kuramoto_sivashinsky": {},
    "burgers": {},
    "korteweg_de_vries": {},
    "navier_stokes": {"grid": 32},
    "two_layer": {"points": 16},
    "shallow_water": {"grid": 24, "wavenumber": 2},
    "gray_scott": {"points": 12},
}
WORLDS = {
    "kuramoto_sivashinsky": KuramotoSivashinsky, "burgers": Burgers, "korteweg_de_vries": KortewegDeVries,
    "navier_stokes": NavierStokes, "two_layer": TwoLayer, "shallow_water": ShallowWater, "gray_scott": GrayScott,
}  # fmt: skip
REFUSED = [
    # wrong grids
    ("kuramoto_sivashinsky", {"points": 64, "grid": 0}, "grid is a multiple"),
    ("burgers", {"points": 64, "grid": 0}, "grid is a multiple"),
    ("korteweg_de_vries", {"points": 64, "grid": -128}, "grid is a multiple"),
    ("navier_stokes", {"grid": 33}, "even number"),
    ("two_layer", {"points": 16, "fine": 12}, "coarser than points"),
    ("shallow_water", {"grid": 24, "points": 23}, "even number"),
    ("gray_scott", {"points": 12, "fine": -24}, "even number"),
    # waves that the grid would fold back or let grow
    ("kuramoto_sivashinsky", {"points": 16, "grid": 16}, "not resolved: waves up to number 9 grow"),
    ("navier_stokes", {"grid": 32, "wavenumber": 11}, "cannot be forced"),
    ("shallow_water", {"grid": 24, "wavenumber": 9}, "cannot be forced"),
    # unstable steps
    ("kuramoto_sivashinsky", {"dt": 5.0, "substeps": 1}, "unstable step"),
    ("kuramoto_sivashinsky", {"substeps": 0}, "at least one substep"),
    ("burgers", {"dt": 0.5, "substeps": 1}, "unstable step"),
    ("korteweg_de_vries", {"substeps": 1, "dt": 0.5}, "unstable step"),
    ("navier_stokes", {"grid": 32, "substeps": 1}, "unstable step"),
    ("two_layer", {"points": 64, "substeps": 1}, "unstable step"),
    ("shallow_water", {"grid": 24, "wavenumber": 2, "substeps": 4}, "unstable step"),
    ("gray_scott", {"points": 12, "substeps": 2}, "unstable step"),
    # numbers that are none
    ("kuramoto_sivashinsky", {"length": NAN}, "length must be positive"),
    ("kuramoto_sivashinsky", {"hyperviscosity": 0.0}, "hyperviscosity must be positive"),
    ("kuramoto_sivashinsky", {"growth": INFINITE}, "growth must be finite"),
    ("kuramoto_sivashinsky", {"dt": -0.5}, "dt must be positive"),
    ("burgers", {"advection": NAN}, "advection must be finite"),
    ("korteweg_de_vries", {"steepening": INFINITE}, "steepening must be finite"),
    ("korteweg_de_vries", {"dispersion": NAN}, "dispersion must be finite"),
    ("navier_stokes", {"grid": 32, "beta": NAN}, "unstable step"),
    ("two_layer", {"points": 16, "diffusivity": NAN}, "diffusivity must be finite"),
    ("shallow_water", {"grid": 24, "coriolis": INFINITE}, "unstable step"),
    ("gray_scott", {"points": 12, "feed": NAN}, "feed must be finite"),
]


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_a_world_that_cannot_be_is_refused_by_name(name, given, words):
    with pytest.raises(BadSpec, match=f"{name}: .*{words}"):
        WORLDS[name](**given)


def smooth_state(world):
    """Two long waves of a tenth of each field's scale, about a mean at which nothing is extreme."""
    plane = isinstance(world, AbstractPlaneWorld)
    grid = world.plane.grid if plane else getattr(world, "grid", 0) or world.equation.grid
    turn = 2 * np.pi * np.arange(grid) / grid
    scales = [0.1 * v.scale for v in world.card.variables if v.shape]
    if not plane:
        pushes = np.zeros(len(world.card.variables) - 1)
        return jnp.asarray(np.concatenate([scales[0] * (np.sin(turn) + np.cos(2 * turn)), pushes]))
    wave = np.sin(turn) + np.cos(2 * turn)[:, None]
    return jnp.asarray(np.stack([s * wave for s in scales]))


def changed(state, how, world):
    """A state with one thing wrong in its first field."""
    plane = isinstance(world, AbstractPlaneWorld)
    field = state if plane else state[: getattr(world, "grid", 0) or world.equation.grid]
    rest = state[:0] if plane else state[len(field) :]
    if how == "not_resolved":
        field = jnp.asarray(0.1 * np.random.default_rng(0).normal(size=field.shape)) * jnp.abs(field).max()
    if how == "unstable_step":
        field = 1e4 * field
    if how == "not_finite":
        field = field.at[(0,) * field.ndim].set(jnp.nan)
    return field if plane else jnp.concatenate([field, rest])


@pytest.mark.parametrize("name", SMALL)
def test_what_became_of_a_state_has_a_name(name):
    world = WORLDS[name](**SMALL[name])
    state = smooth_state(world)
    for outcome in ("fine", "not_finite", "unstable_step", "not_resolved"):
        assert world.outcome(changed(state, outcome, world)) == outcome
    assert world.outcome(state.at[(-1,) * state.ndim].set(jnp.inf)) == "not_finite"


@pytest.mark.parametrize("name", ["kuramoto_sivashinsky", "burgers", "korteweg_de_vries"])
def test_a_ring_on_its_attractor_is_fine_and_what_is_told_unstable_is_lost(name):
    world = WORLDS[name]()
    forcing = Forcing(
        times={k.name: jnp.zeros(1) for k in world.card.knobs},
        values={k.name: jnp.full(1, float(k.default)) for k in world.card.knobs},
    )

    @eqx.filter_jit
    def run(state):
        def one(state, _):
            return world.step(state, forcing, time=0.0, key=jax.random.key(0)), None

        return jax.lax.scan(one, state, None, length=200)[0]

    state = run(world.init(key=jax.random.key(0)))
    assert world.outcome(state) == "fine"
    wild = changed(state, "unstable_step", world)
    assert world.outcome(wild) == "unstable_step"
    assert world.outcome(run(wild)) == "not_finite"


LEARNERS = {
    "fourier_operator": FourierOperator(budget=1, width=4, depth=1, updates=2, modes=3),
    "unet": UNet(budget=1, width=4, levels=1, updates=2),
    "deep_operator": DeepOperator(budget=1, width=4, depth=1, rank=4, updates=2),
    "latent_spectral": LatentSpectral(budget=1, width=4, levels=1, heads=2, updates=2),
    "refiner": Refiner(budget=1, width=4, levels=1, updates=2, refinements=1),
    "kernel_operator": KernelOperator(budget=1, width=4, updates=2),
    "attention_operator": AttentionOperator(budget=1, width=4, heads=2, updates=2),
    "closure": Closure(way="offline", width=4, depth=2, updates=2),
}
FLOW = {"points": 12, "fine": 18, "substeps": 2}


@pytest.fixture(scope="module")
def lessons() -> Data:
    """Smooth made-up fields of the two-layer world, as many as a fit asks for."""
    card = TwoLayer(**FLOW).card
    turn, rng = 2 * np.pi * np.arange(12) / 12, np.random.default_rng(0)
    wave = np.sin(turn + 6 * rng.random((4, 5, 1, 1))) * np.cos(turn)[:, None]
    return Data(
        obs={v.name: v.scale * (1 + n) * wave for n, v in enumerate(card.variables)},
        forcing={k.name: np.full((4, 5), k.default) for k in card.knobs},
        time=np.arange(5) * card.dt, train=np.arange(3), validation=np.arange(3, 4), card=card,
    )  # fmt: skip


def spoilt(values, row, number):
    return np.where((np.arange(len(values)) == row).reshape(-1, *[1] * (values.ndim - 1)), number, values)


SPOILT = {
    "a field of training is NaN": (
        lambda d: d._replace(obs=d.obs | {"q1": spoilt(d.obs["q1"], 1, NAN)}), "variable 'q1' is not finite in 1 of 4",
    ),
    "a field of validation is infinite": (
        lambda d: d._replace(obs=d.obs | {"q2": spoilt(d.obs["q2"], 3, INFINITE)}), "first in number 3",
    ),
    "a knob is NaN": (
        lambda d: d._replace(forcing={k: spoilt(v, 0, NAN) for k, v in d.forcing.items()}), "knob .* is not finite",
    ),
    "a knob is missing": (lambda d: d._replace(forcing={}), "the data hold none"),
    "a field is missing": (lambda d: d._replace(obs={"q1": d.obs["q1"]}), "the card names the variable 'q2'"),
    "another grid": (lambda d: d._replace(obs={k: v[..., :10] for k, v in d.obs.items()}), r"expected \(5, 12, 12\)"),
    "no time": (lambda d: d._replace(time=d.time[:3]), r"expected \(3, 12, 12\)"),
    "nothing to fit": (lambda d: d._replace(train=d.train[:0]), "got 0 and 1"),
    "nothing to judge on": (lambda d: d._replace(validation=d.train[:0]), "got 3 and 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
@pytest.mark.parametrize("name", LEARNERS)
def test_data_that_teach_nothing_are_named(name, case, lessons):
    change, words = SPOILT[case]
    prior = twin_of(lessons) if name == "closure" else None
    with pytest.raises(BadData, match=f"{name}: .*{words}"):
        LEARNERS[name].fit(change(lessons), prior=prior, key=jax.random.key(0))


def twin_of(data, **other):
    return TwoLayer(**({"points": 12, "substeps": 2} | data.card.imperfect | other))


def test_a_prior_on_another_grid_is_named(lessons):
    with pytest.raises(BadSpec, match=r"closure: `prior` shows .*16.* the data hold .*12"):
        LEARNERS["closure"].fit(lessons, prior=twin_of(lessons, points=16, fine=0), key=jax.random.key(0))


def test_what_a_learned_simulator_is_shown_has_the_grid_it_learnt_from(lessons):
    """As many points in another order too: they would be read as a field that is scrambled."""
    fields = fields_of(lessons, name="any")
    field = np.ones((12, 12))
    assert fields.encode({"q1": field, "q2": field}).shape == (144, 2)
    for shape in ((9, 16), (144,), (12, 1), (6, 6)):
        with pytest.raises(BadData, match=r"'q1' comes as .* expected the grid \(12, 12\)"):
            fields.encode({"q1": np.ones(shape), "q2": field})


def test_a_simulator_that_is_not_finite_has_diverged(lessons):
    """The verdict of a free run is a number that says so, and is no NaN itself."""
    fields, rng = fields_of(lessons, name="any"), np.random.default_rng(0)
    network = new_fourier_network(fields.geometry, 2 + fields.told, 2, rng, width=2, depth=1, modes=2)
    card = learned_card("any", lessons, context=1)
    lost = FieldSimulator(card, fields, jnp.full(2, jnp.nan), network)
    starts = validation_starts(lessons, 1, reserve=1, starts=1, steps=2)
    verdict = free_run_verdict(lost, starts, lessons, key=jax.random.key(0))
    assert (verdict.diverged, verdict.nrmse, verdict.valid_time) == (1.0, 2.0, 0.0)
