"""What a world says of the states that its truth starts from: what is wrong is named, not left to be noticed."""

from collections import Counter
from typing import Any

import jax

from gnomon.core.world import AbstractExaminedWorld, AbstractWorld
from gnomon.engine.bench import Bench
from gnomon.spec.experiment import Experiment
from gnomon.spec.study import Case

MOST = 8  # states that are looked at: those of one world and its knobs are alike


def complaint(world: AbstractWorld, states: Any) -> str:
    """In one sentence what is wrong with states [unit, ...]; empty where nothing is, or where the world cannot tell."""
    if not isinstance(world, AbstractExaminedWorld):
        return ""
    count = min(MOST, len(jax.tree.leaves(states)[0]))
    each = Counter(world.outcome(jax.tree.map(lambda x, i=i: x[i], states)) for i in range(count))
    wrong = ", ".join(f"{n} {name}" for name, n in sorted(each.items()) if name != "fine")
    return f"Of {count} states that the truth starts from {wrong}." if wrong else ""


def complaint_of(bench: Bench, case: Case, experiment: Experiment) -> str:
    """That of the truth's starting states of an experiment."""
    world = bench.world(case.world)
    if not isinstance(world, AbstractExaminedWorld):
        return ""
    return complaint(world, bench.starts(case, experiment, "truth").states)
