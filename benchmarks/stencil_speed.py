"""A stencil as a library's convolution and as one product: alone, and within a loop.

Run it: `python -m benchmarks.stencil_speed`. On a CPU a compiled loop (training, a free run) has no library for
convolutions: what is faster alone may be much slower there. Milliseconds of CPU time of a gradient over 16 fields,
medians over interleaved rounds.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

SIZES = ((48, 64, 12), (24, 32, 24), (12, 16, 48))  # rows, columns, channels: the levels of a small U-Net


def convolved(x: jax.Array, weights: jax.Array) -> jax.Array:
    """By the library."""
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x[None], weights, (1, 1), "SAME", dimension_numbers=numbers)[0]


def multiplied(x: jax.Array, weights: jax.Array) -> jax.Array:
    """As one product of all neighbours, as `Stencil` does it."""
    rows, columns, _ = x.shape
    padded = jnp.pad(x, ((1, 1), (1, 1), (0, 0)))
    near = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return jnp.concatenate(near, axis=-1) @ weights.reshape(-1, weights.shape[-1])


def compiled(form: Callable[..., jax.Array], x: jax.Array, repeats: int) -> Callable[[jax.Array], jax.Array]:
    """Steps down a gradient: one alone, or so many in a loop."""

    def loss(weights: jax.Array) -> jax.Array:
        return jnp.sum(jax.vmap(form, (0, None))(x, weights) ** 2)

    def step(weights: jax.Array, _: None) -> tuple[jax.Array, None]:
        return weights - 1e-9 * jax.grad(loss)(weights), None

    if repeats == 1:
        return jax.jit(lambda weights: step(weights, None)[0])
    return jax.jit(lambda weights: jax.lax.scan(step, weights, None, length=repeats)[0])


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5, help="steps within the loop")
    said = parser.parse_args()
    rng = np.random.default_rng(0)
    for rows, columns, channels in SIZES:
        x = jnp.asarray(rng.normal(size=(16, rows, columns, channels)), jnp.float32)
        weights = jnp.asarray(0.01 * rng.normal(size=(3, 3, channels, channels)), jnp.float32)
        ready = {
            (name, repeats): compiled(form, x, repeats)
            for name, form in (("library", convolved), ("product", multiplied))
            for repeats in (1, said.repeats)
        }
        spent: dict[tuple[str, int], list[float]] = {key: [] for key in ready}
        for turn in range(said.rounds + 1):  # the first compiles
            for key, run in ready.items():
                worked = time.process_time()
                jax.block_until_ready(run(weights))
                if turn:
                    spent[key].append(1e3 * (time.process_time() - worked) / key[1])
        shown = "  ".join(
            f"{name} {'alone' if repeats == 1 else 'in a loop'} {statistics.median(times):6.1f} ms"
            for (name, repeats), times in spent.items()
        )
        print(f"{rows} x {columns}, {channels} channels: {shown}", flush=True)


if __name__ == "__main__":
    main()
