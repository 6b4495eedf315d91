"""Three neurons of Beer, in continuous time."""

import jax

from gnomon.worlds.flow.system import About, AbstractFlow


class BeerRNN(AbstractFlow):
    r"""Three neurons that excite and inhibit each other through a sigmoid.

    .. math::
        \tau_i \dot y_i = -y_i + \sum_j w_{ij}\, s(y_j + \theta_j), \qquad s(u) = \frac{1}{1 + e^{-u}}

    Beer (1995), On the dynamics of small continuous-time recurrent neural networks, doi:10.1177/105971239500300405.
    """

    about = About(
        state=("y1", "y2", "y3"),
        parameters={
            "tau1": 1.0, "tau2": 2.5, "tau3": 1.0,
            "theta1": -4.108, "theta2": -2.787, "theta3": -1.114,
            "w11": 5.422, "w12": -0.018, "w13": 2.75,
            "w21": -0.24, "w22": 4.59, "w23": 1.21,
            "w31": 0.535, "w32": -2.25, "w33": 3.885,
        },
        knob="theta1",
        knob_means="bias of the first neuron",
        start=(1.5014532, 2.3742845, 0.65819415),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        fired = [jax.nn.sigmoid(y + p[f"theta{j}"]) for j, y in enumerate(u, 1)]
        return tuple(
            (sum(p[f"w{i}{j}"] * s for j, s in enumerate(fired, 1)) - y) / p[f"tau{i}"]
            for i, y in enumerate(u, 1)
        )
