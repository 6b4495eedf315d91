"""What the decoder adds to the encoder: whole network over encoder alone, one image at a time.

Run it: `python -m benchmarks.scene_latency` (goal for SideRT: 1.15). The encoder alone, SideRT, plain upsampling and a
DPT-style decoder (256 channels, as published) on the same encoder are timed in turn, round after round, so that a busy
machine disturbs all alike. Each ratio is the median over rounds of the CPU time (or the clock's) of that round over the
encoder's in the same round, with the range in which 95 % of medians of rounds drawn anew lie. Weights are random: time
does not depend on them. Beside it stand weights, floating-point operations and working memory as the compiler counts
them (it counts a multiplication and an addition as two). `--size mini,tiny,small --image 128x160,480x640` makes a table
against size, and `--csv docs/results/scene-latency.csv` keeps it for docs/scenes.md.
"""

import argparse
import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path
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
    parser.add_argument("--image", default="128x160", help="height x width in pixels, separated by commas")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--decoders", default="sidert,plain,dpt")
    parser.add_argument("--csv", type=Path, help="a file for the table")
    said = parser.parse_args()
    rows = []
    for image in said.image.split(","):
        height, width = (int(side) for side in image.split("x"))
        picture = jnp.asarray(np.random.default_rng(0).uniform(size=(height, width, 3)), jnp.float32)
        for size in said.size.split(","):
            rows += timed(size, said.decoders.split(","), picture, said.rounds)
    if said.csv:
        with said.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def timed(size: str, decoders: list[str], image: jax.Array, rounds: int) -> list[dict[str, Any]]:
    """Compile all, then time them in turn; a row for the encoder and each decoder."""
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
    rows = []
    for name, (_, part) in parts.items():
        compiled = ready[name].compiled
        over, low, high = ratio(work[name], work["encoder"])
        rows.append({
            "encoder": size, "image": shape, "network": name, "rounds": rounds,
            "million_weights": round(sum(x.size for x in jax.tree.leaves(part)) / 1e6, 3),
            "gflop": round(compiled.cost_analysis()["flops"] / 1e9, 3),
            "memory_mb": round(compiled.memory_analysis().temp_size_in_bytes / 1e6, 1),
            "cpu_ms": round(1e3 * statistics.median(work[name]), 2),
            "pictures_a_second": round(1 / statistics.median(clock[name]), 1),
            "over_encoder": round(over, 3), "low": round(low, 3), "high": round(high, 3),
            "over_encoder_by_clock": round(ratio(clock[name], clock["encoder"])[0], 3),
        })  # fmt: skip
        r = rows[-1]
        print(
            f"{name:8s} {r['million_weights']:8.2f} M weights  {r['gflop']:8.2f} Gflop  {r['memory_mb']:7.1f} MB  "
            f"CPU {r['cpu_ms']:8.1f} ms  {r['pictures_a_second']:6.1f} pictures/s  over encoder: "
            f"{over:.3f} ({low:.3f} to {high:.3f}) by CPU, {r['over_encoder_by_clock']:.3f} by clock",
            flush=True,
        )
    return rows


def ratio(mine: list[float], others: list[float]) -> tuple[float, float, float]:
    """Median over rounds of mine over the other's, and where 95 % of such medians lie."""
    each = np.asarray(mine) / np.asarray(others)
    again = np.median(np.random.default_rng(0).choice(each, (2000, len(each))), axis=1)
    return float(np.median(each)), *(float(q) for q in np.quantile(again, (0.025, 0.975)))


def _whole(network: DenseFieldNetwork, image: jax.Array) -> jax.Array:
    return network(image)


if __name__ == "__main__":
    main()
