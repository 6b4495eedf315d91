"""Hankel alternative view of Koopman: linear in delay coordinates, forced by the last of them."""

import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.mode_decomposition import largest_delays
from gnomon.numerics.delay_matrices import aligned, delay_rows
from gnomon.numerics.mode_decomposition import rates
from gnomon.numerics.nearest import smallest
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget, draw_settings, search
from gnomon.training.windows import sequences_of

MOST_ROWS = 6000  # in the closure's record
MOST_CONTEXT = 64
BURST = 3.0  # standard deviations of the forcing that count as a burst


class Forced(NamedTuple):
    """State: delay coordinates, the forcing last."""

    linear: Array
    forcing: Array


class ForcedLinearSimulator(AbstractSimulator[Forced]):
    """v(t + dt) = A v(t) + b f(t) + C knobs(t) + offset; f, the forcing, from the record of the closure.

    Attributes:
        whole: [delayed, coordinate] from delayed states to all coordinates.
        newest: [number, coordinate] back to the newest state.
        propagator: [linear, coordinate] A and b side by side.
        inputs: [linear, knob].
        offset: [linear].
        record: [entry, coordinate] coordinates seen in training, each weighted as the distance wants it.
        knobs: [entry, knob].
        successor: [entry] the forcing one step later.
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    whole: Float[Array, "delayed coordinate"]
    newest: Float[Array, "number coordinate"]
    propagator: Float[Array, "linear coordinate"]
    inputs: Float[Array, "linear knob"]
    offset: Float[Array, " linear"]
    record: Float[Array, "entry coordinate"]
    knobs: Float[Array, "entry knob"]
    successor: Float[Array, " entry"]
    neighbours: int = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Forced:
        """The past in delay coordinates."""
        all_of_them = self.patches.encode(history)[::-1].reshape(-1) @ self.whole
        return Forced(all_of_them[:-1], all_of_them[-1])

    def advance(self, state: Forced, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Forced:
        """One linear step; the forcing's next value as it came after the nearest records."""
        knobs = self.patches.forced(forcing.at(time))[0]
        v = jnp.append(state.linear, state.forcing)
        far = jnp.sum((self.record - v) ** 2, axis=1) + jnp.sum((self.knobs - knobs) ** 2, axis=1)
        distance, best = smallest(far, self.neighbours)
        weight = 1.0 / jnp.maximum(distance, 1e-12)
        following = jnp.sum(weight * self.successor[best]) / jnp.sum(weight)
        return Forced(self.propagator @ v + self.inputs @ knobs + self.offset, following)

    def observe(self, state: Forced) -> Obs:
        """The newest state, in its own units."""
        z = self.newest @ jnp.append(state.linear, state.forcing)
        return self.patches.decode(z.reshape(self.patches.sites, self.patches.channels))


class Embedded(NamedTuple):
    """A fitted model: what the simulator holds, as NumPy, and what the log tells."""

    whole: np.ndarray
    propagator: np.ndarray
    inputs: np.ndarray
    offset: np.ndarray
    record: np.ndarray
    knobs: np.ndarray
    successor: np.ndarray
    eigenvalues: np.ndarray
    kurtosis: float
    bursts: float
    unexplained: float


