"""Hénon and Heiles' star in a galaxy."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HenonHeiles(AbstractFlow):
    r"""A star that moves in the meridian plane of a galaxy with a symmetry axis.

    .. math::
        H = \tfrac12 (p_x^2 + p_y^2 + x^2 + y^2) + \lambda (x^2 y - \tfrac{c}{3} y^3), \qquad
        \dot x = p_x, \quad \dot y = p_y, \quad \dot p_x = -x - 2 \lambda x y, \quad
        \dot p_y = -y - \lambda (x^2 - c y^2)

    Lengths and times are in units of the linear oscillation, whose period is 2 pi. With c = 1 orbits escape where the
    energy exceeds 1 / (6 lambda^2).

    Hénon and Heiles (1964), The applicability of the third integral of motion: some numerical experiments,
    doi:10.1086/109234.
    """

    about = About(
        state=("x", "y", "px", "py"),
        parameters={"lam": 1.0, "cubic": 1.0},
        knob="lam",
        knob_means="how strongly the two oscillations are coupled",
        start=(0.0, -0.15, 0.4912, 0.1),
        spread=0.003,
        symmetries=((-1, 2, -3, 4),),
        scheme="gauss_legendre",
        conservative=True,
        notes=(
            "Regular and chaotic orbits lie side by side: facts are those of the sea at the start, of energy 0.138.",
            "The start of dysts lies on a regular orbit.",
            "Orbits escape to infinity where lam is raised so far that the energy exceeds 1 / (6 lam^2).",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, px, py = u
        lam = p["lam"]
        return px, py, -x - 2 * lam * x * y, -y - lam * (x * x - p["cubic"] * y * y)

    @staticmethod
    def invariants(u, p):
        """What is conserved."""
        x, y, px, py = u
        coupling = p["lam"] * (x * x * y - p["cubic"] * y**3 / 3)
        return {"energy": 0.5 * (px * px + py * py + x * x + y * y) + coupling}
