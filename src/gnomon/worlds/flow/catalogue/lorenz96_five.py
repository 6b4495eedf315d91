"""Lorenz' ring of 1996 with five sites, pushed hard."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Lorenz96Five(AbstractFlow):
    r"""Five sites on a circle of latitude, in which forecasts are often compared.

    .. math::
        \dot X_i = (X_{i+1} - X_{i-2}) X_{i-1} - c X_i + F, \qquad i = 1 \dots 5, \quad X_{i+5} = X_i

    The world `lorenz96` has forty sites and weaker pushes; this one has the size and the push at which neural
    forecasters were published, in units of a Lyapunov time that was not its own but that of four sites.

    Lorenz (1996), Predictability: a problem partly solved, doi:10.1017/CBO9780511617652.004.
    """

    about = About(
        state=("x1", "x2", "x3", "x4", "x5"),
        parameters={"f": 20.0, "c": 1.0},
        knob="f",
        knob_means="the constant push on every site",
        start=(20.1, 19.0, 21.0, 18.0, 22.0),
        spread=0.1,
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x1, x2, x3, x4, x5 = u
        return (
            (x2 - x4) * x5 - p["c"] * x1 + p["f"],
            (x3 - x5) * x1 - p["c"] * x2 + p["f"],
            (x4 - x1) * x2 - p["c"] * x3 + p["f"],
            (x5 - x2) * x3 - p["c"] * x4 + p["f"],
            (x1 - x3) * x4 - p["c"] * x5 + p["f"],
        )
