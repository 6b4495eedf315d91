"""Mixed-mode oscillations of the Belousov-Zhabotinsky reaction."""

from gnomon.worlds.flow.system import About, AbstractFlow


class KawczynskiStrizhak(AbstractFlow):
    r"""A relaxation oscillator with a slow third component, as the Belousov-Zhabotinsky reaction behaves.

    .. math::
        \dot x = \gamma (y - x^3 + 3 \mu x), \qquad \dot y = -2 \mu x - y - z + \beta, \qquad
        \dot z = \kappa (x - z)

    Strizhak and Kawczynski (1995), Regularities in complex transient oscillations in the Belousov-Zhabotinsky reaction
    in a batch reactor, doi:10.1021/j100027a024.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"beta": -0.4, "gamma": 0.49, "kappa": 0.2, "mu": 2.1},
        knob="beta",
        knob_means="the supply of y",
        start=(-1.160501, 5.8636902, -1.2031947),
        notes=("It is not chaotic: orbits are periodic here, and periodic or at rest nearby.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        x_dot = p["gamma"] * (y - x**3 + 3 * p["mu"] * x)
        return x_dot, -2 * p["mu"] * x - y - z + p["beta"], p["kappa"] * (x - z)
