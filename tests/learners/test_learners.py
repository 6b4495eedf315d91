"""Every registered learner keeps its contract, on a world of one site and on a homogeneous one."""

import dataclasses

import jax
import numpy as np
import pytest

from gnomon.core.learner import AbstractLearner, Data
from gnomon.core.lesson import AbstractTaughtLearner
from gnomon.core.world import AbstractWorld
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build, entries, load
from gnomon.testing.learners import check_learner
from tests.learners.training_data import make_data

WINDOW = {"budget": 1, "width": 8, "updates": 8, "batch": 16, "unroll": 0, "depth": 1, "hidden": 2}
SMALL = {
    "linear": {"budget": 3},
    "analogue": {"budget": 2, "entries": 200},
    "nvar": {"budget": 2, "most_stages": 2},
    "echo_state": {"budget": 2, "units": 24, "local_units": 16, "warm_up": 10},
    "residual": {"budget": 1, "width": 8, "updates": 12, "batch": 64, "unroll": 2},
    "hybrid": {"budget": 2},
    "hybrid_echo_state": {"budget": 2, "units": 24, "local_units": 16, "warm_up": 10},
    "hybrid_of": {"of": "linear", "of_args": '{"budget": 1}'},
    "dmd": {"budget": 2},
    "havok": {"budget": 2},
    "resdmd": {"budget": 4, "centres": 40},
    "sindy": {"budget": 1, "degree": 2, "resamples": 2, "assimilate_steps": 1, "refine": False},
    "deep_ensemble": {"of": "linear", "of_args": '{"budget": 1}', "members": 2},
    "calibrated": {
        "of": "linear", "of_args": '{"budget": 1}', "members": 3, "starts": 4, "horizon": 0.5, "refine": 1,
    },
    "conformal": {"of": "linear", "of_args": '{"budget": 1}', "starts": 6, "horizon": 0.5},
    "dropout_ensemble": {"budget": 1, "width": 8, "updates": 4, "batch": 32, "unroll": 2},
    "shallow_plrnn": {"budget": 1, "hidden": 8, "updates": 12, "batch": 4, "snapshots": 2, "length": 12},
    "almost_linear_rnn": {"budget": 1, "units": 6, "updates": 12, "batch": 4, "snapshots": 2, "length": 12},
    "lstm": {"budget": 1, "hidden": 6, "updates": 12, "batch": 4, "snapshots": 2, "length": 12, "warm": 4},
    "stnn": {
        "budget": 1, "delays": 3, "width": 12, "terms": 2, "updates": 12, "batch": 4, "snapshots": 2, "length": 6,
    },
    "mamba": {**WINDOW, "context": 5, "tokens": 2},
    "spacetime": {**WINDOW, "context": 5, "tokens": 2},
    "phyxmamba": {
        **WINDOW, "unroll": 2, "look_back": 6, "patch": 2, "delays": 2, "lag": 2, "further": 1,
    },
    "transformer": {
        "budget": 1, "width": 8, "updates": 8, "batch": 16, "unroll": 0, "depth": 1, "heads": 2, "context": 5,
        "tokens": 2,
    },
    "nbeats": {
        "budget": 1, "width": 8, "updates": 8, "batch": 16, "unroll": 2, "context": 4, "tokens": 3, "consume": 2,
    },
    "neural_ode": {"budget": 1, "width": 8, "updates": 6, "batch": 32, "unroll": 1},
    "neural_sde": {"budget": 1, "width": 8, "updates": 6, "batch": 32, "unroll": 1},
    "hamiltonian_network": {"budget": 1, "width": 8, "updates": 4, "batch": 16, "unroll": 1},
    "corrected_physics": {"budget": 1, "width": 8, "updates": 6, "batch": 32, "unroll": 1},
}  # fmt: skip
# Those that take lessons need a world made of columns (test_column_hybrid.py, test_shipped_hybrid.py), operators of
# fields a geometry (test_field_contracts.py), those of depth a scene (test_depth_learners.py, test_spread_depth.py):
# their contract is held there. A closure needs a coarse twin (test_closure.py).
OF_FIELDS = (
    "fourier_operator", "unet", "deep_operator", "latent_spectral", "kernel_operator", "attention_operator", "refiner",
)  # fmt: skip
ELSEWHERE = (
    "closure", "shipped_hybrid", *OF_FIELDS,
    "sidert", "sidert_spread", "shipped_sidert", "depth_unet", "depth_linear", "mean_depth",
)  # fmt: skip
NAMES = sorted(
    n
    for n in entries("learners")
    if n not in ELSEWHERE
    and issubclass(load("learners", n), AbstractLearner)
    and not issubclass(load("learners", n), AbstractTaughtLearner)
)
# one site, and a ring with a patterned knob; the ring without a pattern shares all code with the latter
WORLDS = {"lorenz63": {}, "kuramoto_sivashinsky": {}}
_made: dict[str, tuple[AbstractWorld, AbstractWorld, Data]] = {}


