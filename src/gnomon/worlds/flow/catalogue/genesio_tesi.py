"""A quadratic jerk of control theory."""

from gnomon.worlds.flow.system import About, AbstractFlow


class GenesioTesi(AbstractFlow):
    r"""A third-order feedback loop with a quadratic nonlinearity.

    .. math::
        \dot x = y, \qquad \dot y = z, \qquad \dot z = -c x - b y - a z + x^2

    Genesio and Tesi (1992), Harmonic balance methods for the analysis of chaotic dynamics in nonlinear systems,
    doi:10.1016/0005-1098(92)90177-H.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.44, "b": 1.1, "c": 1.0},
        knob="c",
        knob_means="linear feedback",
        start=(-0.053772565, -0.26162564, 0.33501557),
        spread=0.01,
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, z, x**2 - p["c"] * x - p["b"] * y - p["a"] * z
