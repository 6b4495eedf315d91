"""Voss' circuit with a delay line."""

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class VossDelay(AbstractDelayFlow):
    r"""An electronic circuit whose cubic feedback comes late.

    .. math::
        \dot x = -\alpha x + c_0 + c_1 x_\tau + c_2 x_\tau^2 + c_3 x_\tau^3, \qquad x_\tau = x(t - \tau)

    Voss (2002), Real-time anticipation of chaotic states of an electronic circuit, International Journal of Bifurcation
    and Chaos 12; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = DelayAbout(
        parameters={"alpha": 3.24, "c0": 0.85, "c1": -3.63, "c2": -13.95, "c3": -10.44, "tau": 13.28},
        knob="alpha",
        knob_means="rate of the leak",
        low=3.1,
        high=3.4,
        start=0.1,
        spread=0.03,
        exponents=26,
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        fed = p["c0"] + past * (p["c1"] + past * (p["c2"] + past * p["c3"]))
        return fed - p["alpha"] * x
