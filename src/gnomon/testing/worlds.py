"""`check_world`: does a world keep its side of the contract? For every world here, and for other people's."""

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import RUNGS, Fact, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec

DOI = re.compile(r"\b10\.\d{4,9}/\S+")


class _Probe(NamedTuple):
    """A world with what most checks need: states on the attractor, forcings at the ends of every knob, a key."""

    world: AbstractWorld
    states: Any
    default: Forcing
    ends: dict[str, tuple[Forcing, Forcing]]
    key: Any


def check_world(world: AbstractWorld, *, seed: int = 0) -> None:
    """Raise `BadSpec` with the first promise that a world does not keep; return silently where it keeps all.

    Promises: a complete card; an equation and a DOI in the docstring; parameters that are array leaves; `jit` equals
    eager, `vmap` equals a loop, the derivative is finite; the same key gives the same bits and another key another
    start; observations have the card's names and shapes; `lift` undoes `observe`; every knob reaches the state;
    states stay finite over the spin-up at both ends of every knob.

    Args:
        world: an instance.
        seed: of the states that are tried.
    """
    check_card(world.card)
    _check_docstring(world)
    _check_leaves(world)
    probe = _settle(world, seed)
    for check in (_check_observe, _check_lift, _check_keys, _check_transforms, _check_knobs):
        check(probe)


def check_card(card: WorldCard) -> None:
    """Raise `BadSpec` where a world's card leaves something unsaid or contradicts itself."""
    _need(bool(card.name and card.summary), "card: expected a name and a one-line summary, got an empty one")
    _need(card.rung in RUNGS, f"card: rung is {card.rung!r}; expected one of {', '.join(RUNGS)}")
    for what in ("dt", "timescale", "spinup"):
        value = getattr(card, what)
        _need(
            math.isfinite(value) and value > 0,
            f"card: {what} must be a positive number of time units, got {value}",
        )
    _need(bool(card.time_units), 'card: time_units is empty; "1" says that time is a pure number')
    _need(card.exponents >= 1, f"card: exponents must be at least 1, got {card.exponents}")
    dois = [r for r in card.references if DOI.search(r)]
    _need(bool(dois), "card: references hold no DOI; give at least one, as in '10.1175/…'")
    _need(bool(card.variables), "card: variables are empty; a world shows at least one")
    _need(bool(card.knobs), "card: knobs are empty; a world has at least one forcing with a training range")
    names = [v.name for v in card.variables] + [k.name for k in card.knobs]
    _need(
        len(set(names)) == len(names),
        f"card: variables and knobs need different names, got {', '.join(names)}",
    )
    for v in card.variables:
        _check_variable(v)
    for k in card.knobs:
        _check_knob(k, card)
    for f in card.facts:
        _check_fact(f)
    _check_balances(card)
    hash(card)


def _need(holds: bool, message: str) -> None:
    if not holds:
        raise BadSpec(message)


def _check_variable(v: Variable) -> None:
    where = f"card: variable {v.name!r}"
    _need(bool(v.units), f'{where} has no units; "1" stands for a pure number')
    _need(len(v.dims) == len(v.shape), f"{where}: dims {v.dims} do not name the axes of shape {v.shape}")
    _need(v.scale > 0 and math.isfinite(v.scale), f"{where}: scale must be positive, got {v.scale}")
    _need(
        0 < v.obs_error < v.scale,
        f"{where}: obs_error must lie between 0 and scale {v.scale}, got {v.obs_error}; a perfect start has no floor",
    )


def _check_knob(k: Knob, card: WorldCard) -> None:
    where = f"card: knob {k.name!r}"
    _need(bool(k.units and k.meaning), f"{where} needs units and a meaning in words")
    _need(k.low < k.high, f"{where}: low {k.low} must lie below high {k.high}")
    _need(
        k.low <= k.default <= k.high,
        f"{where}: default {k.default} lies outside its range {k.low} … {k.high}",
    )
    if k.pattern is not None:
        sizes = {math.prod(v.shape) for v in card.variables}
        _need(
            len(k.pattern) in sizes,
            f"{where}: its pattern has {len(k.pattern)} values; expected one for each point of a variable, {sizes}",
        )


def _check_fact(f: Fact) -> None:
    where = f"card: fact {f.name!r}"
    _need(math.isfinite(f.value), f"{where} is {f.value}; leave out what is not known")
    _need(
        bool(f.units and f.source), f"{where} needs units and a source (a DOI or a command of the repository)"
    )
    _need(bool(f.how), f"{where} needs one line on how it was obtained, the more so where it has no error")
    _need(
        f.error is None or (math.isfinite(f.error) and f.error >= 0),
        f"{where}: error {f.error} is not an error bar",
    )


