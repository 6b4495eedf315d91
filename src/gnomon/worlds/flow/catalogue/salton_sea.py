"""Sick fish and pelicans of the Salton Sea."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SaltonSea(AbstractFlow):
    r"""Healthy fish, infected fish and the birds that eat the infected ones.

    .. math::
        \dot x &= r x \left(1 - \frac{x + y}{k}\right) - \lambda x y \\
        \dot y &= \lambda x y - \frac{m y z}{y + a} - \mu y \\
        \dot z &= \frac{\theta y z}{y + a} - d z

    Here x are the susceptible and y the infected fish, and z the pelicans.

    Upadhyay, Bairagi, Kundu and Chattopadhyay (2008), Chaos in eco-epidemiological problem of the Salton Sea and its
    possible control, Applied Mathematics and Computation 196;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={
            "a": 15.0,
            "d": 8.3,
            "k": 400.0,
            "lam": 0.06,
            "m": 15.5,
            "mu": 3.4,
            "r": 22.0,
            "th": 10.0,
        },
        knob="r",
        knob_means="growth rate of the healthy fish",
        start=(231.92548, 89.511944, 56.753804),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        meals = y * z / (y + p["a"])
        caught = p["lam"] * x * y
        return (
            p["r"] * x * (1 - (x + y) / p["k"]) - caught,
            caught - p["m"] * meals - p["mu"] * y,
            p["th"] * meals - p["d"] * z,
        )
