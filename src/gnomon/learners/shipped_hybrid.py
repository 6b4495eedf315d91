"""The hybrid with learned columns as it is shipped: physics that was learned once, on any machine at once."""

import json
import time as clock
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core import persist
from gnomon.core.columns import AbstractColumnWorld
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.lesson import PRIVILEGE
from gnomon.core.world import AbstractWorld
from gnomon.learners.learned_physics import LearnedColumns, LearnedPhysicsSimulator
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.sampling import learned_card

WEIGHTS = Path(__file__).with_name("shipped_hybrid.npz")
COMMAND = "python -m validation.hybrid speedy --ship"


class ShippedHybrid(AbstractLearner):
    r"""`column_hybrid` on `speedy`, trained once and shipped; nothing is fitted.

    .. math::
        \partial_t x = D(x) + f_\theta(\text{column of } x, \text{ground}, \text{sun})

    The equation, the papers (Kochkov and others 2024, doi:10.1038/s41586-024-07744-y; Beucler and others 2024,
    doi:10.1126/sciadv.adj7250), what is different from them and everything that acts on the learned physics are those
    of `column_hybrid`. Networks and scales (about 44 thousand weights a variant) are written by
    `python -m validation.hybrid speedy --ship`, which prints what they do beside the truth.

    What misleads: it has seen the physics of the standard `speedy` in perpetual January with `enso` in -2 ... 2 and
    `warming` in -1 ... 1, and none of the data it is given: another month, or a truth with another tuning, is another
    physics than it learned. It works on any grid with the same layers, but it has seen T21 alone. Seeds of a study do
    not vary its weights.

    Attributes:
        invariant: "none", or "all" transforms (`column_hybrid`).
    """

    version: ClassVar[int] = 4
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    invariant: str = "none"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """The shipped physics in the slot of the prior's own."""
        began = clock.perf_counter()
        self.check()
        if not isinstance(prior, AbstractColumnWorld):
            raise BadSpec(
                "shipped_hybrid: it needs a world of dynamics and columns of physics; choose `speedy`"
            )
        if prior.days > 0:
            raise BadSpec(
                f"shipped_hybrid: the calendar of this {prior.card.name} runs ({prior.days:g} days); it would start "
                "every run on its first day, and it has learned one month"
            )
        physics, told = shipped_physics(self.invariant, prior)
        wide = in_precision(physics, jnp.zeros(()).dtype)
        card = learned_card("shipped_hybrid", data, context=1)
        log = {"chosen": {"invariant": self.invariant}, "tried": 1, "budget": 1, "saw": PRIVILEGE, **told}
        seconds = clock.perf_counter() - began
        return Fit(LearnedPhysicsSimulator(card, prior, wide), log | {"seconds": seconds})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        check_shipped(self.invariant)


def check_shipped(invariant: str, path: Path = WEIGHTS) -> None:
    """Refuse a variant that is not in the file; only its names are read."""
    held = _variants(path)
    if invariant not in held:
        raise BadSpec(f"shipped_hybrid: invariant is {invariant!r}; there are {', '.join(sorted(held))}")


def shipped_physics(
    invariant: str, core: AbstractColumnWorld, path: Path = WEIGHTS
) -> tuple[LearnedColumns, dict[str, Any]]:
    """The physics of one variant, in single precision, and what is known of its training."""
    check_shipped(invariant, path)
    structure, arrays, told = _read(path)[invariant]
    physics = persist.restore(structure, arrays)
    sigma = np.asarray(physics.scales.sigma)
    if sigma.shape != core.sigma.shape or not np.allclose(sigma, core.sigma, atol=1e-6):
        raise BadSpec(
            f"shipped_hybrid: it was trained on {len(sigma)} layers of its own, and {core.card.name} has other "
            f"{len(core.sigma)}; train `column_hybrid` on this world"
        )
    return physics, told


def save_physics(variants: dict[str, tuple[LearnedColumns, dict[str, Any]]], path: Path = WEIGHTS) -> None:
    """Write physics and what is known of each, in one packed file."""
    parts: dict[str, Any] = {}
    for name, (physics, told) in variants.items():
        structure, arrays = persist.dump(in_precision(physics, jnp.float32))
        parts[f"{name}/plain"] = np.asarray(json.dumps({"structure": structure, "told": told}))
        parts |= {f"{name}/{k}": v for k, v in arrays.items()}
    np.savez_compressed(path, **parts)


def in_precision(physics: LearnedColumns, kind: Any) -> LearnedColumns:
    """The same physics, computed in another precision."""
    return jax.tree.map(lambda x: x.astype(kind) if eqx.is_inexact_array(x) else x, physics)


def _variants(path: Path) -> list[str]:
    if not path.exists():
        raise BadData(f"{path} is missing; make it by `{COMMAND}`")
    with np.load(path, allow_pickle=False) as file:
        return [k.removesuffix("/plain") for k in file.files if k.endswith("/plain")]


def _read(path: Path) -> dict[str, tuple[Any, dict[str, np.ndarray], dict[str, Any]]]:
    """Variant -> structure, arrays, and what is known of it."""
    found, names = {}, _variants(path)
    with np.load(path, allow_pickle=False) as file:
        for name in names:
            plain = json.loads(str(file[f"{name}/plain"]))
            own = [k for k in file.files if k.startswith(f"{name}/") and k != f"{name}/plain"]
            found[name] = (plain["structure"], {k.split("/", 1)[1]: file[k] for k in own}, plain["told"])
    return found
