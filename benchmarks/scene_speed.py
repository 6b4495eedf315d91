"""How many pictures of rendered scenes a second, and how much CPU time one takes.

Run it: `python -m benchmarks.scene_speed` (goal: 200 pictures of 128 x 160 a second on 2 cores, which is 10 ms of CPU
time each). On a busy machine the CPU time is the number to read: the clock counts other people's work too. Pictures are
made one after the other (`jax.lax.map`), so that the pixels of one stay in the cache. One such loop does not fill two
cores; `--threads 2` makes as many batches side by side, as two workers of a study do.
"""

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp

from gnomon.worlds.scene.knobs import DEFAULTS
from gnomon.worlds.scene.layout import random_scene
from gnomon.worlds.scene.render import render


def main() -> None:
    """Print the median of several rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="batches made side by side, beside one alone")
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=160)
    said = parser.parse_args()
    knobs = {name: jnp.float32(value) for name, value in DEFAULTS.items()}

    @jax.jit
    def pictures(keys: jax.Array) -> tuple[jax.Array, ...]:
        def one(key: jax.Array) -> tuple[jax.Array, ...]:
            where, noise = jax.random.split(key)
            scene = random_scene(key=where)
            return tuple(render(scene, knobs, height=said.height, width=said.width, key=noise))[:3]

        return jax.lax.map(one, keys)

    keys = jax.random.split(jax.random.key(0), said.batch)
    jax.block_until_ready(pictures(keys))
    found: dict[int, tuple[list[float], list[float]]] = {1: ([], []), said.threads: ([], [])}
    for _ in range(said.rounds):
        for threads, (clock, work) in found.items():
            with ThreadPoolExecutor(threads) as pool:
                started, worked = time.perf_counter(), time.process_time()
                jax.block_until_ready(list(pool.map(pictures, [keys] * threads)))
                clock.append((time.perf_counter() - started) / (threads * said.batch))
                work.append((time.process_time() - worked) / (threads * said.batch))
    print(f"{said.height} x {said.width}, batches of {said.batch}, median of {said.rounds} rounds")
    for threads, (clock, work) in found.items():
        cpu, wall = statistics.median(work), statistics.median(clock)
        print(f"{threads} batch{'es side by side' if threads > 1 else ' alone'}")
        print(
            f"  CPU time a picture   {1e3 * cpu:8.2f} ms: {2 / cpu:.0f} a second on 2 free cores (goal 200)"
        )
        print(f"  clock time a picture {1e3 * wall:8.2f} ms: {1 / wall:.0f} a second on this machine now")


if __name__ == "__main__":
    main()
