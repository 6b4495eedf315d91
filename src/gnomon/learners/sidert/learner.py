"""SideRT as a learner, with the decoders and ablations that it is held against."""

import dataclasses
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.sidert.depth_model import NetworkDepth, Reach
from gnomon.learners.sidert.depth_training import DepthPlan, fit_depth
from gnomon.learners.sidert.network import DECODERS, DenseFieldNetwork, new_network
from gnomon.learners.sidert.swin import SIZES, as_published
from gnomon.learners.sidert.swin_weights import read_swin
from gnomon.spec.errors import BadSpec, UnknownName

WIDTHS = {
    "sidert": (64, 48),
    "plain": (64, 48),
    "dpt": (256, 48),
}  # of each decoder, published and for "mini"


class SideRT(AbstractLearner):
    r"""A Swin encoder and a light decoder: the depth behind one picture.

    .. math::
        d = d_0 (d_1 / d_0)^{\sigma(D(E(\text{picture})))}, \qquad
        \text{loss} = 10 \sqrt{\overline{g^2} - 0.85\, \bar g^2}, \quad g = \ln d - \ln d_{true}

    Shu and others (2022), arXiv 2204.13892, doi:10.48550/arXiv.2204.13892. As published: a Swin encoder E and a decoder
    D in which cross-scale attention fuses what is alike and multi-scale refinement what lies at one place, few
    parameters, no convolutions. Only the abstract of the paper could be had: the equations of the decoder's modules,
    its width, its head and the loss are decisions of this package (docs/design/scenes.md). Different: `mini`, an
    encoder of three stages for small pictures; every pixel's place is told as two more channels (`positions`), as the
    linear baseline and the U-Net are told it; trained from random weights unless a file of Swin weights is named.
    Pictures are mirrored left to right and their colours multiplied by gains; the best snapshot on validation pictures
    is kept. An encoder that is trained here masks the padding of its last windows; one whose `weights` are from a file
    sees it, as timm's does, so that its features are timm's at sizes that are not whole windows too (480 x 640, 352 x
    1216). Pictures whose sides are no multiples of the encoder's stride are filled by repeating the last row and
    column; timm fills its maps with zeros where it merges patches.

    What misleads: a fit on a thousand small rendered pictures says nothing of the ranking on photographs with weights
    from ImageNet. A picture tells depth up to the size of all things; where the knob `size` is turned nothing but haze,
    the camera's height and the grain of textures can tell.

    Attributes:
        size: of the encoder: mini, tiny, small, base, large.
        decoder: sidert, plain (upsampling) or dpt (convolutional).
        attention: cross-scale attention of the decoder sidert; off is an ablation.
        refinement: multi-scale refinement of the decoder sidert; off is an ablation.
        positions: whether pixels are told where they are.
        weights: a file of Swin weights for the encoder (.safetensors or .npz, see `swin_weights`). A study knows
            it by its path, not by its content: another file needs another name.
        budget: rates tried.
        updates: of the weights for each rate.
        batch: pictures in a minibatch.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    size: str = "mini"
    decoder: str = "sidert"
    attention: bool = True
    refinement: bool = True
    positions: bool = True
    weights: str = ""
    budget: int = 1
    updates: int = 1500
    batch: int = 16

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each rate."""
        self.check()
        return fit_depth(self._plan(), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.size not in SIZES:
            raise UnknownName(f"sidert: no size {self.size!r}; there are: {', '.join(SIZES)}")
        if self.decoder not in DECODERS:
            raise UnknownName(f"sidert: no decoder {self.decoder!r}; there are: {', '.join(DECODERS)}")
        if self.decoder != "sidert" and not (self.attention and self.refinement):
            raise BadSpec(
                f"sidert: the decoder {self.decoder!r} has neither attention nor refinement to switch off; "
                'leave both on, or choose decoder = "sidert"'
            )
        if self.weights and self.positions:
            raise BadSpec("sidert: published weights know three channels; with weights set positions = false")
        self._plan().check()

    def _plan(self) -> DepthPlan:
        return DepthPlan("sidert", self.budget, self.updates, self.batch)

    def _start(self, reach: Reach, key: PRNGKeyArray) -> NetworkDepth:
        seed = int(np.asarray(jax.random.key_data(key)).ravel()[-1])
        return NetworkDepth(
            new_depth_network(
                self.size, self.decoder, seed=seed, positions=self.positions, weights=self.weights,
                attend=self.attention, refine=self.refinement,
            ),
            reach,
        )  # fmt: skip


def new_depth_network(
    size: str, decoder: str, *, seed: int, positions: bool = True, weights: str = "", attend: bool = True,
    refine: bool = True, outputs: int = 1,
) -> DenseFieldNetwork:  # fmt: skip
    """Untrained but for what a file of weights brings."""
    plan = SIZES[size]
    if positions:
        plan = dataclasses.replace(plan, channels=plan.channels + 2)
    options = {"sidert": {"attend": attend, "refine": refine}, "dpt": {"looped": True}}.get(decoder, {})
    width = WIDTHS[decoder][size == "mini"]
    network = new_network(plan, decoder, seed=seed, width=width, outputs=outputs, **options)
    if not weights:
        return network
    return dataclasses.replace(network, encoder=read_swin(weights, as_published(plan)))
