"""Aref's stirrer: two vortices that take turns."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

PERIOD = 3.0


class BlinkingVortex(AbstractFlow):
    r"""Particles in a round tank of ideal fluid stirred by two vortices, one after the other.

    .. math::
        \psi_\pm = \tfrac12 \ln \frac{\zeta_\pm}{\kappa_\pm}, \qquad
        \dot x = \sigma \partial_y \psi, \qquad \dot y = -\sigma \partial_x \psi, \qquad
        \psi = w \psi_+ + (1 - w) \psi_-

    where zeta = (x -+ b)^2 + y^2 + core^2 and its image kappa = a^2 + b^2 (x^2 + y^2) / a^2 -+ 2 b x + core^2; the
    weight w = 1/2 + 1/2 tanh(sharpness sin(2 pi phase / 3)) turns one vortex off and the other on. Fluid slips along
    the wall r = a.

    Aref (1984), Stirring by chaotic advection, doi:10.1017/S0022112084001233.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"sigma": 1.0, "a": 1.0, "b": 0.5, "core": 0.1, "sharpness": 20.0, "rate": 1.0},
        knob="sigma",
        knob_means="circulation of the vortices",
        start=(0.08, 0.02, 0.0),
        angles={"phase": PERIOD},
        conservative=True,
        notes=(
            "Cartesian: polar coordinates, as in dysts, are singular at the centre.",
            "Vortices have a core and take turns within a fiftieth of a period, so that a fixed step can follow.",
            "The original is the limit of core 0 and infinite sharpness; dysts has core 0, sharpness 60.",
            "The flow turns the other way round than in dysts, a mirror image: sigma is -1 there.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        a, b, core = p["a"], p["b"], p["core"]
        ratio = (b / a) ** 2

        def flow(at):
            near = (x - at) ** 2 + y**2 + core**2
            image = a**2 + ratio * (x**2 + y**2) - 2 * at * x + core**2
            return y / near - ratio * y / image, (ratio * x - at) / image - (x - at) / near

        on = 0.5 + 0.5 * jnp.tanh(p["sharpness"] * jnp.sin(2 * jnp.pi * phase / PERIOD))
        (dx, dy), (ex, ey) = flow(b), flow(-b)
        sigma = p["sigma"]
        return sigma * (on * dx + (1 - on) * ex), sigma * (on * dy + (1 - on) * ey), p["rate"]
