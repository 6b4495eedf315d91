"""Networks that obey an equation: start and slope are exact, windows join, unknown coefficients are found, refusals."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from scipy.integrate import solve_ivp

from gnomon.spec.errors import BadSpec
from gnomon.training.physics_informed import Observed, Problem, Training, residuals, solve, weights_of
from gnomon.worlds.flow.lorenz63 import Lorenz63

SIZE = np.array([8.0, 9.0, 8.6])


class Decay(eqx.Module):
    """Every number decays at one rate."""

    def __call__(self, y, c):
        return -c["rate"] * y


class Spring(eqx.Module):
    """Place and speed; powers of the place, of which the truth has some."""

    def __call__(self, y, c):
        x, v = y
        return jnp.stack([v, c["linear"] * x + c["even"] * x**2 + c["cubic"] * x**3])


class Convection(eqx.Module):
    """The world's own right-hand side; two of its parameters are fixed, one may be unknown."""

    world: Lorenz63

    def __call__(self, y, c):
        return self.world.tendency(y, c).astype(y.dtype)


class Divided(eqx.Module):
    by: jax.Array

    def __call__(self, residual):
        return residual / self.by


def single(x):
    return jnp.asarray(np.asarray(x, np.float32))


def decaying(rate=1.0, end=2.0):
    return Problem(
        Decay(),
        Divided(single(1.0)),
        {"rate": single(rate)},
        single([1.0, 1.0]),
        single(1.0),
        single(0.0),
        single(end),
    )


def convecting(rho=28.0, end=2.0):
    return Problem(
        Convection(Lorenz63()), Divided(single(SIZE / 0.2)), {"rho": single(rho)}, single(SIZE), single(0.2),
        single(0.0), single(end),
    )  # fmt: skip


@pytest.fixture(scope="module")
def marched():
    """Two windows; the rate is unknown (first guess 0.6, truth 1.0) and one of two numbers is observed."""
    times = np.linspace(0.1, 2.0, 20)
    observed = Observed(single(times), single(3.0 * np.exp(-times))[:, None], (0,))
    return solve(
        decaying(rate=0.6), [[3.0, -1.0]], "marched", Training(800, 8, 12, 1, 1e-2, 2),
        unknown=("rate",), observed=observed, key=jax.random.key(0),
    )[0]  # fmt: skip


def test_weights_are_those_that_are_learnt():
    training = Training(2, 4, 5, 3, 1e-2, 1)
    (found,) = solve(decaying(), [[3.0, -1.0]], "whole", training, key=jax.random.key(0))
    assert found.weights == weights_of(5, 3, 2)


def test_a_training_that_starts_anew_goes_on_with_its_weights():
    """Two starts share the updates: the end is not that of the first alone, nor that of one start as long as both."""
    ways = {"half": Training(20, 4, 6, 1, 1e-2, 1), "anew": Training(40, 4, 6, 1, 1e-2, 1, restarts=2)}
    made = {
        name: solve(decaying(), [[3.0, -1.0]], "whole", t, key=jax.random.key(0))[0].at([1.0, 2.0])
        for name, t in (*ways.items(), ("still", ways["anew"]._replace(updates=40, restarts=1)))
    }
    gaps = [np.abs(made["anew"] - made[other]).max() for other in ("half", "still")]
    assert min(gaps) > 1e-4
    exact = np.outer(np.exp(-np.array([1.0, 2.0])), [3.0, -1.0])
    assert np.abs(made["anew"] - exact).max() < np.abs(made["half"] - exact).max()
    with pytest.raises(BadSpec, match="restarts need at least as many updates"):
        solve(decaying(), [[3.0, -1.0]], "whole", ways["anew"]._replace(updates=1), key=jax.random.key(0))


def test_windows_join_and_the_start_holds(marched):
    np.testing.assert_allclose(marched.at([0.0])[0], [3.0, -1.0], atol=1e-6)
    edge = marched.edges[1]
    before, after = marched.at([edge, edge + 1e-5])
    np.testing.assert_allclose(before, after, atol=1e-4)
    assert marched.weights == 2 * (12 + 12 + 24 + 2 + 1)


def test_an_unknown_rate_is_learnt_along(marched):
    """The unseen number follows the right rate and not the first guess."""
    assert abs(marched.learnt["rate"] - 1.0) < 0.03
    wanted, guess = -np.exp(-2.0), -np.exp(-1.2)
    assert abs(marched.at([2.0])[0, 1] - wanted) < 0.03 < abs(guess - wanted)


