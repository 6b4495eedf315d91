"""`check_world` names the promise that a broken world does not keep."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array

from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.testing.worlds import check_world

CARD = WorldCard(
    name="decay", rung="flow", summary="a number that forgets", dt=0.1, time_units="1",
    variables=(Variable(name="x", units="1", scale=1.0, obs_error=0.01),),
    knobs=(Knob(name="push", default=0.0, low=-1.0, high=1.0, units="1", meaning="a constant push"),),
    timescale=1.0, spinup=1.0, exponents=1, references=("10.1000/xyz",),
)  # fmt: skip


class Decay(AbstractWorld[Array]):
    r"""A number that forgets, with one deliberate fault.

    .. math::
        \dot x = -r x + p

    doi:10.1000/xyz
    """

    card: WorldCard = eqx.field(static=True)
    rate: Array
    fault: str = eqx.field(static=True)

    def __init__(self, fault: str = ""):
        self.card, self.fault = CARD, fault
        self.rate = jnp.asarray(1.0) if fault != "float" else 1.0  # pyright: ignore[reportAttributeAccessIssue]

    def init(self, *, key):
        return jax.random.normal(jax.random.key(0) if self.fault == "init" else key)

    def step(self, state, forcing, *, time, key):
        push = 0.0 if self.fault == "deaf" else forcing.at(time)["push"]
        rate = -200.0 if self.fault == "blows up" else self.rate
        new = state + 0.1 * (push - rate * state)
        if self.fault == "blows up":
            new = new**3 * 1e30
        if self.fault == "shape":
            return new[None][0].astype(jnp.float32)
        if self.fault == "kink":
            new = new + jnp.sqrt(0.0 * state)
        return new

    def observe(self, state):
        if self.fault == "names":
            return {"y": state}
        return {"x": state[None] if self.fault == "extra axis" else state}

    def lift(self, obs, background):
        return obs["x"] + (0.1 if self.fault == "lift" else 0.0)


class Silent(AbstractWorld[Array]):
    """No equation."""

    card: WorldCard = eqx.field(static=True)

    def init(self, *, key):
        return jnp.zeros(())

    def step(self, state, forcing, *, time, key):
        return state

    def observe(self, state):
        return {"x": state}

    def lift(self, obs, background):
        return obs["x"]


def test_a_right_world_passes():
    check_world(Decay())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("float", "Python floats"),
        ("init", "two keys gave the same state"),
        ("deaf", "does not reach the state"),
        ("blows up", "not finite at the end of the spin-up at"),
        ("kink", "derivative of step is not finite"),
        ("names", "observe returns y"),
        ("extra axis", "has shape"),
        ("lift", "moves the state"),
    ],
)
def test_a_fault_is_named(fault, words):
    with pytest.raises(BadSpec, match=words):
        check_world(Decay(fault))


def test_a_changed_dtype_is_refused():
    with pytest.raises((BadSpec, TypeError)):
        check_world(Decay("shape"))


def test_a_docstring_without_equation_is_named():
    with pytest.raises(BadSpec, match="no equation"):
        check_world(Silent(card=CARD))
