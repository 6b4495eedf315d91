"""A circuit with a late cubic."""

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class PiecewiseCircuit(AbstractDelayFlow):
    r"""A cubic feedback against a leak, both of them late, as in an electronic circuit.

    .. math::
        \dot x = -\alpha x_\tau + \beta \left(3 \frac{x_\tau}{c} - \left(\frac{x_\tau}{c}\right)^3\right),
        \qquad x_\tau = x(t - \tau)

    Tamasevicius, Mykolaitis and Bumeliene (2006), Delayed feedback chaotic oscillator with improved spectral
    characteristics, Electronics Letters 42; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = DelayAbout(
        parameters={"alpha": 1.0, "beta": 1.0, "c": 2.24, "tau": 4.9},
        knob="alpha",
        knob_means="rate of the leak",
        low=0.99,
        high=1.02,
        start=0.5,
        spread=0.3,
        exponents=5,
        notes=(
            "Chaos is found for alpha between about 0.985 and 1.025 only: below, x escapes; above, it is periodic.",
        ),
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        fed = past / p["c"]
        return -p["alpha"] * past + p["beta"] * (3 * fed - fed**3)
