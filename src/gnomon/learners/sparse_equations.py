"""Sparse equations: few terms of a library for the rate of change, then fitted through the integrator."""

import time as clock
from typing import Any, ClassVar

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
from gnomon.learners.equation_fitting import Found, Record, find_equations, record_of
from gnomon.numerics.library_equations import Library, run_equations, step_equations
from gnomon.numerics.patches import Patches, patches_of
from gnomon.numerics.shooting import fitted_state
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget, draw_settings, search

BOUND = 20.0  # root mean squares: a run is held there, long after training has counted it as diverged
MOST_ASSIMILATED = 48  # numbers in a state that is fitted to its past
MOST_CONTEXT = 64


class SparseEquationsSimulator(AbstractSimulator[Array]):
    """du/dt = library(u, knobs) @ coefficients by Runge-Kutta; u are the observations over their root mean square.

    Knobs are taken as linear in time inside one step. A run is held within 20 root mean squares of zero, so that
    numbers stay finite. Training counts it as diverged long before, a study need not: where the mean is next to
    nothing it is held within the 50 scales that end a run (`core.runner.bounds_of`). Its fate is "exploded" there, too.

    Attributes:
        patches: without centring: a shift would fill sparse equations with terms.
        library: the terms that are used.
        coefficients: [term, channel].
        driving: [knob] those of the patches' knobs that enter.
        weight: [channel] one over the error that training showed.
        substeps: Runge-Kutta steps in dt.
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    library: Library
    coefficients: Float[Array, "term channel"]
    driving: tuple[int, ...] = eqx.field(static=True)
    weight: Float[Array, " channel"]
    substeps: int = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The end of the run that fits the past best; the last observation where no run fits, or none is asked for."""
        past = self.patches.encode(history)
        length = past.shape[0]
        if length < 3:
            return past[-1]
        times = time + jnp.arange(1 - length, 1) * self.card.dt
        forced = jax.vmap(lambda t: self._forced(forcing, t))(times)

        def run(start: Array) -> Array:
            return run_equations(self.library, self.coefficients, start, forced, self.card.dt, self.substeps)

        state, left = fitted_state(run, past, self.weight)
        good = jnp.isfinite(left) & (left < 3.0) & jnp.all(jnp.isfinite(state))
        return jnp.where(good, state, past[-1])

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step of the equations."""
        before, after = self._forced(forcing, time), self._forced(forcing, time + self.card.dt)
        new = step_equations(
            self.library, self.coefficients, state, before, after, self.card.dt, self.substeps
        )
        return jnp.clip(jnp.nan_to_num(new, nan=BOUND, posinf=BOUND, neginf=-BOUND), -BOUND, BOUND)

    def observe(self, state: Array) -> Obs:
        """The state in its own units."""
        return self.patches.decode(state)

    def _forced(self, forcing: Forcing, time: Time) -> Array:
        return self.patches.forced(forcing.at(time))[:, list(self.driving)]


class SparseEquations(AbstractLearner):
    r"""Sparse identification of nonlinear dynamics, with weak form, bagging and a fit through the integrator.

    .. math:: \dot u = \Xi^T \theta(u, \text{knobs}), \qquad \Xi \text{ sparse}

    As published: a library of monomials (and sines) of states and inputs, sequentially thresholded least squares
    (Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113; inputs as in doi 10.1016/j.ifacol.2016.10.249); the
    weak form, in which no rate is formed (Messenger and Bortz 2021, doi 10.1137/20M1343166); bagging with inclusion
    probabilities (Fasel et al. 2022, doi 10.1098/rspa.2021.0904). On a ring the terms are those of a site's
    neighbourhood, and all sites share them.

    Different: the threshold is on a term's share of the rate and not on its bare coefficient. The coefficients on
    the support are then refined by multiple shooting with estimated states (`numerics.shooting`), and terms within
    four standard errors of zero are removed: regression alone has the error of a quadrature on clean data and a bias
    on noisy ones. The state that a run starts from can be fitted to the past through the equations found. What a run
    needs of substeps is chosen by the fit. Settings are searched on free runs.

    What misleads: a library that lacks a term of the truth gives equations that look as good, term by term, as true
    ones; only the residual (`noise` in the log, against the declared observation error) tells.

    Attributes:
        budget: settings tried: thresholds and degrees, each with and without a fitted start.
        degree: of the monomials; 0 searches 2 and 3.
        sines: harmonics of each channel in the library.
        radius: neighbours on each side, on a ring.
        resamples: of the rows for bagging; 0 takes all rows once.
        include: fraction of the resamples that must keep a term.
        refine: whether to fit through the integrator.
        assimilate_steps: observations that the start of a run is fitted to; 1 takes the last one as it is.
        rows: of the regression at most.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 6
    degree: int = 0
    sines: int = 0
    radius: int = 2
    resamples: int = 10
    include: float = 0.6
    refine: bool = True
    assimilate_steps: int = 64
    rows: int = 6000

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Find equations for each setting, keep what runs best."""
        began = clock.perf_counter()
        self.check()
        draw_key, row_key, judge_key = jax.random.split(key, 3)
        patches = uncentred(patches_of(data))
        record = record_of(patches, data, self.radius)
        numbers = patches.sites * patches.channels
        room = max(1, len(data.time) // 3)
        longest = min(self.assimilate_steps, room) if numbers <= MOST_ASSIMILATED else 1
        found: dict[tuple[int, float], Found] = {}
        refined: dict[str, Found] = {}
        seed = np.asarray(jax.random.key_data(row_key)).tolist()

        def fit_one(setting: dict[str, Any]) -> SparseEquationsSimulator:
            at = setting["degree"], setting["threshold"]
            if at not in found:
                found[at] = find_equations(
                    record, *at, sines=self.sines, resamples=self.resamples, include=self.include,
                    refine=self.refine, rows=self.rows, seed=seed, known=refined,
                )  # fmt: skip
            return simulator_of(data, record, found[at], setting["assimilate_steps"])

        degrees = (self.degree,) if self.degree else (2, 3)
        pairs = [(degrees[0], 0.02), (degrees[0], 0.1), (degrees[0], 0.005), (degrees[-1], 0.02)]
        structures = [{"degree": d, "threshold": t} for d, t in dict.fromkeys(pairs)]
        lengths = tuple(dict.fromkeys((longest, 1)))
        chosen = search(
            draw_settings(structures, {"assimilate_steps": lengths}, self.budget, key=draw_key),
            fit_one,
            FreeRunJudge(data, reserve=longest, key=judge_key),
            space={
                "degree": list(degrees),
                "threshold": [0.005, 0.02, 0.1],
                "assimilate_steps": list(lengths),
            },
            budget=self.budget,
        )
        best = found[chosen.log["chosen"]["degree"], chosen.log["chosen"]["threshold"]]
        log = {**chosen.log, **best.plain(record), "seconds": clock.perf_counter() - began}
        return Fit(chosen.simulator, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if not 1 <= self.assimilate_steps <= MOST_CONTEXT:
            raise BadSpec(
                f"sindy: assimilate_steps must be from 1 to {MOST_CONTEXT}, got {self.assimilate_steps}"
            )
        if self.degree < 0 or self.sines < 0 or self.radius < 0 or self.resamples < 0 or self.rows < 1:
            raise BadSpec("sindy: degree, sines, radius and resamples must be at least 0, rows 1")
        if not 0.0 < self.include <= 1.0:
            raise BadSpec(f"sindy: include must be a fraction above 0, got {self.include}")
        check_budget("sindy", self.budget)


def simulator_of(data: Data, record: Record, found: Found, context: int) -> SparseEquationsSimulator:
    """The simulator of equations that were found; its card names the knobs that drive them."""
    card = learned_card("sindy", data, context=context)
    names = tuple(record.patches.knobs[i] for i in record.driving)
    card = msgspec.structs.replace(
        card, knobs=names, trained_on={k: v for k, v in card.trained_on.items() if k in names}
    )
    used = np.any(found.coefficients != 0, axis=1)
    return SparseEquationsSimulator(
        card=card,
        patches=record.patches,
        library=found.library.only(used),
        coefficients=jnp.asarray(found.coefficients[used]),
        driving=record.driving,
        weight=jnp.asarray(1.0 / np.maximum(found.noise, 1e-13)),
        substeps=found.substeps,
    )


def uncentred(patches: Patches) -> Patches:
    """Patches that divide by the root mean square and shift nothing, neither states nor knobs."""
    largest = jnp.asarray(np.max(np.abs(np.asarray(patches.knob_shape)), axis=1, initial=0.0, keepdims=True))
    centre = patches.knob_centre
    size = jnp.abs(centre) * largest[:, 0] + 1.0  # of the largest value, in half ranges
    plain = jnp.asarray([not p for p in patches.patterned], centre.dtype)
    shape = patches.knob_shape / jnp.where(plain > 0, size, 1.0)[:, None]
    return eqx.tree_at(
        lambda p: (p.mean, p.std, p.knob_centre, p.knob_shape),
        patches,
        (
            jnp.zeros_like(patches.mean),
            jnp.sqrt(patches.mean**2 + patches.std**2),
            jnp.zeros_like(centre),
            shape,
        ),
    )
