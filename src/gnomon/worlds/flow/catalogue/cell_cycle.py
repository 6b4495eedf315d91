"""Two enzyme cascades that take turns to divide a cell."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CellCycle(AbstractFlow):
    r"""Two mutually inhibiting oscillators, each a cyclin that switches a kinase and a protease on.

    .. math::
        \dot c_i &= \frac{v_i K_{im}}{K_{im} + m_j} - \frac{v_d x_i c_i}{K_{d1} + c_i} - k_{d1} c_i, \\
        \dot m_i &= \frac{V_{m1} c_i}{K_c + c_i} \frac{1 - m_i}{K + 1 - m_i} - \frac{V_2 m_i}{K + m_i}, \qquad
        \dot x_i = V_{m3} m_i \frac{1 - x_i}{K + 1 - x_i} - \frac{V_4 x_i}{K + x_i}

    Romond, Rustici, Gonze and Goldbeter (1999), Alternating oscillations and chaos in a model of two coupled
    biochemical oscillators driving successive phases of the cell cycle, doi:10.1111/j.1749-6632.1999.tb10419.x.
    """

    about = About(
        state=("c1", "m1", "x1", "c2", "m2", "x2"),
        parameters={
            "vi": 0.05, "kim": 0.65, "vd": 0.025, "kd_half": 0.02, "kd1": 0.001, "vm1": 0.3, "kc": 0.5, "v2": 0.15,
            "vm3": 0.1, "v4": 0.05, "k": 0.01,
        },
        knob="kim",
        knob_means="kinase at which the other oscillator's cyclin is made half as fast",
        start=(0.51, 0.64, 0.8, 0.51, 0.6, 0.7),
        symmetries=((4, 5, 6, 1, 2, 3),),
        scheme="rosenbrock",
        notes=(
            "The switches are steep (k = 0.01): moderately stiff. kd_half is the constant K_d1.",
            "The shares m and x must stay below 1 + k, where a rate has a pole.",
        ),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        c1, m1, x1, c2, m2, x2 = u
        k = p["k"]

        def half(c, m, x, other):
            made = p["vi"] * p["kim"] / (p["kim"] + other)
            dc = made - p["vd"] * x * c / (p["kd_half"] + c) - p["kd1"] * c
            on = p["vm1"] * c / (p["kc"] + c)
            dm = on * (1 - m) / (k + (1 - m)) - p["v2"] * m / (k + m)
            return dc, dm, p["vm3"] * m * (1 - x) / (k + (1 - x)) - p["v4"] * x / (k + x)

        return (*half(c1, m1, x1, m2), *half(c2, m2, x2, m1))
