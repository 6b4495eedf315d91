"""Nodes as named arrays and plain data, and back."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.columns import Change, Columns
from gnomon.core.learner import Data
from gnomon.core.lesson import Lesson
from gnomon.core.runner import Starts
from gnomon.core.runs import Observed, Runs, Unsupported
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import WorldCard

Arrays = dict[str, np.ndarray]


def pack_runs(runs: Runs | Unsupported) -> tuple[Arrays, dict[str, Any]]:
    """Runs as arrays and plain data; so is the statement that there are none."""
    if isinstance(runs, Unsupported):
        return {}, {"label": runs.label, "unsupported": runs.reason}
    arrays = {f"obs.{k}": v for k, v in runs.obs.items()}
    arrays |= {f"forcing.{k}": v for k, v in runs.forcing.items()}
    arrays |= {f"initial.{k}": v for k, v in runs.initial.items()}
    arrays |= {"time": runs.time, "diverged": runs.diverged}
    if runs.exponents is not None:
        arrays["exponents"] = runs.exponents
    return arrays, {"label": runs.label, "cost": runs.cost}


def unpack_runs(arrays: Arrays, meta: dict[str, Any]) -> Runs | Unsupported:
    """The inverse of `pack_runs`."""
    if "unsupported" in meta:
        return Unsupported(meta["label"], meta["unsupported"])
    return Runs(
        label=meta["label"],
        obs=Observed(_under("obs.", arrays)),
        time=arrays["time"],
        forcing=_under("forcing.", arrays),
        diverged=arrays["diverged"],
        exponents=arrays.get("exponents"),
        initial=_under("initial.", arrays),
        cost=meta["cost"],
    )


def pack_starts(starts: Starts) -> Arrays:
    """Starts as arrays: the state's leaves in order, and the history."""
    leaves = jax.tree.leaves(starts.states)
    return (
        {f"state.{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
        | {f"history.{k}": v for k, v in starts.history.items()}
        | {f"library.{k}": v for k, v in starts.library.items()}
    )


def unpack_starts(arrays: Arrays, world: AbstractWorld) -> Starts:
    """The inverse of `pack_starts`; the world tells the shape of its state."""
    shape = jax.eval_shape(lambda: world.init(key=jax.random.PRNGKey(0)))
    leaves = [jnp.asarray(arrays[f"state.{i}"]) for i in range(len(jax.tree.leaves(shape)))]
    states = jax.tree.unflatten(jax.tree.structure(shape), leaves)
    return Starts(states=states, history=_under("history.", arrays), library=_under("library.", arrays))


def pack_data(data: Data) -> Arrays:
    """Training data as arrays."""
    return (
        {f"obs.{k}": v for k, v in data.obs.items()}
        | {f"forcing.{k}": v for k, v in data.forcing.items()}
        | {"time": data.time, "train": data.train, "validation": data.validation}
    )


def unpack_data(arrays: Arrays, card: WorldCard) -> Data:
    """The inverse of `pack_data`."""
    return Data(
        obs=_under("obs.", arrays),
        forcing=_under("forcing.", arrays),
        time=arrays["time"],
        train=arrays["train"],
        validation=arrays["validation"],
        card=card,
    )


def pack_lesson(lesson: Lesson) -> Arrays:
    """A lesson as arrays: what has names by them, the states' leaves in order."""
    columns, change = lesson.columns._asdict(), lesson.change._asdict()
    told, fluxes = columns.pop("told"), change.pop("fluxes")
    parts = {"columns": columns, "told": told, "change": change, "flux": fluxes, "knob": lesson.knobs}
    for name in ("before", "after"):
        parts[name] = {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(getattr(lesson, name)))}
    arrays = {f"{part}.{k}": np.asarray(v) for part, held in parts.items() for k, v in held.items()}
    return arrays | {k: np.asarray(getattr(lesson, k)) for k in ("run", "moment_run", "begins")}


def unpack_lesson(arrays: Arrays, world: AbstractWorld) -> Lesson:
    """The inverse of `pack_lesson`; the world tells the shape of its states."""

    def part(name: str) -> dict[str, Any]:
        return {**_under(f"{name}.", arrays)}

    def states(name: str) -> Any:
        leaves = part(name)
        if not leaves:
            return None
        like = jax.eval_shape(lambda: world.init(key=jax.random.PRNGKey(0)))
        return jax.tree.unflatten(jax.tree.structure(like), [leaves[str(i)] for i in range(len(leaves))])

    return Lesson(
        columns=Columns(**part("columns"), told=part("told")),
        change=Change(**part("change"), fluxes=part("flux")),
        run=arrays["run"],
        before=states("before"),
        after=states("after"),
        knobs=part("knob"),
        moment_run=arrays["moment_run"],
        begins=arrays["begins"],
    )


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
