"""Search: the one place where hyper-parameters are chosen, with a stated budget."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.simulator import AbstractSimulator
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import Verdict

Setting = dict[str, Any]


class Chosen(NamedTuple):
    """The winner of a search and its log (plain data)."""

    simulator: AbstractSimulator
    log: dict[str, Any]


def check_budget(name: str, budget: int) -> None:
    """Refuse a learner's budget that allows no setting, before there are data."""
    if budget < 1:
        raise BadSpec(f"{name}: budget must be at least 1, got {budget}")


def draw_settings(
    structures: Sequence[Setting], cheap: Mapping[str, Sequence[Any]], budget: int, *, key: PRNGKeyArray
) -> list[Setting]:
    """At most `budget` settings, the first structure (the sensible default) first.

    A structure is what costs a new fit or compilation; `cheap` axes (ridge strengths) are tried in full for each
    structure drawn, since they cost next to nothing. The other structures come in an order drawn by the key.
    """
    if budget < 1:
        raise BadSpec(f"a search needs a budget of at least 1 setting, got {budget}")
    inner = [dict(zip(cheap, values, strict=True)) for values in itertools.product(*cheap.values())]
    order = [0]
    if len(structures) > 1:
        order += [1 + int(i) for i in np.asarray(jax.random.permutation(key, len(structures) - 1))]
    settings = [{**structures[i], **c} for i in order for c in inner]
    return settings[:budget]


def search(
    candidates: Sequence[Setting],
    fit_one: Callable[[Setting], AbstractSimulator],
    judge: Callable[[AbstractSimulator], Verdict],
    *,
    space: Mapping[str, Any],
    budget: int,
) -> Chosen:
    """Fit and judge every candidate; the one with the best verdict wins, the earlier one on a tie."""
    began = time.perf_counter()
    best: tuple[Verdict, Setting, AbstractSimulator] | None = None
    trace = []
    for setting in candidates:
        simulator = fit_one(setting)
        verdict = judge(simulator)
        trace.append({"setting": setting, **verdict.plain()})
        if best is None or verdict.rank < best[0].rank:
            best = (verdict, setting, simulator)
    if best is None:
        raise BadData("a search needs at least one candidate")
    return Chosen(
        simulator=best[2],
        log={
            "chosen": best[1],
            "tried": len(trace),
            "budget": budget,
            "validation": best[0].plain(),
            "space": dict(space),
            "trace": trace,
            "seconds": time.perf_counter() - began,
        },
    )
