"""Calibrated: noise of fitted size, so that a learner's ensembles are as far apart as they are wrong."""

import itertools
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
from gnomon.learners.inner import asks_for_physics, check_inner, inner_learner
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.calibration import Spread, one_step_residuals, scales_of, spread_and_error
from gnomon.training.free_run import free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card

FORMS = ("auto", "step", "start")
SHORT = 8  # observations: a context up to which the noise comes every step, since each step takes up the context anew
COARSE = {"step": (0.0, 0.03, 0.1, 0.3, 1.0, 3.0), "start": (0.0, 0.3, 1.0, 3.0, 10.0, 30.0)}
MOST_NUMBERS = 500  # components, above which the noise is independent from one to the next
SLACK = 0.1  # of the mean |log(spread / error)|: about what chance does to it
ROWS = 2000  # training moments for the shape of the noise


class Noisy(NamedTuple):
    """The inner state, the last observations it was shown, and the key it was made with."""

    own: Any
    window: Float[Array, "past number"]
    key: Array


class CalibratedSimulator(AbstractSimulator[Noisy]):
    """Additive noise with the covariance of the one-step residuals, times a fitted size.

    Attributes:
        every: whether the noise comes at every step; else once, at the start.
        root: [number, number] square root of the covariance, or [number] where independent; scaled units.
        size: its fitted factor.
    """

    card: SimulatorCard = eqx.field(static=True)
    every: bool = eqx.field(static=True)
    inner: AbstractSimulator
    packing: Packing
    scale: Float[Array, " number"]
    root: Array
    size: Float[Array, ""]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Noisy:
        """The inner state; with noise at the start, the whole history is moved by one draw."""
        own_key, noise_key = jax.random.split(key)
        window = jax.vmap(self.packing.pack)(history)
        if not self.every:
            window = window + self._draw(noise_key)
        return self._taken_up(window, forcing, time, own_key)

    def advance(self, state: Noisy, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Noisy:
        """The inner step; with noise at every step, the disturbed outcome is taken up as an observation."""
        own_key, noise_key = jax.random.split(key)
        moved = self.inner.advance(state.own, forcing, time=time, key=own_key)
        if not self.every:
            return Noisy(moved, state.window, state.key)
        new = self.packing.pack(self.inner.observe(moved)) + self._draw(noise_key)
        window = jnp.concatenate([state.window[1:], new[None]])
        return self._taken_up(window, forcing, time + self.card.dt, state.key)

    def observe(self, state: Noisy) -> Obs:
        """What the inner simulator shows."""
        return self.inner.observe(state.own)

    def _taken_up(self, window: Array, forcing: Forcing, time: Time, key: Array) -> Noisy:
        # The same key at every step, or a simulator that draws something at its start would draw it again.
        history = jax.vmap(self.packing.unpack)(window)
        own = self.inner.assimilate(history, forcing, time=time, key=key)
        kept = window if self.every else window[:0]
        return Noisy(own, kept, key)

    def _draw(self, key: PRNGKeyArray) -> Float[Array, " number"]:
        draw = jax.random.normal(key, self.scale.shape, self.scale.dtype)
        return self.scale * self.size * (self.root @ draw if self.root.ndim == 2 else self.root * draw)


class Calibrated(AbstractLearner):
    r"""Any learner plus additive Gaussian noise whose size makes spread match error on validation.

    .. math::
        y_{t+1} = f(y_t, \dots) + s\, \Sigma^{1/2} \xi_t, \qquad
        s = \arg\min_s \frac{1}{L} \sum_{h=1}^{L} |\log (\text{spread}_h(s) / \text{error}_h(s))|

    and among sizes within 0.1 of that minimum the one with the best score: sharpness among the calibrated (Gneiting et
    al. 2007, doi:10.1111/j.1467-9868.2007.00587.x). The aim is temperature scaling (Guo et al. 2017,
    arXiv:1706.04599): one factor, fitted on validation, which leaves the learner as it is. A softmax has a temperature
    and a simulator has none; its counterpart is stochastic model error, additive noise with the covariance of one-step
    residuals (as in weather and data assimilation: Tandeo et al. 2020, doi:10.1175/MWR-D-19-0240.1; Fortin et al.
    2014, doi:10.1175/JHM-D-14-0008.1, for spread and error as the trial `trust` computes them). The covariance is
    across components, so noise on a field has the spectrum of the residuals; in time it is white.

    Noise at every step is possible where the inner simulator's state is a function of its last few observations: each
    disturbed outcome is taken up again as an observation. With a longer context (reservoirs), or by `form = "start"`,
    the noise comes once, at the start, and the whole history is moved by it. `log["spread"]` has every size tried.

    What misleads: noise can widen an ensemble and never narrow it; where the observation error alone spreads it too
    far, size 0 wins. A hidden state that observations do not determine is lost at every step: then take `form =
    "start"`. Noise makes single forecasts worse. Residuals of noisy data hold the observation error too; the fitted
    size sees to that, the shape does not.

    Attributes:
        of: the learner that is fitted.
        of_args: its arguments, as JSON.
        form: one of auto, step, start.
        members: of the ensembles by which the size is fitted.
        starts: validation moments.
        horizon: leads compared, in Lyapunov times.
        refine: halvings of the (logarithmic) step between sizes, after the first coarse look.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[Any] = property(asks_for_physics)
    of: str = "residual"
    of_args: str = ""
    form: str = "auto"
    members: int = 8
    starts: int = 24
    horizon: float = 4.0
    refine: int = 2

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Fit the learner, then the size of the noise."""
        began = clock.perf_counter()
        self.check()
        fit_key, residual_key, run_key, judge_key = jax.random.split(key, 4)
        fit = inner_learner("calibrated", self.of, self.of_args).fit(data, prior=prior, key=fit_key)
        inner, context = fit.simulator, fit.simulator.card.context
        form = self.form if self.form != "auto" else ("step" if context <= SHORT else "start")
        residuals = one_step_residuals(inner, data, most=ROWS, key=residual_key)
        silent = CalibratedSimulator(
            card=msgspec.structs.replace(
                learned_card("calibrated", data, context=context, stochastic=True), knobs=inner.card.knobs
            ),
            every=form == "step",
            inner=inner,
            packing=packing_of(data.card),
            scale=jnp.asarray(scales_of(data)[0]),
            root=jnp.asarray(root_of(residuals)),
            size=jnp.zeros(()),
        )
        moments = validation_starts(
            data, context, reserve=context, starts=self.starts, lyapunov_times=self.horizon, steps=0
        )

        def told(size: float) -> Spread:
            return spread_and_error(_sized(silent, size), moments, data, members=self.members, key=run_key)

        tried = {size: told(size) for size in COARSE[form]}
        for _ in range(self.refine):
            for size in _between(tried):
                tried[size] = told(size)
        best = sharpest(tried)
        simulator = _sized(silent, best)
        verdict = free_run_verdict(simulator, moments, data, key=judge_key)
        most = len(COARSE[form]) + 2 * self.refine
        return Fit(
            simulator,
            {
                "chosen": {"of": self.of, "form": form, "size": best, **fit.log["chosen"]},
                "tried": fit.log["tried"] + len(tried),
                "budget": fit.log["budget"] + most,
                "validation": verdict.plain(),
                "spread": [_row(size, tried[size]) for size in sorted(tried)],
                "inner": fit.log,
                "seconds": clock.perf_counter() - began,
            },
        )

    def check(self) -> None:
        """Refuse settings that no fit could use, those of the learner inside too."""
        check_inner("calibrated", self.of, self.of_args)
        if self.form not in FORMS:
            raise BadSpec(f"calibrated: form must be one of {', '.join(FORMS)}, got {self.form!r}")
        if min(self.members, self.starts) < 2 or self.horizon <= 0 or self.refine < 0:
            raise BadSpec(
                "calibrated: members and starts must be at least 2, horizon above 0, refine 0 or more"
            )


def _sized(simulator: CalibratedSimulator, size: float) -> CalibratedSimulator:
    return eqx.tree_at(lambda s: s.size, simulator, jnp.asarray(size, simulator.scale.dtype))


def _between(tried: dict[float, Spread]) -> list[float]:
    """Sizes half-way to the neighbours of the best, on a logarithmic scale; next to zero, a third."""
    sizes = sorted(tried)
    at = sizes.index(min(tried, key=lambda size: tried[size].gap))
    pairs = [(a, b) for a, b in itertools.pairwise(sizes[max(at - 1, 0) : at + 2])]
    return [float(np.sqrt(a * b)) if a > 0 else b / 3 for a, b in pairs]


def sharpest(tried: dict[float, Spread]) -> float:
    """Of the sizes that are about as well calibrated as the best, the one with the best score.

    Gaps of a few dozen starts differ by chance; without this, noise would be added to what needs none.
    """
    least = min(spread.gap for spread in tried.values())
    return min((s for s in sorted(tried) if tried[s].gap <= least + SLACK), key=lambda s: tried[s].crps)


def _row(size: float, spread: Spread) -> dict[str, float]:
    return {"size": size, "gap": spread.gap, "ratio": spread.ratio, "crps": spread.crps}


def root_of(residuals: Float[np.ndarray, "row number"]) -> np.ndarray:
    """Square root of their covariance; of its diagonal alone for large states or too few rows."""
    clean = residuals[np.isfinite(residuals).all(1)]
    rows, size = clean.shape
    if rows < 2:
        return np.zeros(size)
    if size > MOST_NUMBERS or rows < 4 * size:
        return clean.std(0)
    values, vectors = np.linalg.eigh(np.cov(clean.T).reshape(size, size))
    return vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