def world_and_data(name: str) -> tuple[AbstractWorld, AbstractWorld, Data]:
    """Made once for the whole module."""
    if name not in _made:
        world = build("worlds", name, WORLDS[name])
        prior = build("worlds", name, world.card.imperfect)
        _made[name] = world, prior, make_data(world, train=4, validation=2, steps=90)
    return _made[name]


# Compiling these takes most of the time: on the ring, and without compilation, they are checked by `make test-slow`.
HEAVY = {
    "almost_linear_rnn", "calibrated", "conformal", "corrected_physics", "deep_ensemble", "dropout_ensemble",
    "hamiltonian_network", "lstm", "mamba", "nbeats", "neural_ode", "neural_sde", "phyxmamba", "pretrained",
    "shallow_plrnn", "spacetime", "stnn", "transformer",
}  # fmt: skip
LONGEST = {"dropout_ensemble", "hamiltonian_network", "phyxmamba"}  # to compile; in `make test-slow` alone
QUICK = [
    pytest.param(n, w, id=f"{n}-{w}", marks=[pytest.mark.slow] * (n in LONGEST))
    for n in NAMES
    for w in WORLDS
    if w == "lorenz63" or n not in HEAVY
]


def contract(name: str, world_name: str, eager: bool) -> None:
    world, prior, data = world_and_data(world_name)
    learner = build("learners", name, SMALL.get(name))
    fit = check_learner(learner, world, data, prior=prior, eager=eager, key=jax.random.key(1))
    assert fit.simulator.card.name == name


@pytest.mark.contracts
@pytest.mark.parametrize(("name", "world_name"), QUICK)
def test_contract(name, world_name):
    contract(name, world_name, eager=world_name == "lorenz63" and name not in HEAVY)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HEAVY))
def test_contract_on_a_ring(name):
    contract(name, "kuramoto_sivashinsky", eager=False)  # a field without compilation takes minutes


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HEAVY))
def test_compiled_runs_are_those_without_compilation(name):
    contract(name, "lorenz63", eager=True)


@pytest.mark.parametrize("name", [*NAMES, *OF_FIELDS])
def test_fields_are_plain_and_typed(name):
    learner = build("learners", name)
    assert learner.role in (("learner",) if name in OF_FIELDS else ("learner", "baseline"))
    assert all(isinstance(getattr(learner, f.name), int | float | str) for f in dataclasses.fields(learner))


@pytest.mark.parametrize("name", ["hybrid", "hybrid_echo_state", "hybrid_of", "corrected_physics"])
def test_hybrids_ask_for_physics(name):
    _, _, data = world_and_data("lorenz63")
    with pytest.raises(BadSpec, match="imperfect physics"):
        build("learners", name).fit(data, key=jax.random.key(0))


def test_validation_is_never_fitted():
    """Changing validation values leaves the weights of a setting as they are."""
    _, _, data = world_and_data("lorenz63")
    learner = build("learners", "linear", {"budget": 1})
    obs = {k: v.copy() for k, v in data.obs.items()}
    for v in obs.values():
        v[data.validation] += 0.5
    a = learner.fit(data, key=jax.random.key(0)).simulator
    b = learner.fit(data._replace(obs=obs), key=jax.random.key(0)).simulator
    assert all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