class DelayEmbeddingLinear(AbstractLearner):
    r"""Linear dynamics of the first delay coordinates, forced by the last one, the forcing from its record.

    .. math:: v_{1..r-1}(t + \Delta t) = A v_{1..r-1}(t) + b v_r(t)

    v are the leading singular coordinates of the Hankel matrix. As published (Brunton et al. 2017,
    doi 10.1038/s41467-017-00030-8): the coordinates, the split, and the diagnosis: v_r is intermittent, its bursts come
    before a change of lobe. The log has the eigenvalues of A, the kurtosis of v_r and the share of moments in bursts.

    Different: the Hankel matrix holds all observed numbers, not one; the map is over one dt, not the rate by finite
    differences; knobs are inputs. *Added*: the paper takes v_r from the data, so it is no forecast. Here v_r(t + dt)
    is what followed the nearest records of the training coordinates (weights 1/distance^2), which keeps a
    run bounded where A is stable. Its skill at length is that of this closure, not of the linear part.

    Attributes:
        delays: states in a row of the Hankel matrix; 0 searches 16, 32 and 60.
        rank: coordinates, the forcing included; 0 searches 15, 10 and 6.
        neighbours: records that the forcing is taken from.
        budget: settings tried.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    delays: int = 0
    rank: int = 0
    neighbours: int = 4
    budget: int = 6

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Embed for each setting, keep what runs best."""
        began = clock.perf_counter()
        self.check()
        draw_key, judge_key = jax.random.split(key)
        patches = patches_of(data, whole=True)
        sequences = sequences_of(patches, data)
        z, forced = (np.asarray(v, float)[:, :, 0] for v in (sequences.z, sequences.forced))
        fitting = largest_delays(data, MOST_CONTEXT)
        delays = list(
            dict.fromkeys(min(n, fitting) for n in ((self.delays,) if self.delays else (32, 16, 60)))
        )
        ranks = (self.rank,) if self.rank else (15, 10, 6, 30)
        structures = [{"delays": n, "rank": r} for n in delays for r in ranks]
        found: dict[tuple[int, int], Embedded] = {}

        def fit_one(setting: dict[str, Any]) -> ForcedLinearSimulator:
            n, r = setting["delays"], setting["rank"]
            found[n, r] = embed(z, forced, n, r)
            card = learned_card("havok", data, context=n)
            return simulator_of(card, patches, found[n, r], self.neighbours)

        chosen = search(
            draw_settings(structures, {}, self.budget, key=draw_key),
            fit_one,
            FreeRunJudge(data, reserve=max(delays), key=judge_key),
            space={"delays": delays, "rank": list(ranks)},
            budget=self.budget,
        )
        kept = found[chosen.log["chosen"]["delays"], chosen.log["chosen"]["rank"]]
        log = {**chosen.log, **diagnosis(kept, data.card.dt), "seconds": clock.perf_counter() - began}
        return Fit(chosen.simulator, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if not 0 <= self.delays <= MOST_CONTEXT or self.rank < 0 or self.rank == 1 or self.neighbours < 1:
            raise BadSpec(
                f"havok: delays must be from 0 to {MOST_CONTEXT}, rank 0 or at least 2, neighbours at least 1; got "
                f"{self.delays}, {self.rank}, {self.neighbours}"
            )
        check_budget("havok", self.budget)


def embed(z: np.ndarray, forced: np.ndarray, delays: int, rank: int) -> Embedded:
    """Coordinates, linear map and record of the forcing."""
    rows = delay_rows(z, delays)
    flat = rows.reshape(-1, rows.shape[-1])
    stride = max(1, len(flat) // (2 * MOST_ROWS))
    _, size, directions = np.linalg.svd(flat[::stride], full_matrices=False)
    r = max(2, min(rank, int(np.sum(size > 1e-12 * size[0]))))
    # over the square root of the row length, so that distances are in standard deviations of one number
    whole = directions[:r].T / np.sqrt(rows.shape[-1])
    v = rows @ whole
    u = aligned(forced, delays)[:, :-1]
    now, later = v[:, :-1].reshape(-1, r), v[:, 1:].reshape(-1, r)
    u = u.reshape(len(now), forced.shape[-1])
    both = np.concatenate([now, u, np.ones((len(now), 1))], axis=1)
    scale = np.maximum(np.sqrt(np.mean(both**2, axis=0)), 1e-300)
    weights = (np.linalg.lstsq(both / scale, later[:, :-1], rcond=1e-12)[0] / scale[:, None]).T
    left = later[:, :-1] - both @ weights.T
    kept = np.unique(np.linspace(0, len(now) - 1, min(len(now), MOST_ROWS)).astype(int))
    f = now[:, -1] / max(float(now[:, -1].std()), 1e-300)
    return Embedded(
        whole=whole,
        propagator=weights[:, :r],
        inputs=weights[:, r:-1],
        offset=weights[:, -1],
        record=now[kept],
        knobs=u[kept],
        successor=later[kept, -1],
        eigenvalues=np.linalg.eigvals(weights[:, : r - 1]).astype(complex),
        kurtosis=float(np.mean((f - f.mean()) ** 4)),
        bursts=float(np.mean(np.abs(f) > BURST)),
        unexplained=float(np.sqrt(np.mean(left**2) / np.mean(later[:, :-1] ** 2))),
    )


def simulator_of(
    card: SimulatorCard, patches: Patches, found: Embedded, neighbours: int
) -> ForcedLinearSimulator:
    """The simulator of an embedding."""
    dtype, number = patches.mean.dtype, patches.channels * patches.sites
    back = found.whole * found.whole.shape[0]  # the directions are orthonormal but for this factor
    return ForcedLinearSimulator(
        card=card,
        patches=patches,
        whole=jnp.asarray(found.whole, dtype),
        newest=jnp.asarray(back[:number], dtype),
        propagator=jnp.asarray(found.propagator, dtype),
        inputs=jnp.asarray(found.inputs, dtype),
        offset=jnp.asarray(found.offset, dtype),
        record=jnp.asarray(found.record, dtype),
        knobs=jnp.asarray(found.knobs, dtype),
        successor=jnp.asarray(found.successor, dtype),
        neighbours=min(neighbours, len(found.record)),
    )


def diagnosis(found: Embedded, dt: float) -> dict[str, Any]:
    """For a log: what the published method tells of a system."""
    return {
        "rates": rates(found.eigenvalues, dt),
        "forcing kurtosis": found.kurtosis,
        "forcing bursts": found.bursts,
        "one-step residual": found.unexplained,
    }
