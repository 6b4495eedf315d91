"""The missing term is found: in twins of worlds, in noise, and nothing where nothing is missing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.missing_terms import explain, missing_terms
from gnomon.numerics.missing_terms_noisy import analysed, clear_waves, projected
from gnomon.numerics.term_library import derivative_terms, monomial_terms
from gnomon.spec.registry import build


def _states(name, count):
    world = build("worlds", name)
    starts = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(0), count))
    knobs = {k.name: jnp.asarray([k.default]) for k in world.card.knobs}
    from gnomon.core.forcing import Forcing

    forcing = Forcing(times={n: jnp.zeros(1) for n in knobs}, values=knobs)
    steps = round(min(world.card.spinup, 100.0) / world.card.dt)

    def body(i, s):
        return world.step(s, forcing, time=0.0, key=jax.random.key(0))

    return jax.jit(jax.vmap(lambda s: jax.lax.fori_loop(0, steps, body, s)))(starts)


def _twins(name, args, wrong):
    return build("worlds", name, args), build("worlds", name, args | wrong)


def test_derivative_terms_are_derivatives():
    x = 2 * np.pi * np.arange(32) / 32
    terms = derivative_terms(np.stack([np.sin(x), np.cos(2 * x)]), 2 * np.pi)
    assert len(terms.labels) == 24
    found = dict(zip(terms.labels, np.moveaxis(terms.values, -1, 0), strict=True))
    np.testing.assert_allclose(found["u^2 u_xxx"][0], -(np.sin(x) ** 2) * np.cos(x), atol=1e-10)
    np.testing.assert_allclose(found["u_xxxx"][1], 16 * np.cos(2 * x), atol=1e-9)
    np.testing.assert_allclose(found["u^4"][1], np.cos(2 * x) ** 4, atol=1e-12)


def test_monomials_of_scalars_and_of_neighbours():
    scalars = monomial_terms({"x": np.asarray([2.0]), "y": np.asarray([3.0])})
    assert dict(zip(scalars.labels, scalars.values[0], strict=True)) == {
        "1": 1, "x": 2, "y": 3, "x x": 4, "x y": 6, "y y": 9,
    }  # fmt: skip
    ring = monomial_terms({"x": np.arange(5.0)[None]}, degree=1, reach=1)
    assert ring.labels == ("1", "x[-1]", "x", "x[+1]")
    np.testing.assert_array_equal(ring.values[0, 0], [1, 4, 0, 1])


@pytest.mark.parametrize(
    ("name", "args", "wrong", "missing"),
    [
        ("burgers", {"dt": 0.001, "substeps": 1, "points": 192}, {"viscosity": 0.15}, {"u_xx": -0.05}),
        pytest.param(
            "kuramoto_sivashinsky", {"dt": 0.001, "substeps": 1, "points": 128},
            {"growth": 1.1, "hyperviscosity": 1.1}, {"u_xx": 0.1, "u_xxxx": 0.1}, marks=pytest.mark.slow,
        ),
        pytest.param(
            "korteweg_de_vries", {"dt": 0.001, "substeps": 1, "points": 128}, {"dispersion": 0.9}, {"u_xxx": -0.1},
            marks=pytest.mark.slow,
        ),
        pytest.param("lorenz96", {"dt": 0.001}, {"damping": 0.8}, {"x": -0.2}, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_imperfect_twin_is_found_out(name, args, wrong, missing):
    world, model = _twins(name, args, wrong)
    states = _states(name, 12)
    (found,) = missing_terms(world, model, states)
    assert set(found.weights) == set(missing)
    for label, value in missing.items():
        assert found.weights[label] == pytest.approx(value, rel=1e-3)
    assert found.unexplained < 0.01
    assert missing_terms(world, world, states) == ()  # nothing is missing in the world itself


def test_error_that_no_term_explains_gives_no_term():
    """The case that must fail: a model error that is noise."""
    rng = np.random.default_rng(0)
    u = np.cumsum(rng.normal(size=(20, 64)), axis=1)
    found = explain("u", rng.normal(size=u.shape), (derivative_terms(u - u.mean(), 1.0),), 0.1, 4.0)
    assert not found.weights
    assert found.unexplained == pytest.approx(1.0, abs=0.01)
    assert "nothing" in str(found)


@pytest.mark.slow
def test_missing_diffusion_is_found_in_noise_by_projection():
    """The analysis of pairs runs too; `validation.medida` shows how good each is."""
    args = {"dt": 0.02, "substeps": 1, "points": 192}
    world, model = _twins("burgers", args, {"viscosity": 0.05})
    from gnomon.numerics.missing_terms import observations, one_step

    # the push is known to truth and model alike: it is taken as zero here
    states = jnp.asarray(_states("burgers", 60)).at[:, 192:].set(0.0)
    rng, error = np.random.default_rng(0), 0.003
    truth = {k: np.asarray(v) for k, v in observations(world, states).items()}["u"]
    end = observations(world, one_step(world, states))["u"]
    before, after = (x + error * rng.standard_normal(x.shape) for x in (truth, end))
    found = projected(_silent(model), before, after, error=error)
    assert found.weights["u_xx"] == pytest.approx(0.05, rel=0.05)
    other = analysed(_silent(model), before[:3], after[:3], error=error, members=400, spread=0.05, rng=rng)
    assert np.isfinite(other.unexplained)


def test_waves_that_cannot_be_seen_are_named():
    noise = np.random.default_rng(0).normal(size=(50, 64))
    with pytest.raises(ValueError, match="no wave"):
        clear_waves(noise, 1.0, 4.0)


def _silent(world):
    """A Burgers world whose background has no push."""
    import equinox as eqx

    return eqx.tree_at(lambda w: w.patterns, world, world.patterns * 0)
