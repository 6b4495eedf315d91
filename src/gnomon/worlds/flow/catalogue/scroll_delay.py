"""Two scrolls from one late switch."""

import jax.numpy as jnp

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class ScrollDelay(AbstractDelayFlow):
    r"""A saturating feedback against a leak, both of them late.

    .. math::
        \dot x = -\alpha x_\tau + \beta \tanh(s x_\tau), \qquad x_\tau = x(t - \tau)

    Driver (1977), Ordinary and Delay Differential Equations, Springer;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = DelayAbout(
        parameters={"alpha": 0.2, "beta": 0.2, "s": 10.0, "tau": 10.0},
        knob="beta",
        knob_means="strength of the feedback",
        low=0.18,
        high=0.22,
        start=0.5,
        spread=0.3,
        exponents=5,
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        return -p["alpha"] * past + p["beta"] * jnp.tanh(p["s"] * past)
