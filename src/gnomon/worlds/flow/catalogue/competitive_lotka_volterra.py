"""Four species that compete: the least number with chaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CompetitiveLotkaVolterra(AbstractFlow):
    r"""Four species that compete for one place; fewer than four cannot be chaotic.

    .. math::
        \dot x_i = r_i x_i \Bigl(1 - x_i - s \sum_{j \ne i} a_{ij} x_j\Bigr)

    x are abundances over what the place carries of each species alone, r growth rates, s scales the competition.

    Vano, Wildenberg, Anderson, Noel and Sprott (2006), Chaos in low-dimensional Lotka-Volterra models of competition,
    doi:10.1088/0951-7715/19/10/006.
    """

    about = About(
        state=("x1", "x2", "x3", "x4"),
        parameters={
            "s": 1.0,
            "r1": 1.0,
            "r2": 0.72,
            "r3": 1.53,
            "r4": 1.27,
            "a12": 1.09,
            "a13": 1.52,
            "a23": 0.44,
            "a24": 1.36,
            "a31": 2.33,
            "a34": 0.47,
            "a41": 1.21,
            "a42": 0.51,
            "a43": 0.35,
        },
        knob="s",
        knob_means="the strength of the competition between species",
        start=(0.25, 0.45, 0.15, 0.35),
        spread=0.01,
        notes=(
            "a14, a21 and a32 are zero and left out.",
            "Periodic windows lie within a hundredth of s = 1 on both sides.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x1, x2, x3, x4 = u
        s = p["s"]
        return (
            p["r1"] * x1 * (1 - x1 - s * (p["a12"] * x2 + p["a13"] * x3)),
            p["r2"] * x2 * (1 - x2 - s * (p["a23"] * x3 + p["a24"] * x4)),
            p["r3"] * x3 * (1 - x3 - s * (p["a31"] * x1 + p["a34"] * x4)),
            p["r4"] * x4 * (1 - x4 - s * (p["a41"] * x1 + p["a42"] * x2 + p["a43"] * x3)),
        )