def test_a_hidden_term_is_found_beside_the_solution_and_one_that_is_not_there_is_not():
    """x'' = -x - x^3, a stiffening spring, by Jacobi's cn; the library's square and cube both begin at nothing."""
    times = np.linspace(0.15, 6.0, 40)
    exact = special.ellipj(np.sqrt(2.0) * times, 0.25)[1]  # from x = 1 at rest: w^2 = 1 + 1, m = 1 / (2 w^2)
    problem = dataclasses.replace(
        decaying(end=6.0),
        tendency=Spring(),
        coefficients={"linear": single(-1.0), "even": single(0.0), "cubic": single(0.0)},
    )
    (found,) = solve(
        problem, [[1.0, 0.0]], "whole", Training(3000, 32, 24, 2, 1e-2), unknown=("even", "cubic"),
        observed=Observed(single(times), single(exact)[:, None], (0,)), key=jax.random.key(0),
    )  # fmt: skip
    assert found.learnt["cubic"] == pytest.approx(-1.0, abs=0.05)
    assert found.learnt["even"] == pytest.approx(0.0, abs=0.05)
    np.testing.assert_allclose(found.at(times)[:, 0], exact, atol=0.02)


def test_the_residual_is_that_of_the_equation(marched):
    """Against finite differences of the solution; a wrong rate does not fit."""
    network, times = marched.networks[0], np.linspace(0.1, 0.9, 5)
    h = 1e-2
    slope = (marched.at(times + h) - marched.at(times - h)) / (2 * h)
    own = np.asarray(network.shifts["rate"]) * 0.6 + 0.6
    made = np.asarray(eqx.filter_jit(residuals)(marched.problem, network, single(times)))
    np.testing.assert_allclose(made, slope + own * marched.at(times), atol=2e-3)
    assert np.abs(made - (slope + 0.6 * marched.at(times))).max() > 0.1


def test_wrong_questions_are_named():
    with pytest.raises(BadSpec, match="one of the ways whole, growing, marched, got 'causal'"):
        solve(decaying(), [[1.0, 1.0]], "causal", key=jax.random.key(0))
    with pytest.raises(BadSpec, match="not among rate"):
        solve(decaying(), [[1.0, 1.0]], unknown=("speed",), key=jax.random.key(0))
    with pytest.raises(BadSpec, match="from observations only"):
        solve(decaying(), [[1.0, 1.0]], unknown=("rate",), key=jax.random.key(0))
    with pytest.raises(BadSpec, match="as many updates"):
        solve(decaying(), [[1.0, 1.0]], "marched", Training(updates=3), key=jax.random.key(0))
    with pytest.raises(BadSpec, match="ends after it begins"):
        solve(decaying(end=0.0), [[1.0, 1.0]], key=jax.random.key(0))


def lorenz(start, times):
    def right(t, y):
        return [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]

    return solve_ivp(right, (0, times[-1]), start, t_eval=times, rtol=1e-10, atol=1e-10).y.T


START = lorenz([1.0, 1.0, 25.0], np.array([0.0, 10.0]))[-1]


@pytest.mark.slow
def test_marching_follows_chaos_where_the_plain_method_does_not():
    times = np.linspace(0, 2, 101)
    truth = lorenz(START, times)

    def error(way):
        found = solve(convecting(), [START], way, Training(12000, windows=10), key=jax.random.key(0))[0]
        return np.sqrt(np.mean(((found.at(times) - truth) / SIZE) ** 2))

    assert error("marched") < 0.02
    assert error("whole") > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("way", ["growing", "marched"])
def test_an_unknown_rho_is_found(way):
    """x alone is seen, at 40 moments; first guess 20, truth 28."""
    times = np.linspace(0.025, 1.0, 40)
    truth = lorenz(START, np.concatenate([[0.0], times]))[1:]
    observed = Observed(single(times), single(truth[:, :1]), (0,))
    found = solve(
        convecting(rho=20.0, end=1.0), [START], way, Training(9000, windows=3), unknown=("rho",),
        observed=observed, key=jax.random.key(0),
    )[0]  # fmt: skip
    assert abs(found.learnt["rho"] - 28.0) < 0.5
