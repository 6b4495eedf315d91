"""FitzHugh's nerve under a rhythm."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class ForcedFitzHughNagumo(AbstractFlow):
    r"""A nerve membrane with fast voltage and slow recovery under a modulated current.

    .. math::
        \dot v = v - v^3 / 3 - w + I + f \sin \phi, \qquad \dot w = \gamma (v + a - b w), \qquad \dot \phi = \omega

    FitzHugh (1961), Impulses and physiological states in theoretical models of nerve membrane,
    doi:10.1016/S0006-3495(61)86902-6; chaos at these parameters: Rajasekar and Lakshmanan (1988), Physica D 32, 146.
    """

    about = About(
        state=("v", "w", "phase"),
        parameters={
            "a": 0.7,
            "b": 0.8,
            "curr": 0.0,
            "f": 0.75,
            "gamma": 0.1,
            "omega": 1.0,
        },
        knob="f",
        knob_means="strength of the rhythm",
        start=(-1.2155252, -0.046470891, 0.0),
        angles={"phase": 2 * math.pi},
        notes=(
            "dysts has a slow rhythm (curr 0.965, f 0.4008225, gamma 0.08, omega 0.0437), which is not chaotic.",
            "The membrane is at rest without the rhythm (curr = 0).",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        v, w, phase = u
        current = p["curr"] + p["f"] * jnp.sin(phase)
        return v - v**3 / 3 - w + current, p["gamma"] * (v + p["a"] - p["b"] * w), p["omega"]
