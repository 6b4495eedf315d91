"""Chua's circuit with a cubic resistor."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CubicChua(AbstractFlow):
    r"""Two spirals that take turns, driven by a resistor of negative slope.

    .. math:: \dot x = \alpha (y - x^3 + c x), \qquad \dot y = x - y + z, \qquad \dot z = -\beta y

    Hartley (1989), collected in Sprott, Elegant Chaos, doi:10.1142/7183.
    """

    about = About(
        state=("x", "y", "z"), parameters={"alpha": 10.0, "c": 0.143, "beta": 16.0}, knob="c",
        knob_means="slope of the resistor at rest", start=(0.3, 0.0, 0.1), symmetries=((-1, -2, -3),),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["alpha"] * (y - x**3 + p["c"] * x), x - y + z, -p["beta"] * y


if __name__ == "__main__":
    import jax

    from gnomon.testing.worlds import check_world

    with jax.enable_x64(True):
        world = CubicChua()
        check_world(world)
    print(f"one Lyapunov time: {world.card.timescale:g}, sampled every {world.card.dt:g}")
