"""A slow mode and a fast wave: regimes of the atmosphere."""

from gnomon.worlds.flow.system import About, AbstractFlow


class AtmosphericRegime(AbstractFlow):
    r"""A slowly growing mode that feeds a fast wave through terms which keep the energy.

    .. math::
        \dot x = \mu_1 x + \sigma x y, \qquad
        \dot y = \mu_2 y + \omega z + \alpha y z + \beta z^2 - \sigma x^2, \qquad
        \dot z = \mu_2 z - \omega y - \alpha y^2 - \beta y z

    Tuwankotta (2006), Chaos in a coupled oscillators system with widely spaced frequencies and energy-preserving
    non-linearity, International Journal of Non-Linear Mechanics 41, 180; collected in Gilpin (2021),
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"alpha": -2.0, "beta": -5.0, "mu1": 0.05, "mu2": -0.01, "omega": 3.0, "sigma": 1.1},
        knob="mu1",
        knob_means="growth rate of the slow mode",
        start=(0.026544189906947246, 0.20580772677536016, 0.43758119702219506),
        symmetries=((-1, 2, 3),),
        notes=("The plane x = 0 is invariant: an orbit keeps the sign of x.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        turn = p["omega"] + p["alpha"] * y + p["beta"] * z
        return (
            (p["mu1"] + p["sigma"] * y) * x,
            p["mu2"] * y + turn * z - p["sigma"] * x**2,
            p["mu2"] * z - turn * y,
        )
