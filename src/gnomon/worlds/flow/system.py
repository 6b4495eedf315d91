"""What all systems of the catalogue share: from a right-hand side and a few declarations to a world."""

import abc
import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import msgspec
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Time
from gnomon.numerics.integrators import rk4
from gnomon.numerics.stiff import rosenbrock
from gnomon.numerics.symplectic import gauss_legendre
from gnomon.worlds.flow.components import AbstractComponents
from gnomon.worlds.flow.declare import known_of, name_of, sampling_of
from gnomon.worlds.flow.record import Record
from gnomon.worlds.flow.survey import survey

Component = Any  # one number of the state: a scalar, or an array of as many members as run side by side
Scheme = Literal["rk4", "rosenbrock", "gauss_legendre"]
SCHEMES = {"rk4": rk4, "rosenbrock": rosenbrock, "gauss_legendre": gauss_legendre}


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a system declares of itself. Everything that can be computed is computed (`validation/catalogue/`).

    Attributes:
        state: names of the components of the state.
        parameters: names and standard values; every one can be the knob.
        knob: the parameter that is turned unless the user names another.
        knob_means: in words.
        start: a state in the basin of the attractor.
        spread: standard deviation of the random starts about `start`, in units of 0.01 + |start|.
        angles: component -> period. An angle grows without bound; it is observed as its cosine and sine.
        symmetries: each as a signed permutation, counted from 1: (-1, -2, 3) stands for (x, y, z) -> (-x, -y, z), and
            (2, 3, 1) for (x, y, z) -> (y, z, x). A solution is carried to a solution.
        scheme: how it is stepped: explicit; linearly implicit, for stiff systems; or symplectic, for Hamiltonian ones
            in canonical coordinates, positions first.
        smooth: whether the right-hand side is differentiable; where it jumps, exponents come from pairs of orbits.
        conservative: whether volumes are kept: there is no attractor, and every fact holds for the orbits of `start`.
        time_units: "1" where time is a pure number.
        notes: differences from the source or from other catalogues, one sentence each.
    """

    state: tuple[str, ...]
    parameters: dict[str, float]
    knob: str
    knob_means: str
    start: tuple[float, ...]
    spread: float = 0.02
    angles: dict[str, float] = {}
    symmetries: tuple[tuple[int, ...], ...] = ()
    scheme: Scheme = "rk4"
    smooth: bool = True
    conservative: bool = False
    time_units: str = "1"
    notes: tuple[str, ...] = ()


class AbstractFlow(AbstractComponents):
    """A system of ordinary differential equations with a few components.

    A subclass writes `about` and `rhs`, and `invariants` where it conserves something; its docstring holds the equation
    and the DOI. `rhs` is elementwise in the
    components, so the same lines step one state or thousands side by side.
    """

    about: ClassVar[About]

    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        parameters: dict[str, float] | None = None,
        knob: str = "",
        low: float | None = None,
        high: float | None = None,
        dt: float = 0.0,
        substeps: int = 0,
        seen: tuple[str, ...] = (),
        noise: float = 0.0,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            parameters: values that differ from the standard ones.
            knob: the parameter that is turned; the system's own choice where empty.
            low: lower end of the knob's training range; with `high` needed for a knob of one's own.
            high: its upper end.
            dt: time between two observations; about a thirtieth of a period where 0.
            substeps: integration steps in each `dt`; what the facts were made with where 0.
            seen: components that are observed; all where empty.
            noise: strength of additive white process noise, in standard deviations a square root of a Lyapunov time.
            error: observation error, in standard deviations.
        """
        known = known_of(type(self)) or _first_look(type(self))
        step, self.substeps = sampling_of(name_of(type(self)), known, dt, substeps)
        self._declare(
            known, parameters=parameters, knob=knob, low=low, high=high, seen=seen, noise=noise, error=error, dt=step,
            time_units=self.about.time_units,
        )  # fmt: skip

    @staticmethod
    @abc.abstractmethod
    def rhs(u: Any, p: Mapping[str, Any]) -> Sequence[Component]:
        """Time derivatives of the components `u` at the parameters `p`; autonomous."""

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        return jnp.stack(jnp.broadcast_arrays(*self.rhs(state, {**self.parameters, **knobs})))

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; `key` draws the process noise, added once a step."""
        scheme = SCHEMES[self.about.scheme]
        moved = scheme(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)
        return self.kicked(moved, key=key)


@functools.cache
def _first_look(cls: type[AbstractFlow]) -> Record:
    """What is run by until the facts are computed; of the standard parameters, whatever this world has."""
    about = cls.about
    return survey(
        cls.rhs, about.parameters, about.state, about.start, angles=about.angles, knob=about.knob,
        step=SCHEMES[about.scheme], kick=about.spread, smooth=about.smooth,
    )  # fmt: skip


def invariants_of(cls: type[AbstractFlow], u: Any, p: Mapping[str, Any]) -> dict[str, Any]:
    """What a system conserves, by name: whatever its own static method `invariants(u, p)` says, nothing without one."""
    own = getattr(cls, "invariants", None)
    return own(u, p) if own is not None else {}
