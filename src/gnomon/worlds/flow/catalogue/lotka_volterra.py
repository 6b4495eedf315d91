"""Predator and prey: neutral cycles, not chaos."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class LotkaVolterra(AbstractFlow):
    r"""Prey that grows and predators that eat it, on closed orbits about a centre.

    .. math::
        \dot x = x (\alpha - \beta y), \qquad \dot y = y (\delta x - \gamma), \qquad
        V = \delta x - \gamma \ln x + \beta y - \alpha \ln y

    x is prey, y predators. V is conserved, so every start has an orbit of its own.

    Lotka (1920), Analytical note on certain rhythmic relations in organic systems, doi:10.1073/pnas.6.7.410; Volterra
    (1926), Fluctuations in the abundance of a species considered mathematically, doi:10.1038/118558a0.
    """

    about = About(
        state=("x", "y"),
        parameters={"alpha": 1.0, "beta": 0.5, "delta": 0.25, "gamma": 0.75},
        knob="alpha",
        knob_means="the growth rate of the prey",
        start=(5.0, 1.2),
        conservative=True,
        notes=(
            "It is not chaotic: all exponents are zero and orbits are periodic.",
            "The area dx dy / (x y) is kept, not dx dy.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y = u
        return x * (p["alpha"] - p["beta"] * y), y * (p["delta"] * x - p["gamma"])

    @staticmethod
    def invariants(u, p):
        """What is conserved."""
        x, y = u
        prey, hunters = p["delta"] * x - p["gamma"] * jnp.log(x), p["beta"] * y - p["alpha"] * jnp.log(y)
        return {"V": prey + hunters}
