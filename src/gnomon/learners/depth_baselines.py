"""What every depth network stands beside: the mean map, and a linear map of place and colour."""

import time as clock
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.sidert.depth_model import AbstractDepthModel, Reach, depths, places
from gnomon.learners.sidert.depth_simulator import depth_simulator
from gnomon.learners.sidert.pictures import Pictures, judged, mean_abs_rel, pictures_of, reach_of
from gnomon.numerics.ridge import ridge_path

DAMPING = 1e-6
MOST = 400_000  # pixels of a linear fit


class MeanMap(AbstractDepthModel):
    """The same map for every picture of that size."""

    logs: Float[Array, "y x"]

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """The picture is not looked at."""
        return jnp.exp(self.logs).astype(image.dtype)


class LinearMap(AbstractDepthModel):
    """Pixel by pixel: ln d = w . (1, y, x, y^2, x^2, red, green, blue), between the bounds of training."""

    weights: Float[Array, " feature"]
    reach: Reach

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """Of any size."""
        logs = features(image) @ self.weights
        return jnp.exp(jnp.clip(logs, np.log(self.reach.nearest), np.log(self.reach.farthest)))


def features(image: Float[Array, "y x 3"]) -> Float[Array, "y x feature"]:
    """One, place, its squares, colour."""
    at = places(image.shape[0], image.shape[1], image.dtype)
    return jnp.concatenate([jnp.ones_like(at[..., :1]), at, at**2, image], axis=-1)


class MeanDepth(AbstractLearner):
    """The mean map: at each pixel the geometric mean of the training depths there, sky left out.

    The reference of the literature on single-image depth (Eigen, Puhrsch and Fergus 2014, arXiv 1406.2283, held their
    network against the mean map). Different: the mean of logarithms, which AbsRel rewards. It is stronger than the
    null of the measure `depth`, whose arithmetic mean counts sky as 0 metres.

    What misleads: it knows where the floor is, so it beats a network that was trained too briefly.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """One pass over the pictures."""
        began = clock.perf_counter()
        return _fitted("mean_depth", mean_map(pictures_of(data, "mean_depth")), data, {}, began)


class LinearDepth(AbstractLearner):
    """A linear map from place and colour to the logarithm of depth, by least squares over all pixels of training.

    What misleads: it sees one pixel at a time. What it beats the mean map by is colour (haze, sky's blue at the rim of
    roofs), what a network beats it by is everything that takes two pixels.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Least squares."""
        began = clock.perf_counter()
        pictures = pictures_of(data, "depth_linear")
        return _fitted("depth_linear", linear_map(pictures), data, {"damping": DAMPING}, began)


def mean_map(pictures: Pictures) -> MeanMap:
    """Where no picture has a depth, the mean of all places."""
    depth = np.asarray(pictures.depth, float)
    there = judged(depth)
    logs = np.log(np.where(there, depth, 1.0))
    count = there.sum(axis=0)
    whole = logs.sum() / max(int(there.sum()), 1)
    return MeanMap(jnp.asarray(np.where(count > 0, logs.sum(axis=0) / np.maximum(count, 1), whole)))


def linear_map(pictures: Pictures) -> LinearMap:
    """By ridge regression, next to no damping; every n-th pixel where there are very many."""
    reach = reach_of(pictures, "depth_linear")
    depth = np.asarray(pictures.depth, float)
    there = judged(depth)
    step = -(-int(there.sum()) // MOST)
    rows = np.asarray(features_of(pictures.images), float)[there][::step]
    logs = np.log(depth[there][::step])[:, None]
    weights, offset = ridge_path(rows[:, 1:], logs, (DAMPING,))[0]
    return LinearMap(jnp.asarray(np.concatenate([np.ravel(offset), np.ravel(weights)])), reach)


def features_of(images: Float[Array, "n y x 3"]) -> Float[np.ndarray, "n y x feature"]:
    """Of several pictures."""
    first = np.asarray(features(images[0]))[..., :5]
    return np.concatenate([np.broadcast_to(first, (len(images), *first.shape)), np.asarray(images)], axis=-1)


def _fitted(name: str, model: AbstractDepthModel, data: Data, chosen: dict[str, Any], began: float) -> Fit:
    held_out = pictures_of(data, name, rows="validation", most=128)
    error = mean_abs_rel(np.asarray(depths(model, held_out.images)), np.asarray(held_out.depth))
    log = {
        "chosen": chosen, "tried": 1, "budget": 1, "validation": {"nrmse": error}, "space": {},
        "seconds": clock.perf_counter() - began,
    }  # fmt: skip
    return Fit(depth_simulator(name, model, data), log)
