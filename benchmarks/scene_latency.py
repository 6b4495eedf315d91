"""What the decoder adds to the encoder: whole network over encoder alone, one image at a time.

Run it: `python -m benchmarks.scene_latency` (goal for SideRT: 1.15). The encoder alone, SideRT, plain upsampling and a
DPT-style decoder (256 channels, as published) on the same encoder are timed in turn, round after round, so that a busy
machine disturbs all alike. Each ratio is the median over rounds of the CPU time (or the clock's) of that round over the
encoder's in the same round. Weights are random: time does not depend on them.
"""

import argparse
import statistics
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.sidert.network import new_network
from gnomon.learners.sidert.swin import SIZES, SwinEncoder, padded_image


def encoded(encoder: SwinEncoder, image: jax.Array) -> tuple[jax.Array, ...]:
    """All maps of an image, as the decoders get them."""
    return encoder(padded_image(image, encoder.plan.stride))


def main() -> None:
    """Print one line for each decoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="tiny", choices=list(SIZES))
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--decoders", default="sidert,plain,dpt")
    said = parser.parse_args()
    image = jnp.asarray(np.random.default_rng(0).uniform(size=(said.height, said.width, 3)), jnp.float32)
    networks = {name: new_network(said.size, name, seed=0) for name in said.decoders.split(",")}
    parts = {"encoder": (eqx.filter_jit(encoded), next(iter(networks.values())).encoder)}
    parts |= {name: (eqx.filter_jit(lambda net, x: net(x)), network) for name, network in networks.items()}
    for call, part in parts.values():
        jax.block_until_ready(call(part, image))
    work: dict[str, list[float]] = {name: [] for name in parts}
    clock: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(said.rounds):
        for name, (call, part) in parts.items():
            started, worked = time.perf_counter(), time.process_time()
            jax.block_until_ready(call(part, image))
            clock[name].append(time.perf_counter() - started)
            work[name].append(time.process_time() - worked)
    print(
        f"Swin {said.size}, {said.height} x {said.width}, {said.rounds} interleaved rounds, {jax.default_backend()}"
    )
    for name, (_, part) in parts.items():
        count = sum(x.size for x in jax.tree.leaves(part)) / 1e6
        cpu, wall = (
            statistics.median(a / b for a, b in zip(t[name], t["encoder"], strict=True))
            for t in (work, clock)
        )
        print(
            f"{name:8s} {count:7.2f} M parameters  CPU {1e3 * statistics.median(work[name]):8.1f} ms  "
            f"over encoder: {cpu:.3f} (CPU), {wall:.3f} (clock)"
        )


if __name__ == "__main__":
    main()
