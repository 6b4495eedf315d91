"""A mass on a spring that swings and bounces."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class ElasticPendulum(AbstractFlow):
    r"""A mass that hangs on a spring in a plane and trades energy between swinging and bouncing.

    .. math::
        H = \tfrac12 (p_x^2 + p_y^2) + \tfrac{k}{2} (\sqrt{x^2 + y^2} - l)^2 + g y, \qquad
        \dot x = p_x, \quad \dot y = p_y, \quad \dot p_x = -\partial H / \partial x, \quad
        \dot p_y = -\partial H / \partial y

    The mass is 1; k is the stiffness and l the length of the unstretched spring.

    Núñez-Yépez, Salas-Brito, Vargas and Vicente (1990), Onset of chaos in an extensible pendulum, Physics Letters A;
    de Sousa, Schelin, Marcus, Viana and Caldas (2022), Internal energy exchanges and chaotic dynamics in an
    intrinsically coupled system, doi:10.48550/arXiv.2208.06390.
    """

    about = About(
        state=("x", "y", "px", "py"),
        parameters={"k": 5.0, "l": 1.0, "g": 1.0},
        knob="g",
        knob_means="gravity",
        start=(0.5, 1.0, 0.0, 0.0),
        spread=0.01,
        symmetries=((-1, 2, -3, 4),),
        scheme="gauss_legendre",
        conservative=True,
        notes=(
            "Facts are those of the energy of the start; at low energies or stiff springs most orbits are regular.",
            "The force is singular where the spring has no length, which takes an energy of k l^2 / 2.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, px, py = u
        pull = p["k"] * (1 - p["l"] / jnp.sqrt(x * x + y * y))
        return px, py, -pull * x, -pull * y - p["g"]

    @staticmethod
    def invariants(u, p):
        """What is conserved."""
        x, y, px, py = u
        stretch = jnp.sqrt(x * x + y * y) - p["l"]
        return {"energy": 0.5 * (px * px + py * py + p["k"] * stretch**2) + p["g"] * y}
