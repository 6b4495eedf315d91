r"""Mean-field theory of the random network: the autocorrelation of one unit when there are many.

For dx_i/dt = -x_i + g sum_j J_ij tanh x_j with independent J_ij of variance 1/N, one unit is driven by Gaussian
noise whose spectrum is that of all units together. The autocovariance D(t) = <x(s) x(s + t)> moves like a particle
without friction,

.. math::
    \ddot D = D - g^2 C(D, D_0), \qquad C(D, D_0) = E[\tanh u \tanh v],

u, v Gaussian of variance D_0 = D(0) and covariance D. Chaos is the orbit that starts at rest at D_0 and ends at the
top at D = 0: its energy D^2/2 - g^2 (E[Phi(u) Phi(v)] - E[Phi]^2), Phi = log cosh, is zero there and so at D_0,
which fixes D_0.

Sompolinsky, Crisanti and Sommers (1988), doi:10.1103/PhysRevLett.61.259.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import integrate, optimize

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


class Autocorrelation(NamedTuple):
    """The autocovariance of a unit.

    Attributes:
        time: [lag].
        value: [lag] D(t); value[0] is the variance of x.
    """

    time: np.ndarray
    value: np.ndarray


def _log_cosh(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, -x) - np.log(2)


def gaussian_product(
    function: Callable[[np.ndarray], np.ndarray], covariance: float, variance: float
) -> float:
    """E[f(u) f(v)] for Gaussian u, v of one variance and a covariance between 0 and it."""
    shared, own = np.sqrt(max(covariance, 0.0)), np.sqrt(max(variance - covariance, 0.0))
    inner = (function(shared * NODES[:, None] + own * NODES[None, :]) * NODE_WEIGHTS).sum(1)
    return float((inner**2 * NODE_WEIGHTS).sum())


def variance(gain: float) -> float:
    """D_0, the variance of x for N without end; zero where rest is stable (g <= 1)."""
    if gain <= 1:
        return 0.0

    def energy(d: float) -> float:
        return d**2 / 2 - gain**2 * (gaussian_product(_log_cosh, d, d) - gaussian_product(_log_cosh, 0.0, d))

    # energy is negative for small D_0 (the slope g^2 > 1 wins) and positive for large (tanh saturates)
    low = 1e-3 * (gain - 1)
    root = optimize.root_scalar(energy, bracket=(low, 4 * gain**2), method="brentq", xtol=1e-10)
    return float(root.root)


def autocorrelation(gain: float, duration: float, *, points: int = 200) -> Autocorrelation:
    """The autocovariance over lags 0 to `duration`, along the orbit of zero energy.

    What misleads: a unit of a network of some hundreds is slower or faster than this, and near g = 1 much so; small
    networks may not be chaotic at all.

    Args:
        gain: g, above 1.
        duration: of the lags.
        points: how many lags.
    """
    start = variance(gain)
    if start == 0:
        raise ValueError(f"at gain {gain} a large network rests; chaos needs a gain above 1")
    floor = gaussian_product(_log_cosh, 0.0, start)

    def slope(_: float, d: np.ndarray) -> np.ndarray:
        # speed from the energy, which keeps the orbit on the separatrix; the potential vanishes quadratically at 0
        now = float(np.clip(d[0], 0.0, start))
        kinetic = now**2 - 2 * gain**2 * (gaussian_product(_log_cosh, now, start) - floor)
        return np.asarray([-np.sqrt(max(kinetic, 0.0))])

    # at D_0 the speed is zero and the equation in first order would stay: leave along the known acceleration
    pull = start - gain**2 * gaussian_product(np.tanh, start, start)
    first = min(0.02, duration / points)
    time = np.linspace(0, duration, points)
    path = integrate.solve_ivp(
        slope,
        (first, duration),
        [start + pull * first**2 / 2],
        t_eval=time[time >= first],
        rtol=1e-7,
        atol=1e-9,
    )
    early = start + pull * time[time < first] ** 2 / 2
    return Autocorrelation(time, np.concatenate([early, path.y[0]]))
