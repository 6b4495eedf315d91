"""Linear and classical learners: the contract, and cases whose answer is known."""

import functools

import jax
import numpy as np
import pytest

from gnomon.core.learner import Data, Fit
from gnomon.learners.delay_embedding_linear import DelayEmbeddingLinear
from gnomon.learners.mode_decomposition import ModeDecomposition
from gnomon.learners.residual_dictionary import ResidualDictionary
from gnomon.learners.sparse_equations import SparseEquations
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from tests.learners.training_data import make_data


@functools.cache
def lorenz() -> Data:
    return make_data(build("worlds", "lorenz63", {}), train=4, validation=2, steps=90)


def at_one_heating(data: Data) -> Data:
    """The knob told as if it had never moved."""
    return data._replace(forcing={k: np.full_like(v, 28.0) for k, v in data.forcing.items()})


def oscillation(noise: float = 0.0) -> tuple[Data, np.ndarray]:
    """A damped oscillation of two numbers and a decaying third, in the place of lorenz63's variables."""
    data = lorenz()
    rates = np.array([-0.1 + 2j, -0.1 - 2j, -0.5])
    rng = np.random.default_rng(5)
    start = rng.uniform(1, 2, (6, 3))
    t = data.time[None]
    wave = np.exp(rates[0] * t) * (start[:, :1] + 1j * start[:, 1:2])
    parts = wave.real, wave.imag, start[:, 2:] * np.exp(rates[2].real * t)
    obs = {k: p + noise * rng.standard_normal(p.shape) for k, p in zip("xyz", parts, strict=True)}
    return at_one_heating(data)._replace(obs=obs), rates


@pytest.mark.slow
def test_contract_with_a_start_fitted_to_the_past():
    """The others keep it in test_learners.py; uncompiled, fitting a start takes minutes."""
    learner = SparseEquations(budget=1, degree=2, resamples=2, assimilate_steps=8, refine=False)
    fit = check_learner(
        learner, build("worlds", "lorenz63", {}), lorenz(), eager=False, key=jax.random.key(1)
    )
    assert fit.simulator.card.name == "sindy"
    assert fit.simulator.card.context == 8


def test_modes_have_the_rates_of_a_linear_system():
    data, wanted = oscillation()
    log = ModeDecomposition(delays=1, rank="1.0", budget=1).fit(data, key=jax.random.key(0)).log
    seen = np.array([complex(r["growth"], r["frequency"]) for r in log["rates"]])
    for value in wanted:  # the constant, of rate 0 or as good as gone, may be among them
        assert np.abs(seen - value).min() < 1e-6
    assert log["validation"]["nrmse"] < 1e-6


def test_residuals_of_a_linear_system_vanish_and_those_of_chaos_do_not():
    learner = ResidualDictionary(dictionary="monomials", degree=2, budget=1)
    linear = learner.fit(oscillation()[0], key=jax.random.key(0)).log
    chaos = learner.fit(lorenz(), key=jax.random.key(0)).log
    assert linear["spurious"] == 0
    assert max(p["residual"] for p in linear["spectrum"]) < 1e-3
    assert linear["validation"]["nrmse"] < 1e-3
    assert chaos["spurious"] > 0
    assert chaos["spectrum"][0]["residual"] < 1e-6  # the constant is an eigenfunction of every system


def test_forced_linear_model_tells_what_the_paper_tells():
    log = DelayEmbeddingLinear(delays=16, rank=10, budget=1).fit(lorenz(), key=jax.random.key(0)).log
    assert len(log["rates"]) == 9
    assert log["forcing kurtosis"] > 3.0  # intermittent: heavier tails than a normal law
    linear = DelayEmbeddingLinear(delays=8, rank=4, budget=1).fit(oscillation()[0], key=jax.random.key(0)).log
    assert linear["one-step residual"] < 1e-4 < log["one-step residual"]


@functools.cache
def equations() -> Fit:
    learner = SparseEquations(degree=2, budget=1, resamples=4, assimilate_steps=20)
    with jax.enable_x64(True):
        return learner.fit(lorenz(), key=jax.random.key(0))


def test_lorenz_equations_with_their_knob_are_found_and_written():
    log = equations().log
    terms = [
        set(line.split(" = ")[1].replace("+", "|").replace("-", "|").split("|")) for line in log["equations"]
    ]
    words = [{" ".join(t.split()[1:]) for t in group if t.strip()} for group in terms]
    assert words[0] == {"x", "y"}
    assert words[1] == {"y", "x z", "x rho"}
    assert words[2] == {"z", "x y"}
    assert equations().simulator.card.knobs == ("rho",)
    for name, variable in zip("xyz", lorenz().card.variables, strict=True):
        assert abs(log["noise"][name] / variable.obs_error - 1.0) < 0.35
    assert log["validation"]["nrmse"] < 0.02


def test_equations_without_the_terms_of_the_truth_are_told_by_their_noise():
    short = SparseEquations(degree=1, budget=1, resamples=0, assimilate_steps=1)
    log = short.fit(lorenz(), key=jax.random.key(0)).log
    assert log["validation"]["valid_time"] < 0.5 * equations().log["validation"]["valid_time"]
    assert max(log["noise"].values()) > 10 * max(equations().log["noise"].values())


def test_a_knob_that_never_moves_is_no_input():
    learner = SparseEquations(degree=2, budget=1, resamples=0, assimilate_steps=1, refine=False)
    fit = learner.fit(oscillation(0.001)[0], key=jax.random.key(0))
    assert fit.simulator.card.knobs == ()
    assert all("rho" not in line for line in fit.log["equations"])


@pytest.mark.parametrize(
    "learner",
    [
        SparseEquations(assimilate_steps=65),
        SparseEquations(include=0.0),
        SparseEquations(sines=-1),
        ModeDecomposition(rank="most"),
        ModeDecomposition(delays=70),
        DelayEmbeddingLinear(rank=1),
        ResidualDictionary(dictionary="words"),
    ],
)
def test_settings_out_of_range_are_refused(learner):
    with pytest.raises(BadSpec):
        learner.fit(lorenz(), key=jax.random.key(0))
