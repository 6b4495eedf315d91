"""Hybrid of any learner: an imperfect physics takes the step, the learner forecasts the physics' next error."""

import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.inner import check_inner, inner_learner
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard, Variable, WorldCard
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.judged import judged_as
from gnomon.training.physics_forecasts import forecasts_along, required_physics
from gnomon.training.sampling import learned_card

ERROR = "{}, error of the physics"
OWN_RUNS = ("calibrated", "conformal", "linear_inverse")
LEAST = 1e-6  # of a variable's scale: a physics with smaller errors is right


class Followed(NamedTuple):
    """The last states and what the physics had wrong about them; its own state; the key of the start."""

    window: Float[Array, "past number"]
    physics: Any
    key: Array


class HybridOfSimulator(AbstractSimulator[Followed]):
    """x(t + dt) = physics(x(t)) + the error that the inner simulator expects, in closed loop.

    Attributes:
        seen: packing of what the world shows.
        told: packing of what the inner simulator is shown: states, then errors of the physics.
    """

    card: SimulatorCard = eqx.field(static=True)
    seen: Packing
    told: Packing
    physics: AbstractWorld
    inner: AbstractSimulator

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Followed:
        """What the physics had wrong along the past; it starts from the present."""
        x = self.seen.pack(history)
        background = self.physics.init(key=key)

        def missed(past: tuple[Array, Array, Array]) -> Array:
            then = time - past[2] * self.card.dt
            state = self.physics.lift(self.seen.unpack(past[0]), background)
            moved = self.physics.step(state, forcing, time=then, key=key)
            return past[1] - self.seen.pack(self.physics.observe(moved))

        ages = jnp.arange(x.shape[0] - 1, 0, -1)
        errors = jax.lax.map(missed, (x[:-1], x[1:], ages))
        present = self.physics.lift(self.seen.unpack(x[-1]), background)
        wanted = self.inner.card.context
        if (
            x.shape[0] == wanted
        ):  # the world keeps no earlier one: the oldest error is taken to be the next, or none
            errors = jnp.concatenate([errors[:1] if wanted > 1 else jnp.zeros_like(x), errors])
        return Followed(jnp.concatenate([x[-wanted:], errors], axis=1), present, key)

    def advance(self, state: Followed, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Followed:
        """A step of the physics, and the inner simulator's forecast of its error, taken up anew from the window."""
        # The same key at every step, or a simulator that draws something at its start would draw it again.
        own = self.inner.assimilate(self.told.unpack(state.window), forcing, time=time, key=state.key)
        expected = self.told.pack(self.inner.observe(self.inner.advance(own, forcing, time=time, key=key)))
        moved = self.physics.step(state.physics, forcing, time=time, key=key)
        forecast = self.seen.pack(self.physics.observe(moved))
        corrected = self.physics.lift(self.seen.unpack(forecast + expected[self.seen.size :]), moved)
        # What the physics cannot hold (a mean that it conserves, say) must not pile up in the window.
        held = self.seen.pack(self.physics.observe(corrected))
        newest = jnp.concatenate([held, held - forecast])
        return Followed(jnp.concatenate([state.window[1:], newest[None]]), corrected, state.key)

    def observe(self, state: Followed) -> Obs:
        """The newest corrected state, in its own units."""
        return self.seen.unpack(state.window[-1, : self.seen.size])


class HybridOf(AbstractLearner):
    r"""Any learner as the correction of an imperfect physics of the same world.

    .. math::
        x_{t+1} = P(x_t) + \hat e_{t+1}, \qquad
        \hat e_{t+1} = g_\theta\big((x_t, e_t), (x_{t-1}, e_{t-1}), \dots\big), \qquad e_t = x_t - P(x_{t-1})

    The learner inside (`of`) is fitted as it always is, to a world of twice as many variables: what is observed, and
    what the physics P had wrong about it. Of its forecasts the errors are used, and added to the physics. So recurrent
    networks, windows and regressions all become hybrids with memory of the physics' past errors, by the settings
    that they have without it. The idea of correcting a physics by a learner with memory is that of Pathak et al. 2018
    (doi:10.1063/1.5028373).

    At every step the inner simulator takes up its whole context anew, since its states are replaced by the corrected
    ones: a recurrent network with a context of 50 costs 50 of its steps.

    Settings and snapshots are chosen by free runs of the whole hybrid (`training/judged.py`): what the learner inside
    would forecast alone says little where errors of the physics are mostly errors of observation.

    What misleads: losses are those of the learner inside, on states and errors together, so that a part of it is
    spent on states that the physics forecasts better. Errors of the physics hold the observation error of two moments;
    where the physics is nearly right that is most of what there is to learn. Where it forgets what an observation
    leaves open (hidden variables of the physics), these are drawn at random before every trained step.

    Attributes:
        of: the learner that is fitted.
        of_args: its arguments, as JSON.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    of: str = "residual"
    of_args: str = ""

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Let the physics forecast every step of the data, then fit the learner to states and errors."""
        began = clock.perf_counter()
        physics = required_physics("hybrid_of", prior)
        self.check()
        inner = inner_learner("hybrid_of", self.of, self.of_args)
        physics_key, fit_key, judge_key = jax.random.split(key, 3)
        told = with_errors(data, physics, key=physics_key)

        def around(inner: AbstractSimulator) -> HybridOfSimulator:
            """The physics corrected by a simulator; knobs that this does not ask for are still the physics'."""
            past = min(inner.card.context + 1, max(inner.card.context, data.card.history))
            card = learned_card("hybrid_of", data, context=past, stochastic=inner.card.stochastic)
            card = msgspec.structs.replace(card, traceable=inner.card.traceable)
            return HybridOfSimulator(card, packing_of(data.card), packing_of(told.card), physics, inner)

        with judged_as(data, around):
            fit = inner.fit(told, key=fit_key)
        simulator = around(fit.simulator)
        verdict = FreeRunJudge(data, reserve=simulator.card.context, key=judge_key)(simulator)
        return Fit(
            simulator,
            {
                **{k: fit.log[k] for k in ("tried", "budget")},
                "chosen": {"of": self.of, **fit.log["chosen"]},
                "validation": verdict.plain(),
                "inner": fit.log,
                "seconds": clock.perf_counter() - began,
            },
        )

    def check(self) -> None:
        """Refuse settings that no fit could use, those of the learner inside too."""
        if self.of in OWN_RUNS:
            raise BadSpec(
                f"hybrid_of: {self.of!r} sizes or chooses by runs of its own, without the physics; put it around "
                f"the hybrid: of = 'hybrid_of'"
            )
        check_inner("hybrid_of", self.of, self.of_args)
        if inner_learner("hybrid_of", self.of, self.of_args).needs_prior:
            raise BadSpec(f"hybrid_of: {self.of!r} is a hybrid itself; name a learner without physics")


def with_errors(data: Data, physics: AbstractWorld, *, key: PRNGKeyArray) -> Data:
    """The data from the second observation on, with what the physics had wrong about each as further variables."""
    if any(v.hidden for v in data.card.variables):
        raise BadSpec("hybrid_of: a world with hidden variables has no states for a physics to start from")
    if len(data.time) < 3:
        raise BadData(f"hybrid_of: expected trajectories of 3 observations or more, got {len(data.time)}")
    knobs = {k: jnp.asarray(v) for k, v in data.forcing.items()}
    seen = {k: jnp.asarray(v) for k, v in data.obs.items()}
    forecasts = forecasts_along(physics, seen, knobs, jnp.asarray(data.time), data.card.dt, key)
    errors = {k: data.obs[k][:, 1:] - np.asarray(v) for k, v in forecasts.items() if k in data.obs}
    if not all(np.isfinite(v).all() for v in errors.values()):
        raise BadData("hybrid_of: the physics does not stay finite for a step from every observation")
    scales = {k: float(v[data.train].std()) for k, v in errors.items()}
    return data._replace(
        obs={**{k: v[:, 1:] for k, v in data.obs.items()}, **{ERROR.format(k): v for k, v in errors.items()}},
        forcing={k: v[:, 1:] for k, v in data.forcing.items()},
        time=data.time[1:],
        card=card_with_errors(data.card, scales),
    )


def card_with_errors(card: WorldCard, scales: dict[str, float]) -> WorldCard:
    """The card of a world that also shows what the physics had wrong, whose typical sizes are given."""

    def missed(v: Variable) -> Variable:
        scale = max(scales[v.name], LEAST * v.scale)
        return msgspec.structs.replace(
            v, name=ERROR.format(v.name), scale=scale, obs_error=min(v.obs_error, scale)
        )

    return msgspec.structs.replace(
        card, variables=(*card.variables, *map(missed, card.variables)), balances=(), errors="white"
    )
