"""Conformal: a forecast of any learner, with intervals that hold the truth as often as they say."""

import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.inner import asks_for_physics, check_inner, inner_learner
from gnomon.numerics.conformal_intervals import conformal_radius
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.calibration import declared_errors, member_runs, scales_of
from gnomon.training.free_run import BOUND, Starts, free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card

MOST_NUMBERS = 4_000_000  # kept residuals; beyond it, fewer starts


class Shifted(NamedTuple):
    """The inner simulator's state, which start's residuals this run shows, and how many steps it has gone."""

    own: Any
    row: Int[Array, ""]
    lead: Int[Array, ""]


class ConformalSimulator(AbstractSimulator[Shifted]):
    """middle + trust (lead) * (forecast - middle) + one start's residuals, in scaled units.

    Attributes:
        inner: makes the forecast.
        middle: [number] mean of training, scaled.
        trust: [lead, number] how much of the forecast's anomaly is kept, by regression over training.
        residuals: [start, lead, number] of validation, what was observed less the forecast.
    """

    card: SimulatorCard = eqx.field(static=True)
    inner: AbstractSimulator
    packing: Packing
    scale: Float[Array, " number"]
    middle: Float[Array, " number"]
    trust: Float[Array, "lead number"]
    residuals: Float[Array, "start lead number"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Shifted:
        """The inner state, and residuals drawn by the key."""
        draw_key, own_key = jax.random.split(key)
        row = jax.random.randint(draw_key, (), 0, self.residuals.shape[0])
        own = self.inner.assimilate(history, forcing, time=time, key=own_key)
        return Shifted(own, row, jnp.zeros((), jnp.int32))

    def advance(self, state: Shifted, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Shifted:
        """The inner step; residuals are added to what is shown and never fed back."""
        return Shifted(self.inner.advance(state.own, forcing, time=time, key=key), state.row, state.lead + 1)

    def observe(self, state: Shifted) -> Obs:
        """The forecast and the drawn residuals of this lead; those of the last calibrated lead beyond it."""
        at = jnp.clip(state.lead - 1, 0, self.trust.shape[0] - 1)
        shown = self.forecast(state) + self.residuals[state.row, at]
        now = self.packing.pack(self.inner.observe(state.own)) / self.scale
        return self.packing.unpack(jnp.where(state.lead == 0, now, shown) * self.scale)

    def forecast(self, state: Shifted) -> Float[Array, " number"]:
        """The point forecast, scaled: the centre of the intervals."""
        at = jnp.clip(state.lead - 1, 0, self.trust.shape[0] - 1)
        made = self.packing.pack(self.inner.observe(state.own)) / self.scale
        return self.middle + self.trust[at] * (made - self.middle)

    def radius(self, level: float) -> Float[np.ndarray, "lead number"]:
        """Half-width of the split-conformal interval about `forecast` at every lead, in the world's own units."""
        return conformal_radius(np.abs(np.asarray(self.residuals)), level) * np.asarray(self.scale)


class Conformal(AbstractLearner):
    r"""Split-conformal prediction about any learner's forecast, lead by lead.

    .. math::
        \hat y_h(x) \pm R_{(k)}, \qquad k = \lceil (n + 1)(1 - \alpha) \rceil, \qquad R_i = |y_{i, h} - \hat y_h(x_i)|

    Vovk, Gammerman and Shafer 2005, doi:10.1007/b106715; Lei et al. 2018, doi:10.1080/01621459.2017.1307116. As
    published: residuals of validation cases that were not fitted, `radius(level)`. Different: a simulator shows one
    trajectory and no interval, so each run adds the residuals of one validation start drawn by its key (a whole
    trajectory of them, which keeps their correlation in time and space); an ensemble of such runs is a draw of the
    conformal predictive distribution (Vovk et al. 2019, doi:10.1007/s10994-018-5755-8). The forecast is first drawn
    towards the mean of training by the regression of what followed on what was forecast, fitted on training
    moments, since beyond its horizon a chaotic run says nothing and its residuals are twice the climate's variance.

    What misleads: the promise is for cases exchangeable with the validation starts, so not for knob values they did
    not have; starts on one trajectory depend on each other and count for less than their number. It holds on average
    over states, not in each. Where members start from different observations (the trial `trust`), each starts from
    twice the error variance that the validation starts had, while the members' own spread comes on top: there
    nothing is promised (once seen on Lorenz-63: 0.89 of the nominal coverage). Runs longer than the calibrated leads
    repeat the last residual: this is for forecasts, not for climates. If the learner inside chose its settings or its
    snapshot on the same validation trajectories, their residuals are a little too small.

    Attributes:
        of: the learner that is fitted.
        of_args: its arguments, as JSON.
        starts: validation moments, spread over all validation trajectories.
        horizon: calibrated leads, in Lyapunov times, shortened where trajectories are too short.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[Any] = property(asks_for_physics)
    of: str = "residual"
    of_args: str = ""
    starts: int = 64
    horizon: float = 8.0

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Fit the learner, then keep its residuals."""
        began = clock.perf_counter()
        self.check()
        fit_key, run_key, judge_key = jax.random.split(key, 3)
        fit = inner_learner("conformal", self.of, self.of_args).fit(data, prior=prior, key=fit_key)
        inner, context = fit.simulator, fit.simulator.card.context
        packing, (scale, _) = packing_of(data.card), scales_of(data)

        def moments(rows: np.ndarray) -> Starts:
            return validation_starts(
                data._replace(validation=rows), context, reserve=context, starts=self.starts,
                lyapunov_times=self.horizon, steps=0,
            )  # fmt: skip

        def paired(starts: Starts) -> tuple[np.ndarray, np.ndarray]:
            none = declared_errors(data, times=0.0)
            runs = np.asarray(member_runs(inner, starts, packing, none, 1, run_key))[:, 0] / scale
            truth = np.asarray(packing.pack(starts.truth)) / scale
            return truth + np.clip(np.nan_to_num(runs - truth, nan=BOUND), -BOUND, BOUND), truth

        packed = np.asarray(packing.pack({k: v[data.train] for k, v in data.obs.items()})) / scale
        middle = packed.reshape(-1, len(scale)).mean(0)
        forecast, truth = (v - middle for v in paired(moments(data.train)))
        kept = (forecast * truth).sum(0) / np.maximum((forecast**2).sum(0), 1e-12)
        kept = np.clip(kept, 0.0, 1.0)
        forecast, truth = (v - middle for v in paired(moments(data.validation)))
        residuals = truth - kept * forecast
        most = max(2, MOST_NUMBERS // residuals[0].size)
        residuals = residuals[np.linspace(0, len(residuals) - 1, min(most, len(residuals))).astype(int)]
        simulator = ConformalSimulator(
            card=msgspec.structs.replace(
                learned_card("conformal", data, context=context, stochastic=True), knobs=inner.card.knobs
            ),
            inner=inner, packing=packing, scale=jnp.asarray(scale), middle=jnp.asarray(middle),
            trust=jnp.asarray(kept), residuals=jnp.asarray(residuals),
        )  # fmt: skip
        verdict = free_run_verdict(simulator, moments(data.validation), data, key=judge_key)
        return Fit(
            simulator,
            {
                **{k: fit.log[k] for k in ("tried", "budget")},
                "chosen": {"of": self.of, **fit.log["chosen"]},
                "validation": verdict.plain(),
                "inner": fit.log,
                "cases": len(residuals),
                "leads": residuals.shape[1],
                "seconds": clock.perf_counter() - began,
            },
        )

    def check(self) -> None:
        """Refuse settings that no fit could use, those of the learner inside too."""
        check_inner("conformal", self.of, self.of_args)
        if self.starts < 2 or self.horizon <= 0:
            raise BadSpec("conformal: starts must be at least 2, horizon above 0")
