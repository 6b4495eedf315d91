"""The loss of a told spread is a law's own density, least where the spread is right, deaf where nothing is known."""

import jax
import numpy as np
import pytest
from scipy.stats import laplace, norm

from gnomon.spec.errors import BadSpec
from gnomon.training.spread_loss import spread_log_loss

SLOPES = jax.jit(jax.value_and_grad(spread_log_loss, argnums=(0, 1)), static_argnames=("family", "softened"))
RNG = np.random.default_rng(0)
PREDICTED, TRUTH = RNG.uniform(0.5, 9, (2, 6, 7))
LOG_SPREAD = RNG.uniform(-3, 0, (6, 7))
VALID = RNG.random((6, 7)) < 0.7
LAWS = {"gaussian": norm, "laplace": laplace}
families = pytest.mark.parametrize("family", list(LAWS))


@families
def test_it_is_the_density_of_the_law_and_least_where_the_spread_is_the_error(family):
    got, _ = SLOPES(PREDICTED, LOG_SPREAD, TRUTH, VALID, family=family)
    each = -LAWS[family].logpdf(np.log(TRUTH), loc=np.log(PREDICTED), scale=np.exp(LOG_SPREAD))
    assert float(got) == pytest.approx(each[VALID].mean())
    gap = np.log(np.abs(np.log(TRUTH / PREDICTED)))
    low, at, high = (
        np.asarray(SLOPES(PREDICTED, gap + e, TRUTH, VALID, family=family)[1][1]) for e in (-0.1, 0, 0.1)
    )
    assert at == pytest.approx(np.zeros_like(gap), abs=1e-12)
    assert (low[VALID] < 0).all()
    assert (high[VALID] > 0).all()


def test_softening_takes_the_spread_out_of_the_pull_on_depth():
    def pull(softened):
        return np.asarray(
            SLOPES(PREDICTED, LOG_SPREAD, TRUTH, VALID, family="gaussian", softened=softened)[1][0]
        )

    plain = (
        -np.log(TRUTH / PREDICTED) / PREDICTED * VALID / VALID.sum()
    )  # of a squared error without any spread
    assert pull(1.0) == pytest.approx(plain)
    assert pull(0.0) == pytest.approx(plain * np.exp(-2 * LOG_SPREAD))


@families
def test_what_is_not_valid_plays_no_part(family):
    spoiled = [np.where(VALID, a, bad) for a, bad in ((PREDICTED, -1.0), (LOG_SPREAD, np.nan), (TRUTH, 0.0))]
    value, slopes = SLOPES(*spoiled, VALID, family=family)
    assert float(value) == float(SLOPES(PREDICTED, LOG_SPREAD, TRUTH, VALID, family=family)[0])
    assert all(np.isfinite(np.asarray(g)).all() and (np.asarray(g)[~VALID] == 0).all() for g in slopes)
    assert float(SLOPES(*spoiled, np.zeros_like(VALID), family=family)[0]) == 0


def test_what_is_refused():
    for wrong in ({"family": "cauchy"}, {"softened": -0.1}, {"softened": 2}):
        with pytest.raises(BadSpec):
            spread_log_loss(PREDICTED, LOG_SPREAD, TRUTH, VALID, **wrong)
