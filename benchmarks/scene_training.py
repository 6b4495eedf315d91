"""What one update of the weights costs with each decoder: the same encoder, loss, pictures and optimiser.

Run it: `python -m benchmarks.scene_training`. Equal updates are not equal work: the study `scenes` has rows that were
trained for about as long as the DPT-style decoder was, and this tells how many updates that is. Every decoder makes a
few updates in one compiled program, in turn, round after round; the ratio is the median over rounds of its CPU time
over SideRT's in the same round.
"""

import argparse
import statistics
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from gnomon.learners.sidert.depth_model import NetworkDepth, Reach
from gnomon.learners.sidert.depth_training import GAIN, DepthLoss
from gnomon.learners.sidert.learner import new_depth_network
from gnomon.learners.sidert.pictures import Pictures

FIRST = "sidert"


def main() -> None:
    """Print one line for each decoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", default="mini")
    parser.add_argument("--height", type=int, default=48)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--updates", type=int, default=10, help="in one round")
    parser.add_argument("--rounds", type=int, default=7)
    said = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (4 * said.batch, said.height, said.width)
    pictures = Pictures(
        jnp.asarray(rng.uniform(size=(*shape, 3)), jnp.float32),
        jnp.asarray(rng.uniform(1, 20, shape), jnp.float32),
    )
    rows = jnp.asarray(rng.integers(0, shape[0], (said.updates, said.batch)), jnp.int32)
    starts = {
        name: NetworkDepth(
            new_depth_network(said.size, name, seed=0), Reach(1.0, 20.0, said.height, said.width)
        )
        for name in (FIRST, "plain", "dpt")
    }
    ready = {
        name: eqx.filter_jit(trained).lower(model, pictures, rows).compile() for name, model in starts.items()
    }
    work: dict[str, list[float]] = {name: [] for name in starts}
    for turn in range(said.rounds + 1):  # the first warms up
        for name, model in starts.items():
            began = time.process_time()
            jax.block_until_ready(ready[name](model, pictures, rows))
            if turn:
                work[name].append((time.process_time() - began) / said.updates)
    print(
        f"Swin {said.size}, {said.batch} pictures of {said.height} x {said.width}, {said.rounds} interleaved rounds"
    )
    for name, model in starts.items():
        weights = sum(x.size for x in jax.tree.leaves(eqx.filter(model, eqx.is_array))) / 1e6
        ratios = [a / b for a, b in zip(work[name], work[FIRST], strict=True)]
        print(
            f"{name:8s} {weights:6.2f} M weights  CPU {1e3 * statistics.median(work[name]):7.1f} ms an update  "
            f"over {FIRST}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


def trained(model: NetworkDepth, pictures: Pictures, rows: jax.Array) -> Any:
    """The weights after one update for each row of `rows`."""
    loss, optimiser = DepthLoss(jnp.float32(GAIN)), optax.adamw(1e-3)
    weights, rest = eqx.partition(model, eqx.is_inexact_array)

    def cost(weights: Any, some: jax.Array, key: jax.Array) -> jax.Array:
        return loss(eqx.combine(weights, rest), None, pictures, some, jnp.float32(0), key)[0]

    def update(carry: Any, some: jax.Array) -> Any:
        weights, moments, key = carry
        key, own = jax.random.split(key)
        change, moments = optimiser.update(jax.grad(cost)(weights, some, own), moments, weights)
        return (eqx.apply_updates(weights, change), moments, key), None

    return jax.lax.scan(update, (weights, optimiser.init(weights), jax.random.key(0)), rows)[0][0]


if __name__ == "__main__":
    main()
