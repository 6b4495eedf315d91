"""Orbits of a system with the tangent space that travels along: one program a system, many lanes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import SCHEMES


class Orbits(NamedTuple):
    """What was seen along the way.

    Attributes:
        states: [lane, time, component], one a `dt`.
        growth: [lane, time, vector] logarithms of the growth of each tangent vector in each `dt`.
        divergence: [lane] growth of the logarithm of a small volume: the time integral of the divergence of a flow, the
            sum of log |det J| of a map.
        last: [lane, component].
    """

    states: np.ndarray
    growth: np.ndarray
    divergence: np.ndarray
    last: np.ndarray


SMALL = 1e-3  # distance of two orbits over the spread: they must cross a jump in different steps to see it


class Runner:
    """Compiled once for a system: follows lanes at parameters of their own."""

    def __init__(self, world: Any, scheme: str, dt: float, substeps: int, vectors: int):
        """Make the programs; nothing is compiled before the first call."""
        self.world, self.scheme, self.dt, self.substeps, self.vectors = world, scheme, dt, substeps, vectors
        self._follow = jax.jit(jax.vmap(self._lane, in_axes=(0, 0, 0, None)), static_argnums=3)
        self._apart = jax.jit(jax.vmap(self._pair, in_axes=(0, 0, 0, None)), static_argnums=3)
        self._drift = jax.jit(jax.vmap(self._carried, in_axes=(0, 0, None)), static_argnums=2)

    def parameters(self, lanes: int, **turned: Any) -> dict[str, jax.Array]:
        """Standard parameters for so many lanes, some of them replaced."""
        full = {**self.world.about.parameters, **turned}
        return {name: jnp.broadcast_to(jnp.asarray(value, float), (lanes,)) for name, value in full.items()}

    def carry(self, states: Any, parameters: dict[str, jax.Array], time: float) -> jax.Array:
        """States [lane, component] a time later; nothing between is kept."""
        return self._drift(jnp.asarray(states), parameters, max(1, round(time / self.dt)))

    def follow(self, states: Any, parameters: dict[str, jax.Array], steps: int, seed: int = 0) -> Orbits:
        """Orbits over so many `dt`, with fresh random frames that have settled for a tenth of them before."""
        lanes, size = np.shape(states)
        rng = np.random.default_rng(seed)
        frames = np.linalg.qr(rng.standard_normal((lanes, size, size)))[0][:, :, : self.vectors]
        found = self._follow(jnp.asarray(states), jnp.asarray(frames.transpose(0, 2, 1)), parameters, steps)
        return Orbits(*(np.asarray(x) for x in found))

    def separate(
        self, states: Any, parameters: dict[str, jax.Array], spread: np.ndarray, steps: int
    ) -> np.ndarray:
        """[lane, time] logarithmic growth of the distance of two orbits, brought back to a small one after every `dt`.

        For right-hand sides that jump: tangents do not see a jump, a neighbour that crosses it elsewhere does.
        """
        rng = np.random.default_rng(5)
        kicks = SMALL * np.asarray(spread) * rng.standard_normal(np.shape(states))
        return np.asarray(self._apart(jnp.asarray(states), jnp.asarray(kicks), parameters, steps))

    def _pair(self, state: Any, kick: Any, parameters: dict[str, Any], steps: int) -> Any:
        inner = self._flow(parameters)[0]
        size = jnp.sqrt(jnp.sum(kick**2))

        def save(carry: Any, _: None) -> Any:
            u, v = carry
            ended = [jax.lax.fori_loop(0, self.substeps, lambda i, x: inner(x), x) for x in (u, v)]
            gap = ended[1] - ended[0]
            grown = jnp.sqrt(jnp.sum(gap**2)) / size
            u = self.world.wrapped(ended[0])
            return (u, u + gap / grown), jnp.log(grown)

        carry, _ = jax.lax.scan(save, (state, state + kick), None, length=max(1, steps // 10))
        return jax.lax.scan(save, carry, None, length=steps)[1]

    def _flow(self, parameters: dict[str, Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        """One inner step, and the growth of a small volume in it: the divergence, integrated by the same scheme."""
        if self.scheme == "rule":

            def rule(u: Any) -> Any:
                return jnp.stack(jnp.broadcast_arrays(*self.world.rule(u, parameters))) + 0.0

            return rule, lambda u: jnp.linalg.slogdet(jax.jacfwd(rule)(u))[1]

        def f(u: Any) -> Any:
            return jnp.stack(jnp.broadcast_arrays(*self.world.rhs(u, parameters)))

        scheme, h = SCHEMES[self.scheme], self.dt / self.substeps

        def step(g: Callable[[Any], Any], u: Any) -> Any:
            return scheme(lambda y, _: g(y), u, lambda t: {"t": t + 0.0}, time=0.0, dt=h, substeps=1)

        def with_volume(y: Any) -> Any:
            return jnp.append(f(y[:-1]), jnp.trace(jax.jacfwd(f)(y[:-1])))

        def volume(u: Any) -> Any:
            return step(with_volume, jnp.append(u, 0.0))[-1]

        return lambda u: step(f, u), volume

    def _carried(self, state: Any, parameters: dict[str, Any], steps: int) -> Any:
        inner = self._flow(parameters)[0]

        def one(_: Any, u: Any) -> Any:
            return self.world.wrapped(jax.lax.fori_loop(0, self.substeps, lambda i, x: inner(x), u))

        return jax.lax.fori_loop(0, steps, one, state)

    def _lane(self, state: Any, frame: Any, parameters: dict[str, Any], steps: int) -> Any:
        inner, volume = self._flow(parameters)

        def substep(_: Any, carry: Any) -> Any:
            u, vectors, total, grown = carry
            moved, pushed = jax.vmap(lambda v: jax.jvp(inner, (u,), (v,)), out_axes=(None, 0))(vectors)
            # After every inner step: within one dt a burst can shear a frame beyond what double precision resolves.
            pushed, more = orthonormal(pushed)
            return moved, pushed, total + volume(u), grown + more

        def save(carry: Any, _: None) -> Any:
            begin = (*carry, jnp.zeros(self.vectors))
            u, vectors, total, grown = jax.lax.fori_loop(0, self.substeps, substep, begin)
            u = self.world.wrapped(u)
            return (u, vectors, total), (u, grown)

        zero = jnp.zeros((), state.dtype)
        settled, _ = jax.lax.scan(save, (state, frame, zero), None, length=max(1, steps // 10))
        carry, (states, growth) = jax.lax.scan(save, (*settled[:2], zero), None, length=steps)
        return states, growth, carry[2], carry[0]


def orthonormal(vectors: Any) -> tuple[Any, Any]:
    """Rows made orthonormal one after the other (modified Gram-Schmidt), and the logarithms of their lengths."""
    done, grown = [], []
    for i in range(vectors.shape[0]):
        v = vectors[i]
        for q in done:
            v = v - q * jnp.dot(q, v)
        length = jnp.sqrt(jnp.dot(v, v))
        # what contracts below rounding has no direction left; any direction will do
        done.append(v / jnp.maximum(length, 1e-300))
        grown.append(jnp.log(jnp.maximum(length, 1e-300)))
    return jnp.stack(done), jnp.stack(grown)
