"""Mixed large and small oscillations of an isothermal reaction."""

from gnomon.worlds.flow.system import About, AbstractFlow


class IsothermalChemical(AbstractFlow):
    r"""An autocatalytic reaction at one temperature, fed by a slow precursor.

    .. math::
        \dot\alpha = \mu (\kappa + \gamma) - \alpha \beta^2 - \alpha, \qquad
        \sigma \dot\beta = \alpha \beta^2 + \alpha - \beta, \qquad \delta \dot\gamma = \beta - \gamma

    alpha, beta and gamma are concentrations, sigma the time of the autocatalyst over that of the others.

    Petrov, Scott and Showalter (1992), Mixed-mode oscillations in chemical systems, doi:10.1063/1.463727.
    """

    about = About(
        state=("alpha", "beta", "gamma"),
        parameters={"delta": 1.0, "kappa": 2.5, "mu": 0.29786, "sigma": 0.013},
        knob="kappa",
        knob_means="the supply of precursor",
        start=(0.51415056, 0.99842882, 1.00617771),
        notes=(
            "It is not chaotic at these values, which are those of dysts; a narrow band with chaos has kappa = 2.5075.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        alpha, beta, gamma = u
        made = alpha * beta * beta + alpha
        return p["mu"] * (p["kappa"] + gamma) - made, (made - beta) / p["sigma"], (beta - gamma) / p["delta"]
