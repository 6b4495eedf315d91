"""A chaotic Lorenz system that drives a calm one."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LorenzCoupled(AbstractFlow):
    r"""A chaotic Lorenz system that drives a second one which would be steady by itself.

    .. math::
        \dot x_i = \sigma (y_i - x_i) + \varepsilon_i (x_1 - x_i), \qquad \dot y_i = \rho_i x_i - y_i - x_i z_i, \qquad
        \dot z_i = x_i y_i - \beta z_i, \qquad i = 1, 2

    with epsilon_1 = 0: nothing acts back on the driver.

    Lorenz (1963), Deterministic nonperiodic flow, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2; the coupled pair is
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x1", "y1", "z1", "x2", "y2", "z2"),
        parameters={"beta": 2.667, "eps": 2.85, "rho1": 35.0, "rho2": 1.15, "sigma": 10.0},
        knob="rho1",
        knob_means="the Rayleigh number of the driver over its critical value",
        start=(7.0921483, 10.117408, 25.708428, 2.1689893, 0.96121877, 0.89550187),
        symmetries=((-1, -2, 3, -4, -5, 6),),
        notes=("dysts lists a parameter rho that appears in no equation; it is left out.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x1, y1, z1, x2, y2, z2 = u
        sigma, beta = p["sigma"], p["beta"]
        driver = sigma * (y1 - x1), p["rho1"] * x1 - y1 - x1 * z1, x1 * y1 - beta * z1
        pull = p["eps"] * (x1 - x2)
        return *driver, sigma * (y2 - x2) + pull, p["rho2"] * x2 - y2 - x2 * z2, x2 * y2 - beta * z2
