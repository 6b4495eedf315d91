"""Mackey and Glass: blood cells made too late."""

import jax.numpy as jnp

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class MackeyGlass(AbstractDelayFlow):
    r"""Blood cells that are made by what their number was one delay ago.

    .. math::
        \dot x = \beta \frac{x_\tau}{1 + x_\tau^n} - \gamma x, \qquad x_\tau = x(t - \tau)

    Mackey and Glass (1977), Oscillation and chaos in physiological control systems, doi:10.1126/science.267326.
    """

    about = DelayAbout(
        parameters={"beta": 0.2, "gamma": 0.1, "n": 10.0, "tau": 17.0},
        knob="beta",
        knob_means="rate of production",
        low=0.196,
        high=0.22,
        start=0.9,
        spread=0.1,
        exponents=5,
        notes=("The delay is the usual 17, just past the onset of chaos; dysts has 16.",),
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        return p["beta"] * past / (1 + jnp.abs(past) ** p["n"]) - p["gamma"] * x