def _check_balances(card: WorldCard) -> None:
    variables = {v.name for v in card.variables}
    patterned = {k.name for k in card.knobs if k.pattern is not None}
    for b in card.balances:
        where = f"card: balance {b.name!r}"
        _need(b.scale > 0 and bool(b.units), f"{where} needs a positive scale and units")
        for factor in (f for _, factors in b.terms for f in factors):
            name, _, after = factor.partition(":")
            known = name in variables or (name in {k.name for k in card.knobs} and after in ("", "pattern"))
            _need(
                known,
                f"{where}: {factor!r} is neither a variable, a derivative 'u:2', a knob, nor 'knob:pattern'",
            )
            if after == "pattern":
                _need(name in patterned, f"{where}: knob {name!r} has no pattern")
            elif after:
                _need(
                    after.isdigit(), f"{where}: {factor!r} does not name a derivative; expected as in 'u:2'"
                )
                _need(
                    card.length is not None,
                    f"{where}: a derivative needs card.length, the length of the domain",
                )


def _check_docstring(world: AbstractWorld) -> None:
    text = type(world).__doc__ or ""
    name = type(world).__name__
    _need(
        ".. math::" in text, f"docstring of {name} has no equation; write it under '.. math::' with its signs"
    )
    _need(bool(DOI.search(text)), f"docstring of {name} has no DOI; say where the equation comes from")


def _check_leaves(world: AbstractWorld) -> None:
    name = type(world).__name__
    loose = [f.name for f in dataclasses.fields(world) if isinstance(getattr(world, f.name), float)]
    _need(
        not loose,
        f"{name}: {', '.join(loose)} are Python floats; make parameters arrays (jnp.asarray in __init__)",
    )
    leaves = jax.tree.leaves(eqx.filter(world, eqx.is_inexact_array))
    _need(bool(leaves), f"{name} has no array leaves; parameters of the equations must be array fields")


def _steady(card: WorldCard, name: str = "", value: float = 0.0) -> Forcing:
    values = {k.name: jnp.asarray([value if k.name == name else k.default]) for k in card.knobs}
    return Forcing(times={n: jnp.zeros(1) for n in values}, values=values)


def _stack(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *xs: jnp.stack(xs), *trees)


def _finite(tree: Any) -> bool:
    return all(
        bool(jnp.isfinite(x).all()) for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.inexact)
    )


def _settle(world: AbstractWorld, seed: int) -> _Probe:
    """Two states a forcing, run over the spin-up at the default and at both ends of every knob."""
    card, key = world.card, jax.random.key(seed)
    default = _steady(card)
    ends = {k.name: (_steady(card, k.name, k.low), _steady(card, k.name, k.high)) for k in card.knobs}
    named = {"the defaults": default}
    for k in card.knobs:
        named |= {f"{k.name} = {k.low:g}": ends[k.name][0], f"{k.name} = {k.high:g}": ends[k.name][1]}
    steps = max(1, round(card.spinup / card.dt))

    @eqx.filter_jit
    def spin(forcing: Forcing, keys: Any) -> Any:
        def one(key: Any) -> Any:
            def body(i: Any, carry: Any) -> Any:
                return world.step(carry, forcing, time=i * card.dt, key=jax.random.fold_in(key, i))

            return jax.lax.fori_loop(0, steps, body, world.init(key=key))

        return jax.vmap(one)(keys)

    keys = jax.random.split(key, 2)
    ended = eqx.filter_vmap(spin, in_axes=(eqx.if_array(0), None))(_stack(list(named.values())), keys)
    for i, where in enumerate(named):
        _need(
            _finite(jax.tree.map(lambda x, i=i: x[i], ended)),
            f"step: the state is not finite at the end of the spin-up at {where}; more substeps, or a smaller range",
        )
    return _Probe(world, jax.tree.map(lambda x: x[0], ended), default, ends, key)


def _one(probe: _Probe, index: int = 0) -> Any:
    return jax.tree.map(lambda x: x[index], probe.states)


def _distance(card: WorldCard, a: dict[str, Any], b: dict[str, Any]) -> float:
    """Largest difference of two observations, each variable over its scale."""
    return max(
        float(jnp.abs(jnp.asarray(a[v.name]) - jnp.asarray(b[v.name])).max()) / v.scale
        for v in card.variables
    )


