"""A neuron that fires in bursts (Hindmarsh and Rose)."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HindmarshRose(AbstractFlow):
    r"""A nerve cell whose fast spikes are switched on and off by a slow current.

    .. math::
        \tau_x \dot x = -\tau_x x + y - a x^3 + b x^2 + z, \qquad \dot y = -a x^3 - (d - b) x^2 + z, \qquad
        \tau_z \dot z = -s x - z + c

    x is the potential of the membrane, y the recovery and z the slow current.

    Hindmarsh and Rose (1984), A model of neuronal bursting using three coupled first order differential equations,
    doi:10.1098/rspb.1984.0024; in the form of Marhl and Perc (2006), Determining the flexibility of regular and chaotic
    attractors, Chaos, Solitons and Fractals 28, 822.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.49, "b": 1.0, "c": 0.0322, "d": 1.0, "s": 1.0, "tx": 0.03, "tz": 0.8},
        knob="a",
        knob_means="the strength of the cubic current",
        start=(0.031111835, -0.021557059, 0.041475046),
        notes=(
            "The form and values are those of dysts; Marhl and Perc's paper was not seen.",
            "Chaos is confined to windows about a hundredth wide: bursts are periodic at most values nearby.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        cube, square = p["a"] * x**3, x * x
        x_dot = -x + (y - cube + p["b"] * square + z) / p["tx"]
        return x_dot, -cube - (p["d"] - p["b"]) * square + z, (-p["s"] * x - z + p["c"]) / p["tz"]
