"""SideRT that says how sure it is of every pixel."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld
from gnomon.learners.sidert.depth_model import Reach
from gnomon.learners.sidert.depth_training import GAIN, DepthPlan, fit_depth
from gnomon.learners.sidert.learner import new_depth_network
from gnomon.learners.sidert.network import DECODERS
from gnomon.learners.sidert.pictures import pictures_of
from gnomon.learners.sidert.spread_model import SpreadDepth, as_told
from gnomon.learners.sidert.spread_simulator import spread_simulator
from gnomon.learners.sidert.spread_training import SCALINGS, SpreadLoss, scaled
from gnomon.learners.sidert.swin import SIZES
from gnomon.spec.errors import UnknownName

NAME = "sidert_spread"


class SpreadSideRT(AbstractLearner):
    r"""The network of `sidert` with a second output: how sure it is of the depth of each pixel.

    .. math::
        \ln d \sim \text{Laplace}(m, g(s)), \qquad (m, s) = D(E(\text{picture})), \qquad
        \text{loss} = \overline{\lfloor s \rfloor^{1/2} (\ln 2 s + |\ln d_{true} - m| / s)}

    A network that tells its own spread: Kendall and Gal (2017, arXiv 1703.04977), whose depth network has the Laplace
    distribution too; the weight, through which no derivative passes, is that of Seitzer and others (2022, arXiv
    2203.09168). Encoder and decoder are those of Shu and others (2022, arXiv 2204.13892) as `sidert` tells them. After
    training g is fitted on validation pictures: nothing (`none`), one factor (`temperature`, in the sense of Guo and
    others 2017, arXiv 1706.04599) or the rising function of greatest likelihood (`isotonic`). Different: the snapshot
    is chosen by AbsRel and not by likelihood, so that depths do not depend on the scaling.

    A run is one draw, each pixel by itself, since the network tells nothing of how errors go together. So an ensemble
    has the told distribution at every pixel (cut off at the nearest and the farthest depth that a model may answer),
    and a single run (`forecast`) is worse than the median would be.

    What misleads: what is told is the error to be expected on pictures like those of training. A network knows nothing
    of what it has never seen, and scalings fitted where it was trained mend nothing elsewhere: see the shifted scenes.
    The validation pictures that a scaling is fitted on have chosen the snapshot too, so it is a little too sure.

    Attributes:
        size: of the encoder, as in `sidert`.
        decoder: sidert, plain or dpt.
        scaling: none, temperature or isotonic.
        budget: rates tried.
        updates: of the weights for each rate.
        batch: pictures in a minibatch.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    size: str = "mini"
    decoder: str = "sidert"
    scaling: str = "temperature"
    budget: int = 1
    updates: int = 1500
    batch: int = 16

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each rate, then scale."""
        self.check()
        loss = SpreadLoss(jnp.float32(GAIN))
        return fit_depth(self._plan(), self._start, data, key=key, loss=loss, finish=self._finish)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        named = (("size", SIZES), ("decoder", DECODERS), ("scaling", SCALINGS))
        for name, known in named:
            said = getattr(self, name)
            if said not in known:
                raise UnknownName(f"{NAME}: no {name} {said!r}; there are: {', '.join(known)}")
        self._plan().check()

    def _plan(self) -> DepthPlan:
        return DepthPlan(NAME, self.budget, self.updates, self.batch)

    def _start(self, reach: Reach, key: PRNGKeyArray) -> SpreadDepth:
        seed = int(np.asarray(jax.random.key_data(key)).ravel()[-1])
        return new_spread_depth(reach, seed=seed, size=self.size, decoder=self.decoder)

    def _finish(self, name: str, model: SpreadDepth, data: Data) -> AbstractSimulator:
        return spread_simulator(
            name, scaled(model, pictures_of(data, name, rows="validation"), self.scaling), data
        )


def new_spread_depth(reach: Reach, *, seed: int, size: str = "mini", decoder: str = "sidert") -> SpreadDepth:
    """Untrained."""
    return SpreadDepth(new_depth_network(size, decoder, seed=seed, outputs=2), reach, as_told())