def _tolerance(tree: Any) -> float:
    widths = [jnp.finfo(x.dtype).eps for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return 1e4 * float(max(widths, default=jnp.finfo(jnp.float32).eps))


def _advance(probe: _Probe, forcing: Forcing) -> Callable[..., Any]:
    def advance(state: Any, time: Any = 0.0) -> Any:
        return probe.world.step(state, forcing, time=time, key=probe.key)

    return advance


def _check_observe(probe: _Probe) -> None:
    card = probe.world.card
    obs = probe.world.observe(_one(probe))
    expected = [v.name for v in card.variables]
    _need(
        sorted(obs) == sorted(expected),
        f"observe returns {', '.join(sorted(obs))}; the card declares {', '.join(sorted(expected))}",
    )
    for v in card.variables:
        shape = np.shape(obs[v.name])
        _need(shape == v.shape, f"observe: {v.name!r} has shape {shape}; the card declares {v.shape}")
        _need(
            jnp.issubdtype(obs[v.name].dtype, jnp.floating),
            f"observe: {v.name!r} is not a real floating-point array",
        )


def _check_lift(probe: _Probe) -> None:
    world, state, other = probe.world, _one(probe), _one(probe, 1)
    near = _tolerance(state)
    again = world.lift(world.observe(state), state)
    _need(
        jax.tree.structure(again) == jax.tree.structure(state),
        "lift returns another structure than step; return a state of the same kind as the background",
    )
    moved = max(
        float(jnp.abs(a - b).max() / (1 + jnp.abs(b).max()))
        for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(state), strict=True)
    )
    _need(
        moved < near, f"lift(observe(state), state) moves the state by {moved:.2g}; it must return that state"
    )
    seen = world.observe(world.lift(world.observe(other), state))
    gap = _distance(world.card, seen, world.observe(other))
    _need(
        gap < near,
        f"observe(lift(obs, background)) misses obs by {gap:.2g} scales; lift must reproduce the observation",
    )


def _check_keys(probe: _Probe) -> None:
    world = probe.world
    a, b = jax.random.split(probe.key)
    first, again, other = (world.observe(world.init(key=k)) for k in (a, a, b))
    _need(
        _distance(world.card, first, again) == 0, "init: the same key gave two states; draw only from `key`"
    )
    _need(
        _distance(world.card, first, other) > 0,
        "init: two keys gave the same state; draw the start from `key`",
    )
    advance = jax.jit(_advance(probe, probe.default))
    one, two = (world.observe(advance(_one(probe))) for _ in range(2))
    _need(
        _distance(world.card, one, two) == 0,
        "step: the same state and key gave two results; draw only from `key`",
    )


def _check_transforms(probe: _Probe) -> None:
    world, state = probe.world, _one(probe)
    near, observe = _tolerance(state), probe.world.observe
    advance = _advance(probe, probe.default)
    eager = advance(state)
    _need(
        jax.tree.map(jnp.shape, eager) == jax.tree.map(jnp.shape, state)
        and jax.tree.map(lambda x: x.dtype, eager) == jax.tree.map(lambda x: x.dtype, state),
        "step returns a state of another shape or dtype than it was given",
    )
    gap = _distance(world.card, observe(eager), observe(jax.jit(advance)(state, jnp.asarray(0.0))))
    _need(
        gap < near,
        f"step under jit differs from eager by {gap:.2g} scales; is there a side effect, or a NumPy call?",
    )
    batched = jax.vmap(advance)(probe.states)
    for i in range(2):
        lone = observe(advance(_one(probe, i)))
        gap = _distance(world.card, observe(jax.tree.map(lambda x, i=i: x[i], batched)), lone)
        _need(
            gap < near, f"step under vmap differs from a loop by {gap:.2g} scales; write step for one state"
        )
    ones = jax.tree.map(jnp.ones_like, state)
    _, tangent = jax.jvp(advance, (state,), (ones,))
    _need(
        _finite(tangent),
        "the derivative of step is not finite; look for sqrt(0), abs or where in the tendency",
    )


def _check_knobs(probe: _Probe) -> None:
    world, state = probe.world, _one(probe)
    for name, (low, high) in probe.ends.items():
        gap = _distance(
            world.card, *(world.observe(_advance(probe, f)(_advance(probe, f)(state))) for f in (low, high))
        )
        _need(gap > 0, f"knob {name!r} does not reach the state; use forcing.at(time)[{name!r}] in step")
