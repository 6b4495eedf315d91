"""What the decoder adds to the encoder: whole network over encoder alone, one image at a time.

Run it: `python -m benchmarks.scene_latency` (goal for SideRT: 1.15). The encoder alone, SideRT, plain upsampling and a
DPT-style decoder (256 channels, as published) on the same encoder are timed in turn, round after round, so that a busy
machine disturbs all alike. Each ratio is the median over rounds of the CPU time (or the clock's) of that round over the
encoder's in the same round. Weights are random: time does not depend on them. Beside it stand weights, floating-point
operations and working memory as the compiler counts them (it counts a multiplication and an addition as two).
`--size mini,tiny,small` makes a table against size.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.sidert.network import DenseFieldNetwork, new_network
from gnomon.learners.sidert.swin import SIZES, SwinEncoder, padded_image


def encoded(encoder: SwinEncoder, image: jax.Array) -> tuple[jax.Array, ...]:
    """All maps of an image, as the decoders get them."""
    return encoder(padded_image(image, encoder.plan.stride))


def main() -> None:
    """Print one line for each size and decoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--size", default="tiny", help=f"of the encoder, separated by commas: {', '.join(SIZES)}"
    )
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--decoders", default="sidert,plain,dpt")
    said = parser.parse_args()
    image = jnp.asarray(np.random.default_rng(0).uniform(size=(said.height, said.width, 3)), jnp.float32)
    for size in said.size.split(","):
        timed(size, said.decoders.split(","), image, said.rounds)


def timed(size: str, decoders: list[str], image: jax.Array, rounds: int) -> None:
    """Compile all, then time them in turn."""
    networks = {name: new_network(size, name, seed=0) for name in decoders}
    parts: dict[str, tuple[Callable[..., Any], Any]] = {
        "encoder": (encoded, next(iter(networks.values())).encoder)
    }
    parts |= {name: (_whole, network) for name, network in networks.items()}
    ready = {name: eqx.filter_jit(call).lower(part, image).compile() for name, (call, part) in parts.items()}
    work: dict[str, list[float]] = {name: [] for name in parts}
    clock: dict[str, list[float]] = {name: [] for name in parts}
    for turn in range(rounds + 1):  # the first warms up
        for name, (_, part) in parts.items():
            started, worked = time.perf_counter(), time.process_time()
            jax.block_until_ready(ready[name](part, image))
            if turn:
                clock[name].append(time.perf_counter() - started)
                work[name].append(time.process_time() - worked)
    shape = f"{image.shape[0]} x {image.shape[1]}"
    print(f"Swin {size}, {shape}, {rounds} interleaved rounds, {jax.default_backend()}")
    for name, (_, part) in parts.items():
        count = sum(x.size for x in jax.tree.leaves(part)) / 1e6
        cpu, wall = (
            statistics.median(a / b for a, b in zip(t[name], t["encoder"], strict=True))
            for t in (work, clock)
        )
        compiled = ready[name].compiled
        flops = compiled.cost_analysis()["flops"] / 1e9
        working = compiled.memory_analysis().temp_size_in_bytes / 1e6
        print(
            f"{name:8s} {count:7.2f} M weights  {flops:7.2f} Gflop  {working:7.1f} MB  "
            f"CPU {1e3 * statistics.median(work[name]):8.1f} ms  {1 / statistics.median(clock[name]):6.1f} pictures/s  "
            f"over encoder: {cpu:.3f} (CPU), {wall:.3f} (clock)",
            flush=True,
        )


def _whole(network: DenseFieldNetwork, image: jax.Array) -> jax.Array:
    return network(image)


if __name__ == "__main__":
    main()
