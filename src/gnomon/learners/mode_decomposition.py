"""Dynamic mode decomposition of states or of delayed states, knobs as inputs."""

import time as clock
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.delay_matrices import aligned, delay_rows
from gnomon.numerics.mode_decomposition import Decomposition, decompose, rank_by_energy, rank_by_noise, rates
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget, draw_settings, search
from gnomon.training.windows import sequences_of

MOST_ROWS = 20_000  # snapshots of a decomposition
MOST_LOGGED = 40  # eigenvalues
LARGEST_RANK = 300
MOST_CONTEXT = 64


class ModeSimulator(AbstractSimulator[Array]):
    """a(t + dt) = propagator a(t) + inputs knobs(t) + offset; the newest state is `basis` a.

    Attributes:
        whole: [delayed, mode] from delayed states, the newest first, to scores.
        newest: [number, mode] from scores to the newest state.
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    whole: Float[Array, "delayed mode"]
    newest: Float[Array, "number mode"]
    propagator: Float[Array, "mode mode"]
    inputs: Float[Array, "mode input"]
    offset: Float[Array, " mode"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The past, projected."""
        return self.patches.encode(history)[::-1].reshape(-1) @ self.whole

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step of the linear map."""
        forced = self.patches.forced(forcing.at(time))[0]
        return self.propagator @ state + self.inputs @ forced + self.offset

    def observe(self, state: Array) -> Obs:
        """The newest state, in its own units."""
        z = self.newest @ state
        return self.patches.decode(z.reshape(self.patches.sites, self.patches.channels))


class ModeDecomposition(AbstractLearner):
    r"""Exact dynamic mode decomposition, of states or of delayed states, knobs as control inputs.

    .. math:: x_{n+1} = A x_n + B u_n + b, \qquad \tilde A = U^* A U

    U are the leading directions of the snapshots. As published: exact modes and eigenvalues (Tu et al. 2014,
    doi 10.3934/jcd.2014.1.391), inputs (Proctor, Brunton and Kutz 2016, doi 10.1137/15M1013857), delays in the
    snapshots (Arbabi and Mezic 2017, doi 10.1137/17M1125236), states centred (Hirsh et al. 2020,
    doi 10.1137/19M1289881). The offset b takes up what centring leaves. The rank is that of a stated share of the sum
    of squares, or the optimal hard threshold (Gavish and Donoho 2014); delays and share are searched on free runs.

    What misleads: three things are called "optimised" decomposition; this is none of them (least squares on pairs,
    biased towards decay by noise). A chaotic system has no such modes: the eigenvalues are those of the best linear
    map, and `resdmd` tells which of them mean something.

    Attributes:
        delays: states in a snapshot; 0 searches 1, 8, 24 and 48.
        rank: "search", "noise" (hard threshold), or a share of the sum of squares such as "0.999".
        budget: settings tried.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    delays: int = 0
    rank: str = "search"
    budget: int = 6

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Decompose for each setting, keep what runs best."""
        began = clock.perf_counter()
        draw_key, judge_key = jax.random.split(key)
        self.check()
        patches = patches_of(data, whole=True)
        sequences = sequences_of(patches, data)
        z, forced = (np.asarray(v, float)[:, :, 0] for v in (sequences.z, sequences.forced))
        fitting = largest_delays(data, MOST_CONTEXT)
        delays = sorted(
            {min(n, fitting) for n in ((self.delays,) if self.delays else (24, 48, 8, 1))}, reverse=True
        )
        ranks = ("0.9999", "0.99999999", "noise") if self.rank == "search" else (self.rank,)
        first = delays[min(1, len(delays) - 1)]
        structures = [
            {"delays": n, "rank": r} for n in [first, *(d for d in delays if d != first)] for r in ranks
        ]
        found: dict[tuple[int, str], Decomposition] = {}

        def fit_one(setting: dict[str, Any]) -> ModeSimulator:
            n, rule = setting["delays"], setting["rank"]
            found[n, rule] = decomposition_of(z, forced, n, rule)
            return simulator_of(learned_card("dmd", data, context=n), patches, found[n, rule])

        chosen = search(
            draw_settings(structures, {}, self.budget, key=draw_key),
            fit_one,
            FreeRunJudge(data, reserve=max(delays), key=judge_key),
            space={"delays": delays, "rank": list(ranks)},
            budget=self.budget,
        )
        kept = found[chosen.log["chosen"]["delays"], chosen.log["chosen"]["rank"]]
        log = {**chosen.log, **spectrum(kept, data.card.dt), "seconds": clock.perf_counter() - began}
        return Fit(chosen.simulator, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if not 0 <= self.delays <= MOST_CONTEXT:
            raise BadSpec(f"dmd: delays must be from 0 (searched) to {MOST_CONTEXT}, got {self.delays}")
        if self.rank not in ("search", "noise") and not _is_share(self.rank):
            raise BadSpec(
                f'dmd: rank must be "search", "noise" or a share such as "0.999", got {self.rank!r}'
            )
        check_budget("dmd", self.budget)


def _is_share(text: str) -> bool:
    try:
        return 0.0 < float(text) <= 1.0
    except ValueError:
        return False


def largest_delays(data: Data, most: int) -> int:
    """The longest past that leaves two thirds of a trajectory to be forecast."""
    return max(1, min(most, len(data.time) // 3))


def decomposition_of(z: np.ndarray, forced: np.ndarray, delays: int, rule: str) -> Decomposition:
    """Of the delayed states of all trajectories; evenly spaced rows where there are more than needed."""
    rows = delay_rows(z, delays)
    now, later = rows[:, :-1].reshape(-1, rows.shape[-1]), rows[:, 1:].reshape(-1, rows.shape[-1])
    u = aligned(forced, delays)[:, :-1]
    u = u.reshape(len(now), forced.shape[-1])
    stride = max(1, len(now) // MOST_ROWS)
    now, later, u = now[::stride], later[::stride], u[::stride]
    singular = np.linalg.svd(now, compute_uv=False)
    if rule == "noise":
        rank = rank_by_noise(singular, *now.shape)
    else:
        rank = rank_by_energy(singular, float(rule))
    return decompose(now, later, u, min(rank, LARGEST_RANK))


def simulator_of(card: SimulatorCard, patches: Patches, found: Decomposition) -> ModeSimulator:
    """The linear simulator of a decomposition of delayed states, the newest first."""
    dtype = patches.mean.dtype
    number = patches.channels * patches.sites
    return ModeSimulator(
        card=card,
        patches=patches,
        whole=jnp.asarray(found.basis, dtype),
        newest=jnp.asarray(found.basis[:number], dtype),
        propagator=jnp.asarray(found.propagator, dtype),
        inputs=jnp.asarray(found.inputs, dtype),
        offset=jnp.asarray(found.offset, dtype),
    )


def spectrum(found: Decomposition, dt: float) -> dict[str, Any]:
    """For a log: the leading eigenvalues, in discrete and in continuous time."""
    kept = found.eigenvalues[:MOST_LOGGED]
    return {
        "modes": len(found.eigenvalues),
        "eigenvalues": [[float(v.real), float(v.imag)] for v in kept],
        "rates": rates(kept, dt),
    }
