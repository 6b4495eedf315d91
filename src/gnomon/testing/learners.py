"""The public contract of learners: what every one must keep, checked on a world and data of your choice."""

import json
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.persist import dump, restore
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs

STEPS = 8


def check_learner(
    learner: AbstractLearner,
    world: AbstractWorld,
    data: Data,
    *,
    prior: AbstractWorld | None = None,
    saved: bool = True,
    eager: bool = True,
    key: PRNGKeyArray,
) -> Fit:
    """Assert everything a learner promises; returns the fit for further questions.

    Where the world has hidden variables, the simulator is given histories without them and must show them all the same.

    Args:
        learner: to be checked.
        world: the data are of.
        data: small is enough.
        prior: the imperfect twin, for learners that need one.
        saved: whether to check the round trip through `core.persist` (modules outside gnomon need an entry point).
        eager: whether to hold the compiled run against an uncompiled one (slow on large worlds).
        key: of the fit.
    """
    prior = prior if learner.needs_prior else None
    fit = learner.fit(data, prior=prior, key=key)
    again = learner.fit(data, prior=prior, key=key)
    assert _same(fit.simulator, again.simulator), "the same key must give the same simulator, bit for bit"
    _check_log(fit.log)
    _check_card(fit.simulator, data)
    run = _check_runs(fit.simulator, data, eager)
    _check_forcing(fit.simulator, data)
    if saved:
        structure, arrays = dump(fit.simulator)
        back = restore(json.loads(json.dumps(structure)), arrays)
        assert _same(fit.simulator, back), "a saved simulator must come back bit for bit"
        assert _equal(run, _runs(back, data)), "a restored simulator must run the same"
    return fit


def _check_log(log: dict[str, Any]) -> None:
    json.dumps(log, allow_nan=False)
    for name in ("chosen", "tried", "seconds", "budget", "validation"):
        assert name in log, f"the log of a fit lacks {name!r}"
    assert log["tried"] <= log["budget"], "more settings were tried than the stated budget"


def _check_card(simulator: AbstractSimulator, data: Data) -> None:
    card = simulator.card
    assert card.dt == data.card.dt, "a simulator steps by the world's dt"
    assert card.variables == tuple(v.name for v in data.card.variables), "variables differ from the world's"
    assert card.context >= 1, "a simulator needs the present at least"
    for name in card.knobs:
        low, high = card.trained_on[name]
        seen = data.forcing[name][data.train]
        assert low == seen.min() and high == seen.max(), f"trained_on[{name!r}] is not what training saw"


def _check_runs(simulator: AbstractSimulator, data: Data, eager: bool) -> dict[str, np.ndarray]:
    """Shapes, finiteness, jit = eager, vmap = loop."""
    batched = _runs(simulator, data)
    for v in data.card.variables:
        shape = (len(data.validation), STEPS, *v.shape)
        assert batched[v.name].shape == shape, f"{v.name!r}: expected {shape}, got {batched[v.name].shape}"
        assert np.all(np.isfinite(batched[v.name])), f"{v.name!r}: not finite after {STEPS} steps"
    seen = {k for k in batched if not k.startswith(("gained_", "acted_"))}  # measures/sphere/declared.py
    assert seen == {v.name for v in data.card.variables}, (
        "observations are keyed differently from the world's"
    )
    history, forcing, time = _beginnings(simulator, data)
    one = jax.tree.map(lambda leaf: leaf[0], (history, forcing, time))
    alone = eqx.filter_jit(_run)(simulator, *one)
    for name, value in alone.items():
        np.testing.assert_allclose(
            value, batched[name][0], rtol=1e-6, atol=1e-7, err_msg="vmap differs from one run"
        )
    if eager:
        with jax.disable_jit():
            slow = _run(simulator, *one, steps=2)
        for name, value in alone.items():
            np.testing.assert_allclose(
                slow[name], value[:2], rtol=1e-6, atol=1e-7, err_msg="jit differs from eager"
            )
    return batched


def _check_forcing(simulator: AbstractSimulator, data: Data) -> None:
    """A simulator that claims no knob must ignore it; one whose tendency answers to a knob must claim it."""
    if simulator.card.knobs:
        return
    history, forcing, time = _beginnings(simulator, data)
    other = eqx.tree_at(lambda f: f.values, forcing, jax.tree.map(lambda v: v + 1.0, forcing.values))
    run = eqx.filter_jit(jax.vmap(_run, in_axes=(None, 0, 0, 0)))
    first, second = run(simulator, history, forcing, time), run(simulator, history, other, time)
    assert _equal(first, second), "the simulator answers to a knob that its card does not name"


def _beginnings(simulator: AbstractSimulator, data: Data) -> tuple[Obs, Forcing, Array]:
    context = simulator.card.context
    rows = data.validation
    history = {k: jnp.asarray(v[rows, :context]) for k, v in data.seen.items()}
    times = {k: jnp.asarray(np.broadcast_to(data.time, (len(rows), len(data.time)))) for k in data.forcing}
    forcing = Forcing(times=times, values={k: jnp.asarray(v[rows]) for k, v in data.forcing.items()})
    return history, forcing, jnp.full(len(rows), data.time[context - 1])


def _run(
    simulator: AbstractSimulator, history: Obs, forcing: Forcing, time: Array, steps: int = STEPS
) -> Obs:
    key = jax.random.key(0)
    state = simulator.assimilate(history, forcing, time=time, key=key)

    def step(state, n):
        now = time + n * simulator.card.dt
        state = simulator.advance(state, forcing, time=now, key=jax.random.fold_in(key, n))
        return state, simulator.observe(state)

    return jax.lax.scan(step, state, jnp.arange(steps))[1]


_all = eqx.filter_jit(jax.vmap(_run, in_axes=(None, 0, 0, 0)))


def _runs(simulator: AbstractSimulator, data: Data) -> dict[str, np.ndarray]:
    return {k: np.asarray(v) for k, v in _all(simulator, *_beginnings(simulator, data)).items()}


def _same(a: Any, b: Any) -> bool:
    leaves, others = jax.tree.leaves(a), jax.tree.leaves(b)
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        np.asarray(x).dtype == np.asarray(y).dtype and np.array_equal(x, y)
        for x, y in zip(leaves, others, strict=True)
    )


def _equal(a: Mapping[str, ArrayLike], b: Mapping[str, ArrayLike]) -> bool:
    return all(np.array_equal(a[k], b[k]) for k in a)
