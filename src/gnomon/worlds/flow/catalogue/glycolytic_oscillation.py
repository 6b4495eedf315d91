"""Two enzymes in a row, each switched on by what it makes."""

from gnomon.worlds.flow.system import About, AbstractFlow


class GlycolyticOscillation(AbstractFlow):
    r"""A substrate turned over by two cooperative enzymes in series, each activated by its product.

    .. math::
        \dot a &= \nu - s_1 \varphi, \qquad \dot b = q_1 s_1 \varphi - s_2 \eta, \qquad
        \dot c = q_2 s_2 \eta - k c, \\
        \varphi &= \frac{a (1 + a)(1 + b)^2}{l_1 + (1 + a)^2 (1 + b)^2}, \qquad
        \eta = \frac{b (1 + c)^2}{l_2 + (1 + c)^2}

    Decroly and Goldbeter (1982), Birhythmicity, chaos, and other patterns of temporal self-organization in a multiply
    regulated biochemical system, doi:10.1073/pnas.79.22.6917.
    """

    about = About(
        state=("a", "b", "c"),
        parameters={
            "nu": 1.0, "s1": 22.2222, "s2": 22.2222, "q1": 50.0, "q2": 0.02, "l1": 5e8, "l2": 100.0, "k": 4.45,
        },
        knob="k",
        knob_means="rate at which the last product is removed",
        start=(30.8328, 113.065, 0.14927),
        scheme="rosenbrock",
        notes=(
            "Stiff: a burst of the second enzyme takes a hundredth of a period.",
            "Chaos lives between k = 4.435 and 4.475, beside a larger cycle that a strong kick can reach.",
            "dysts has k = 4.422, where weak chaos alternates with periodic windows.",
            "The constant d of the general model, the affinity of the second substrate, is zero.",
        ),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        a, b, c = u
        first = (1 + a) * (1 + b) ** 2
        phi = p["s1"] * a * first / (p["l1"] + (1 + a) * first)
        second = (1 + c) ** 2
        eta = p["s2"] * b * second / (p["l2"] + second)
        return p["nu"] - phi, p["q1"] * phi - eta, p["q2"] * eta - p["k"] * c
