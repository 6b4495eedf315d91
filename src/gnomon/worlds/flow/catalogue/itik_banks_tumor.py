"""Tumour, healthy and immune cells in competition."""

from gnomon.worlds.flow.system import About, AbstractFlow


class ItikBanksTumor(AbstractFlow):
    r"""Tumour cells that compete with healthy ones and are eaten by immune cells, as prey is.

    .. math::
        \dot x = x (1 - x) - a_{12} x y - a_{13} x z, \qquad \dot y = r_2 y (1 - y) - a_{21} x y, \qquad
        \dot z = \frac{r_3 x z}{x + k_3} - a_{31} x z - d_3 z

    x is tumour, y healthy, z immune cells, each over what its place can carry.

    Itik and Banks (2010), Chaos in a three-dimensional cancer model, doi:10.1142/S0218127410025417.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={
            "a12": 1.0,
            "a13": 2.5,
            "a21": 1.5,
            "a31": 0.2,
            "d3": 0.5,
            "k3": 1.0,
            "r2": 0.6,
            "r3": 4.5,
        },
        knob="r2",
        knob_means="the growth rate of healthy cells",
        start=(0.051730215, 0.87071642, 0.015926427),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        x_dot = x * (1 - x) - p["a12"] * x * y - p["a13"] * x * z
        y_dot = p["r2"] * y * (1 - y) - p["a21"] * x * y
        return x_dot, y_dot, p["r3"] * x * z / (x + p["k3"]) - p["a31"] * x * z - p["d3"] * z
