"""A U-Net from a picture to its depth: the convolutional network that a transformer has to beat."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.sidert.depth_model import AbstractDepthModel, Reach, places
from gnomon.learners.sidert.depth_training import DepthPlan, fit_depth
from gnomon.learners.sidert.network import depth_of, normalised
from gnomon.learners.unet import UNetwork, new_u_network
from gnomon.numerics.geometry import Geometry
from gnomon.spec.errors import BadSpec

MARGIN = 8  # pixels of mirror around a picture: the network's own neighbours go round the ends


class UNetDepth(AbstractDepthModel):
    """Colours and places to a depth between two bounds."""

    network: UNetwork
    geometry: Geometry
    reach: Reach
    margin: int = eqx.field(static=True)

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """Of the one size that it was made for."""
        rows, columns = image.shape[:2]
        x = jnp.concatenate([normalised(image), places(rows, columns, image.dtype)], axis=-1)
        x = jnp.pad(x, ((self.margin, self.margin), (self.margin, self.margin), (0, 0)), mode="reflect")
        out = self.network(self.geometry, x.reshape(-1, x.shape[-1])).reshape(x.shape[:2])
        kept = out[self.margin : self.margin + rows, self.margin : self.margin + columns]
        return depth_of(kept, self.reach.nearest, self.reach.farthest)


class DepthUNet(AbstractLearner):
    """The network of `unet` (Ronneberger, Fischer and Brox 2015, arXiv 1505.04597) on pictures.

    What differs from that paper is told there; its neighbours go round the ends of the plane, so pictures get a margin
    of mirrored pixels that is cut off again. Colours, places, loss, augmentation, updates and the choice of a snapshot
    are those of `sidert`: the two differ in the network alone.

    What misleads: equal updates are not equal costs. At full resolution its first layers cost more than a whole Swin of
    the same number of weights.

    Attributes:
        width: channels at full resolution; they double with every level.
        levels: grids below the finest, at most; fewer where the picture cannot be halved.
        budget: rates tried.
        updates: of the weights for each rate.
        batch: pictures in a minibatch.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    width: int = 12
    levels: int = 3
    budget: int = 1
    updates: int = 1500
    batch: int = 16

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each rate."""
        self.check()
        return fit_depth(self._plan(), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.width < 1 or self.levels < 0:
            raise BadSpec("depth_unet: width must be at least 1, levels not negative")
        self._plan().check()

    def _plan(self) -> DepthPlan:
        return DepthPlan("depth_unet", self.budget, self.updates, self.batch)

    def _start(self, reach: Reach, key: PRNGKeyArray) -> UNetDepth:
        seed = int(np.asarray(jax.random.key_data(key)).ravel()[-1])
        return new_unet_depth(reach, seed=seed, width=self.width, levels=self.levels)


def new_unet_depth(reach: Reach, *, seed: int, width: int = 12, levels: int = 3) -> UNetDepth:
    """Untrained."""
    margin = min(MARGIN, reach.rows - 1, reach.columns - 1)
    geometry = Geometry("plane", (reach.rows + 2 * margin, reach.columns + 2 * margin))
    network = new_u_network(geometry, 5, 1, np.random.default_rng(seed), width=width, levels=levels)
    return UNetDepth(network, geometry, reach, margin)
