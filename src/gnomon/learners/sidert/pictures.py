"""What a depth network learns from: the pictures of a world's data, and the hidden field behind each."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.core.learner import Data
from gnomon.learners.sidert.depth_model import Reach
from gnomon.numerics.depth_metrics import SCENE_CAP, depth_errors
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadData, BadSpec

NEAR, FAR = 0.5, 2.0  # a model may answer so much nearer and farther than any depth in training


class Pictures(NamedTuple):
    """Pictures with their depth, in single precision.

    Attributes:
        images: colours in [0, 1], with noise.
        depth: metres; what lies outside `SCENE_CAP` (sky) is not learned and not judged.
    """

    images: Float[Array, "picture y x 3"]
    depth: Float[Array, "picture y x"]


def fields_of(card: WorldCard, name: str) -> tuple[tuple[str, ...], str]:
    """The three seen colours and the hidden field of a world; BadSpec where it is no world of pictures."""
    hidden = tuple(v for v in card.variables if v.hidden)
    seen = tuple(v for v in card.variables if not v.hidden)
    if len(hidden) != 1 or len(seen) != 3 or {v.dims for v in card.variables} != {("y", "x")}:
        raise BadSpec(
            f"{name}: it infers one hidden field from three seen ones, all on (y, x); {card.name} has other variables: "
            "choose the world `scene`"
        )
    return tuple(v.name for v in seen), hidden[0].name


def pictures_of(data: Data, name: str, *, rows: str = "train", most: int | None = None) -> Pictures:
    """Every observation of the training (or validation) trajectories as a picture; at most so many, spread evenly."""
    colours, hidden = fields_of(data.card, name)
    picked = getattr(data, rows)
    parts = [np.asarray(data.obs[k][picked], np.float32) for k in (*colours, hidden)]
    flat = [x.reshape(-1, *x.shape[2:]) for x in parts]
    if most is not None and len(flat[0]) > most:
        kept = np.linspace(0, len(flat[0]) - 1, most).round().astype(int)
        flat = [x[kept] for x in flat]
    return Pictures(jnp.asarray(np.stack(flat[:3], axis=-1)), jnp.asarray(flat[3]))


def reach_of(pictures: Pictures, name: str) -> Reach:
    """Bounds with room beyond what training saw."""
    depth = np.asarray(pictures.depth)
    seen = depth[judged(depth)]
    if not len(seen):
        raise BadData(f"{name}: no pixel of the training pictures has a depth")
    return Reach(
        nearest=float(NEAR * seen.min()), farthest=float(FAR * seen.max()),
        rows=depth.shape[1], columns=depth.shape[2],
    )  # fmt: skip


def judged(depth: np.ndarray) -> np.ndarray:
    """Where a depth counts."""
    low, high = SCENE_CAP
    return (depth > low) & (depth < high)


def mean_abs_rel(predicted: np.ndarray, truth: np.ndarray) -> float:
    """AbsRel averaged over pictures; infinite where a prediction is not finite, pictures of sky alone left out."""
    if not np.isfinite(predicted).all():
        return float("inf")
    pairs = [(p, t) for p, t in zip(predicted, truth, strict=True) if judged(t).any()]
    if not pairs:
        raise BadData("no pixel of these pictures has a depth")
    return float(np.mean([depth_errors(p, t, cap=SCENE_CAP).abs_rel for p, t in pairs]))
