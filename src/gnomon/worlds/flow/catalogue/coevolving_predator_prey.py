"""Prey that evolve while they are hunted."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CoevolvingPredatorPrey(AbstractFlow):
    r"""Prey x with a trait that climbs the slope of their fitness, and their predator y.

    .. math::
        \dot x &= x \left( \frac{a_1 \alpha (1 - k_1 x \alpha (\delta - 1))}{1 + b_1 \alpha} - \frac{a_3 y}{1 + b_2 x}
        - d_1 \left( 1 - k_2 \alpha^2 (\delta^2 - 1) + k_4 \alpha^4 (\delta^4 - 1) \right) \right), \\
        \dot y &= y \left( \frac{a_2 x}{1 + b_2 x} - d_2 \right), \qquad
        \dot \alpha = v \left( -\frac{a_1 k_1 x \alpha \delta}{1 + b_1 \alpha}
        - d_1 (4 k_4 \alpha^3 \delta^4 - 2 k_2 \alpha \delta^2) \right)

    Gilpin and Feldman (2017), A phase transition induces chaos in a predator-prey ecosystem with a dynamic fitness
    landscape, doi:10.1371/journal.pcbi.1005644; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "alpha"),
        parameters={
            "a1": 2.5, "a2": 0.05, "a3": 0.4, "b1": 6.0, "b2": 1.333, "d1": 0.16, "d2": 0.004, "delta": 1.0,
            "k1": 6.0, "k2": 9.0, "k4": 9.0, "v": 0.33333,
        },
        knob="d1",
        knob_means="death rate of the prey",
        start=(0.10946017, 0.46664421, 0.66580212),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, alpha = u
        shifted, births = alpha * p["delta"], p["a1"] / (1 + p["b1"] * alpha)
        crowding = 1 - p["k1"] * x * (shifted - alpha)
        deaths = 1 - p["k2"] * (shifted**2 - alpha**2) + p["k4"] * (shifted**4 - alpha**4)
        eaten = x / (1 + p["b2"] * x)
        slope = p["d1"] * (4 * p["k4"] * alpha**3 * p["delta"] ** 4 - 2 * p["k2"] * alpha * p["delta"] ** 2)
        return (
            x * (births * alpha * crowding - p["d1"] * deaths) - p["a3"] * y * eaten,
            y * (p["a2"] * eaten - p["d2"]),
            -p["v"] * (births * p["k1"] * x * shifted + slope),
        )
