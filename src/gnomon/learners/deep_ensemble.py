"""Deep ensemble: the same learner fitted several times, each with chances of its own; every run follows one of them."""

import json
import time as clock
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.inner import asks_for_physics, check_inner, inner_learner, with_card
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card


class Drawn(NamedTuple):
    """Which member this run follows, and a state for every group of members."""

    member: Int[Array, ""]
    states: tuple[Any, ...]


class Group(eqx.Module):
    """Members of one structure: one simulator whose arrays have a leading axis of members."""

    stacked: AbstractSimulator
    count: int = eqx.field(static=True)

    def member(self, slot: Array) -> AbstractSimulator:
        """One of them."""
        return jax.tree.map(lambda leaf: leaf[slot], self.stacked)


class EnsembleSimulator(AbstractSimulator[Drawn]):
    """Each run draws its member when it starts and keeps it.

    Members of one structure (the same layers, the same delays) are stacked, and only the drawn one is computed. Where
    the search chose different structures, one of every structure is computed and the drawn one is shown.
    """

    card: SimulatorCard = eqx.field(static=True)
    groups: tuple[Group, ...]

    @property
    def members(self) -> int:
        """Number of members."""
        return sum(g.count for g in self.groups)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Drawn:
        """A member drawn by the key, started from as much of the history as it wants."""
        draw_key, own_key = jax.random.split(key)
        member = jax.random.randint(draw_key, (), 0, self.members)
        states = []
        for simulator in self._present(member):
            past = {k: v[v.shape[0] - simulator.card.context :] for k, v in history.items()}
            states.append(simulator.assimilate(past, forcing, time=time, key=own_key))
        return Drawn(member, tuple(states))

    def advance(self, state: Drawn, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Drawn:
        """One step of the member."""
        moved = [
            simulator.advance(own, forcing, time=time, key=key)
            for simulator, own in zip(self._present(state.member), state.states, strict=True)
        ]
        return Drawn(state.member, tuple(moved))

    def observe(self, state: Drawn) -> Obs:
        """What the member shows."""
        shown: Obs = {}
        first = 0
        for group, simulator, own in zip(self.groups, self._present(state.member), state.states, strict=True):
            mine = simulator.observe(own)
            shown = {
                k: jnp.where(state.member >= first, v, shown[k]) if shown else v for k, v in mine.items()
            }
            first += group.count
        return shown

    def _present(self, member: Array) -> list[AbstractSimulator]:
        """For every group the member drawn, or its first or last where the member is of another group."""
        found, first = [], 0
        for group in self.groups:
            found.append(group.member(jnp.clip(member - first, 0, group.count - 1)))
            first += group.count
        return found


class DeepEnsemble(AbstractLearner):
    r"""Several fits of one learner that differ by their chances: starting weights, minibatches, settings drawn.

    .. math::
        p(y \mid x) = \frac{1}{M} \sum_{m=1}^{M} p_{\theta_m}(y \mid x)

    Lakshminarayanan, Pritzel and Blundell 2017, arXiv:1612.01474: M networks, each trained on all data from its own
    random start, are a uniform mixture. As published: M = 5, all data for each (`bootstrap` resamples trajectories,
    which the paper found no help for networks, and which is all that tells apart learners without chances in their
    fit). Different: a trajectory is a draw of one member, kept for the whole run, because the mean of chaotic runs is
    no run; members are the inner learner's own point forecasts, without the paper's predicted variance (`calibrated`
    adds noise of fitted size) and without adversarial examples.

    What misleads: members share data, architecture and its faults, so that their spread leaves out what all of them
    have wrong. A learner that draws nothing and is not bootstrapped has M equal members; the log says how many differ.

    Attributes:
        of: the learner that is fitted.
        of_args: its arguments, as JSON.
        members: fits.
        bootstrap: 1 draws training trajectories with replacement for every member but the first.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[Any] = property(asks_for_physics)
    of: str = "residual"
    of_args: str = ""
    members: int = 5
    bootstrap: int = 0

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Fit every member, stack those of one structure."""
        began = clock.perf_counter()
        self.check()
        inner = inner_learner("deep_ensemble", self.of, self.of_args)
        judge_key, *keys = jax.random.split(key, self.members + 1)
        fits = []
        for number, own in enumerate(keys):
            rng = np.random.default_rng(np.asarray(jax.random.key_data(own)).ravel().tolist())
            rows = rng.choice(data.train, len(data.train)) if self.bootstrap and number else data.train
            fits.append(inner.fit(data._replace(train=np.sort(rows)), prior=prior, key=own))
        context = max(f.simulator.card.context for f in fits)
        card = learned_card("deep_ensemble", data, context=context, stochastic=True)
        used = {name for f in fits for name in f.simulator.card.knobs}
        card = msgspec.structs.replace(card, knobs=tuple(k for k in card.knobs if k in used))
        simulator = EnsembleSimulator(card=card, groups=group_members([f.simulator for f in fits], card))
        verdict = FreeRunJudge(data, reserve=context, key=judge_key)(simulator)
        return Fit(simulator, self._log(fits, verdict.plain(), clock.perf_counter() - began))

    def check(self) -> None:
        """Refuse settings that no fit could use, those of the learner inside too."""
        check_inner("deep_ensemble", self.of, self.of_args)
        if self.members < 1 or self.bootstrap not in (0, 1):
            raise BadSpec("deep_ensemble: members must be at least 1, and bootstrap 0 or 1")

    def _log(self, fits: Sequence[Fit], validation: dict[str, float], seconds: float) -> dict[str, Any]:
        return {
            "chosen": {"of": self.of, "members": [f.log["chosen"] for f in fits]},
            "tried": sum(f.log["tried"] for f in fits),
            "budget": sum(f.log["budget"] for f in fits),
            "validation": validation,
            "member_validation": [f.log["validation"] for f in fits],
            "distinct": count_distinct([f.simulator for f in fits]),
            "space": json.loads(json.dumps(fits[0].log.get("space", {}))),
            "seconds": seconds,
        }


def group_members(simulators: Sequence[AbstractSimulator], card: SimulatorCard) -> tuple[Group, ...]:
    """Simulators of one structure stacked, in order of first appearance."""
    kinds: list[tuple[Any, list[AbstractSimulator]]] = []
    for simulator in simulators:
        # What training spanned differs between bootstrapped members and must not tell their structures apart.
        plain = with_card(simulator, msgspec.structs.replace(card, context=simulator.card.context))
        leaves, structure = jax.tree.flatten(plain)
        kind = (structure, [(np.shape(leaf), jnp.result_type(leaf)) for leaf in leaves])
        alike = next((found for known, found in kinds if known == kind), None)
        if alike is None:
            kinds.append((kind, [plain]))
        else:
            alike.append(plain)
    return tuple(
        Group(jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(v) for v in leaves]), *alike), len(alike))
        for _, alike in kinds
    )


def count_distinct(simulators: Sequence[AbstractSimulator]) -> int:
    """How many differ in any number."""
    return len({b"".join(np.asarray(v).tobytes() for v in jax.tree.leaves(s)) for s in simulators})
