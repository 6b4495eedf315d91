"""Add a world: Roessler's flow, in one file. Run it: the contract is checked, then two learners climb it.

In the package this class would be a file in src/gnomon/worlds/flow/ and one line of the registry; here its own name,
"add_a_world:Roessler", is enough.
"""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Knob, Variable, WorldCard

SCALE = {"x": 5.1, "y": 4.7, "z": 2.9}  # standard deviations on the attractor


class Roessler(AbstractWorld[Array]):
    r"""One spiral and one fold: the simplest chaos in continuous time.

    .. math::
        \dot x = -y - z, \qquad \dot y = x + a y, \qquad \dot z = b + z (x - c)

    a turns the spiral outwards, c (the knob) sets how far out the fold throws it back, b feeds z. For a = b = 0.2
    periods double as c grows until chaos sets in near c = 4.2; at c = 5.7 the leading exponent is 0.0714.

    Roessler (1976), doi:10.1016/0375-9601(76)90101-8.
    """

    card: ClassVar[WorldCard] = WorldCard(
        name="roessler",
        rung="flow",
        summary="one spiral and one fold",
        dt=0.2,
        time_units="1",
        variables=tuple(Variable(name=n, units="1", scale=s, obs_error=0.001 * s) for n, s in SCALE.items()),
        knobs=(
            Knob(name="c", default=5.7, low=5.6, high=5.8, units="1", meaning="how far out the fold lies"),
        ),
        timescale=1 / 0.0714,
        spinup=200.0,
        exponents=3,
        references=("10.1016/0375-9601(76)90101-8",),
        imperfect={"a": 0.19},
    )
    a: Float[Array, ""]
    b: Float[Array, ""]

    def __init__(self, a: float = 0.2, b: float = 0.2):
        self.a = jnp.asarray(float(a))
        self.b = jnp.asarray(float(b))

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Near the plane of the spiral; spinning up does the rest."""
        return jnp.asarray([4.0, 0.0, 0.1]) + jnp.asarray([1.0, 1.0, 0.0]) * jax.random.normal(key, (3,))

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        x, y, z = state
        return jnp.stack([-y - z, x + self.a * y, self.b + z * (x - knobs["c"])])

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state 0.2 later."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=8)

    def observe(self, state: Array) -> Obs:
        """All three variables."""
        return {"x": state[0], "y": state[1], "z": state[2]}

    def lift(self, obs: Obs, background: Array) -> Array:
        """The observation is the state."""
        return jnp.stack([obs["x"], obs["y"], obs["z"]]).astype(background.dtype)


if __name__ == "__main__":
    import gnomon
    from gnomon.spec.study import DataPlan, Ref, Study, TrialRef
    from gnomon.testing.worlds import check_world

    with jax.enable_x64(True):
        check_world(Roessler())
    study = Study(
        name="add-a-world",
        question="Do simple learners forecast Roessler's flow?",
        worlds=(Ref(kind="add_a_world:Roessler", label="roessler"),),
        learners=(Ref(kind="persistence"), Ref(kind="linear")),
        trials=(TrialRef(kind="forecast", args={"units": 10, "horizon": 8.0}),),
        data=DataPlan(trajectories=8, validation=4, steps=300),
    )
    print(gnomon.run(study, store="example-results", trust=True))
