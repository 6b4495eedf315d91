"""What a closure adds to a coarse flow, and the coarse flow stepped with it."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.closures import Layers, asked, from_points, jansen_held, leith, on_points, smagorinsky
from gnomon.numerics.periodic_stencil import Stencil
from gnomon.numerics.plane_spectral import Plane, Spectrum, times
from gnomon.spec.cards import SimulatorCard

FORMS = ("none", "smagorinsky", "leith", "jansen_held")


class AbstractTerm(eqx.Module):
    """A tendency that the coarse flow lacks."""

    @abc.abstractmethod
    def __call__(self, plane: Plane, flow: Layers) -> Spectrum:
        """[layer, row, mode], in the units of the flow's inner step."""


class EddyTerm(AbstractTerm):
    """A classical closure, by name.

    Attributes:
        form: one of FORMS.
        constant: C.
        returned: the share of the energy given back, where the form has one.
    """

    form: str = eqx.field(static=True)
    constant: Float[Array, ""]
    returned: Float[Array, ""]

    def __call__(self, plane: Plane, flow: Layers) -> Spectrum:
        """As numerics/closures.py says."""
        if self.form == "smagorinsky":
            return smagorinsky(plane, flow, self.constant)
        if self.form == "leith":
            return leith(plane, flow, self.constant)
        if self.form == "jansen_held":
            return jansen_held(plane, flow, self.constant, self.returned)
        return jnp.zeros_like(flow.carried)


class NetworkTerm(AbstractTerm):
    """A few convolutions of what each layer carries and of its winds, on the observed points.

    What it gives has no mean. It sees and gives no waves beyond those that a coarse flow is asked for: lessons hold no
    others, and a run does.

    Attributes:
        layers: of the network.
        inputs: [3 layer] standard deviations of what it sees.
        size: [layer] of its output.
        points: observed along each side.
    """

    layers: tuple[Stencil, ...]
    inputs: Float[Array, " input"]
    size: Float[Array, " layer"]
    points: int = eqx.field(static=True)

    def __call__(self, plane: Plane, flow: Layers) -> Spectrum:
        """Waves of `on_grid`."""
        cut = asked(plane)
        shown = Layers(times(cut, flow.psi), times(cut, flow.carried), flow.shares)
        kept = from_points(plane, self.on_grid(seen_by_network(plane, shown, self.points)))
        return times(cut, kept).at[..., 0, 0].set(0.0)

    def on_grid(self, seen: Float[Array, "input y x"]) -> Float[Array, "layer y x"]:
        """The tendency on the points, of what is seen there."""
        h = jnp.moveaxis(seen / self.inputs[:, None, None], 0, -1)
        for stencil in self.layers[:-1]:
            h = jax.nn.gelu(stencil("plane", h))
        out = jnp.moveaxis(self.layers[-1]("plane", h), -1, 0)
        out = self.size[:, None, None] * out
        return out - out.mean((-2, -1), keepdims=True)


def seen_by_network(plane: Plane, flow: Layers, points: int) -> Float[Array, "input y x"]:
    """What is carried, u and v of every layer, on the points."""
    winds = plane.winds(flow.psi)
    return on_points(plane, jnp.concatenate([flow.carried, winds[:, 0], winds[:, 1]]), points)


def closed_step(
    physics: Any, term: AbstractTerm, spectrum: Spectrum, forcing: Forcing, *, time: Time
) -> Spectrum:
    """The spectra of the flow `card.dt` later.

    In every inner step first the closure alone, one Euler step of it, then the flow alone: of first order in what is
    a small term, and at a quarter of the cost of closures inside every stage.
    """
    inner, span = physics.inner_step(), physics.card.dt / physics.substeps

    def one(carried: Spectrum, n: Array) -> tuple[Spectrum, None]:
        start = time + n * span

        def knobs_at(after: Any) -> Knobs:
            return forcing.at(start + after * (span / inner))

        flow = physics.layers(carried, forcing.at(start))
        moved = carried.at[: len(flow.carried)].add(inner * term(physics.plane, flow))
        return physics.advance(moved, knobs_at, time=0.0, dt=inner, substeps=1), None

    return jax.lax.scan(one, spectrum, jnp.arange(physics.substeps))[0]


class ClosureSimulator(AbstractSimulator[Array]):
    """The coarse flow and its closure; the state is the flow's."""

    card: SimulatorCard = eqx.field(static=True)
    physics: AbstractWorld
    term: AbstractTerm

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The present observation."""
        physics: Any = self.physics
        return physics.lift({k: v[-1] for k, v in history.items()}, physics.init(key=key))

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The flow's own steps, each with its closure."""
        physics: Any = self.physics
        return physics.state(closed_step(physics, self.term, physics.spectrum(state), forcing, time=time))

    def observe(self, state: Array) -> Obs:
        """As the flow is observed."""
        return self.physics.observe(state)

    def lift(self, obs: Obs, background: Array) -> Array:
        """As the flow is lifted."""
        return self.physics.lift(obs, background)
