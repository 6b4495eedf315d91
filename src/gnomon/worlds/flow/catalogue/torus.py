"""Two incommensurate rotations: no chaos."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class Torus(AbstractFlow):
    r"""A quasiperiodic winding of a torus to which all orbits are drawn.

    .. math::
        \dot x = -y + \dot\rho\,x / \rho, \qquad \dot y = x + \dot\rho\,y / \rho, \qquad \dot z = n d + q z,
        \qquad \rho = \sqrt{x^2 + y^2}, \quad d = \rho - r, \quad \dot\rho = -n z + q d,
        \qquad q = k\,(1 - (d^2 + z^2) / a^2)

    On the torus x = (r + a cos n t) cos t, y = (r + a cos n t) sin t, z = a sin n t; k draws states to it.
    Exponents are 0, 0 and -2 k.

    Strogatz (1994), Nonlinear Dynamics and Chaos, doi:10.1201/9780429492563.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.5, "k": 1.0, "n": 15.3, "r": 1.0},
        knob="a",
        knob_means="radius of the tube",
        start=(1.5, 0.0, 0.0),
        symmetries=((-2, 1, 3),),
        notes=(
            "Not chaotic; kept as a control.",
            "dysts prescribes these curves as functions of time alone; here they are solutions on an attracting torus.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        rho = jnp.sqrt(x**2 + y**2)
        d = rho - p["r"]
        pull = p["k"] * (1 - (d**2 + z**2) / p["a"] ** 2)
        outward = (-p["n"] * z + pull * d) / rho
        return -y + outward * x, x + outward * y, p["n"] * d + pull * z
