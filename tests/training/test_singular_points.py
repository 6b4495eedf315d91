"""Equations at singular points: exact solutions obey them, exponents are factored out, what cannot be is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from gnomon.numerics.singular_equations import accretion, bessel, hypergeometric, legendre
from gnomon.spec.errors import BadSpec
from gnomon.training.singular_points import (
    Accretion,
    Problem,
    Training,
    critical_ansatz,
    frobenius,
    solve_singular,
    with_ends,
)

THIRD = 1 / 3
EQUATIONS = [legendre(6), bessel(THIRD), hypergeometric(1.5, -2.2, 0.5)]


def parts(equation):
    return equation.second, equation.first, equation.zeroth


def derivatives(f, x, h=1e-3):
    """By central differences of sixth order: value, slope, bend."""
    steps = np.arange(-3, 4)
    values = [f(x + n * h) for n in steps]
    first = sum(c * v for c, v in zip((-1, 9, -45, 0, 45, -9, 1), values, strict=True)) / (60 * h)
    second = sum(c * v for c, v in zip((2, -27, 270, -490, 270, -27, 2), values, strict=True)) / (180 * h**2)
    return values[3], first, second


@pytest.mark.parametrize("given", EQUATIONS, ids=lambda g: g.name)
@pytest.mark.parametrize("factored", [False, True])
def test_exact_solutions_obey_their_equation_and_no_other_does(given, factored):
    exponent = given.exponent if factored else 0.0
    equation = frobenius(*parts(given), exponent)
    x = np.linspace(0.15, 0.8, 9) * given.end

    def left(power):
        made = derivatives(lambda at: given.exact(at) / at**power, x)
        terms = np.asarray(jax.vmap(equation.terms)(*map(jnp.asarray, (x, *made))))
        return np.abs(terms.sum(1)).max() / np.abs(terms).max()

    assert left(exponent) < 1e-5
    assert left(exponent + 0.1) > 1e-2


def test_bessel_of_scipy_is_what_the_equation_means():
    """J' by its recurrence: no differences, no series of ours."""
    x = np.linspace(0.5, 7.0, 5)
    made = (special.jv(THIRD, x), special.jvp(THIRD, x), special.jvp(THIRD, x, 2))
    equation = frobenius(*parts(bessel(THIRD)), 0.0)
    terms = np.asarray(jax.vmap(equation.terms)(*map(jnp.asarray, (x, *made))))
    np.testing.assert_allclose(terms.sum(1), 0.0, atol=1e-5)


def test_falling_gas_is_slow_far_out_and_passes_the_speed_of_sound():
    x = np.array([0.3, 0.6, 1.5, 3.0])
    u, slope, _ = derivatives(lambda at: np.log(accretion(at)), x)
    terms = np.asarray(jax.vmap(Accretion().terms)(*map(jnp.asarray, (x, u, slope, slope))))
    np.testing.assert_allclose(terms.sum(1), 0.0, atol=1e-6)
    held = np.asarray(jax.vmap(Accretion(True).terms)(*map(jnp.asarray, (x, u, slope, slope))))
    np.testing.assert_allclose(held, terms / (x - 1.0)[:, None], rtol=1e-6)
    assert accretion(1.0) == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(accretion(np.linspace(0.2, 5.0, 99))) < 0).all()


def test_a_root_of_the_indicial_equation_takes_a_factor_of_x_away():
    root, no_root = (frobenius(*parts(bessel(THIRD)), e) for e in (THIRD, 0.0))
    np.testing.assert_allclose(root.second, [0.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(root.first, [2 * THIRD + 1.0, 0.0, 0.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(root.zeroth, [0.0, 1.0, 0.0, 0.0], atol=1e-7)
    assert len(no_root.second) == 5
    assert float(no_root.leading(jnp.asarray(0.0), jnp.asarray(1.0))) == 0.0


def problem(factored, order=THIRD, end=2.0):
    given = bessel(order, end)
    last = float(given.exact(np.array(end)))
    exponent = order if factored else 0.0
    ends = with_ends(exponent, end, last, None if factored else 0.0)
    return Problem(frobenius(*parts(given), exponent), ends, 0.0, end)


def test_a_factored_exponent_is_learnt_where_a_smooth_network_cannot_follow_the_root():
    x = np.linspace(0.0, 2.0, 41)
    exact = special.jv(THIRD, x)
    error = {}
    for factored in (True, False):
        (made,) = solve_singular(problem(factored), "cleared", Training(500, 32, 12), key=jax.random.key(0))
        values = made.at(x)
        np.testing.assert_allclose(values[[0, -1]], exact[[0, -1]], atol=1e-6)  # ends hold exactly
        error[factored] = np.linalg.norm(values - exact) / np.linalg.norm(exact)
    assert error[True] < 0.01
    assert error[False] > 5 * error[True]


def test_what_is_held_at_a_critical_point_and_at_the_end_no_network_changes():
    ansatz = critical_ansatz(1.0, 1.0, -1.0, 0.25, 4.0, 0.2)
    offset, bubble = (np.polynomial.Polynomial(c) for c in ansatz[1:])
    np.testing.assert_allclose([offset(1.0), offset.deriv()(1.0), offset(4.0)], [1.0, -1.0, 0.2])
    np.testing.assert_allclose([bubble(1.0), bubble.deriv()(1.0), bubble(4.0)], 0.0, atol=1e-12)
    assert max(abs(bubble(np.linspace(0.25, 4.0, 99)))) == pytest.approx(1.0, abs=1e-3)
    # the slope of the falling gas: both terms vanish at the point, their ratio is the slope's square
    assert derivatives(accretion, np.array([1.0]), 0.05)[1] == pytest.approx(-1.0, abs=1e-3)


@pytest.mark.parametrize("weighing", ["written", "adaptive"])
def test_seeds_differ_and_repeat(weighing):
    runs = [
        [s.at([0.7]) for s in solve_singular(problem(True), weighing, Training(5, 8, 6), seeds=2, key=key)]
        for key in [jax.random.key(1)] * 2
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert runs[0][0] != runs[0][1]


def test_wrong_questions_are_named():
    key, good = jax.random.key(0), problem(True)
    with pytest.raises(BadSpec, match="one of the ways written, cleared, adaptive, got 'causal'"):
        solve_singular(good, "causal", key=key)
    with pytest.raises(BadSpec, match="begins at 0 or beyond and ends later"):
        solve_singular(good._replace(end=0.0), key=key)
    with pytest.raises(BadSpec, match="must be at least 1"):
        solve_singular(good, seeds=0, key=key)
    with pytest.raises(BadSpec, match="not a regular singular"):
        frobenius((0.0, 1.0), (1.0,), (1.0,), 0.0)
    with pytest.raises(BadSpec, match="must be finite"):
        frobenius((1.0,), (np.nan,), (1.0,), 0.0)
    with pytest.raises(BadSpec, match="between the ends"):
        critical_ansatz(1.0, 1.0, -1.0, 0.25, 1.0, 0.2)
    with pytest.raises(BadSpec, match="not negative"):
        with_ends(-0.5, 1.0, 1.0)
