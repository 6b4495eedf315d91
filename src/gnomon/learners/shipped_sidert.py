"""SideRT as it is shipped, as a learner: trained once on rendered scenes, nothing is fitted."""

import time as clock
from typing import ClassVar

import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.sidert.depth_model import AtTrainedSize, depths
from gnomon.learners.sidert.depth_simulator import depth_simulator
from gnomon.learners.sidert.pictures import mean_abs_rel, pictures_of
from gnomon.learners.sidert.shipped import read_model


class ShippedSideRT(AbstractLearner):
    r"""`sidert` (mini, with its own decoder), trained once and shipped; nothing is fitted.

    .. math::
        d = d_0 (d_1 / d_0)^{\sigma(D(E(\text{picture})))}

    The paper (Shu and others 2022, arXiv 2204.13892, doi:10.48550/arXiv.2204.13892), what is different from it and what
    misleads are told by `sidert`. The weights are written by `python -m validation.scenes --ship`, which prints what
    they do on scenes they never saw beside the mean map and the linear map. Pictures of another size are brought to the
    size of training and their depth back.

    What misleads: it has seen scenes of this package over the whole declared range of every knob, far more of them
    than a study's learners, and none of the data it is given. Seeds of a study do not vary its weights.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """The shipped weights, judged on the validation pictures."""
        began = clock.perf_counter()
        model, told = read_model()
        held_out = pictures_of(data, "shipped_sidert", rows="validation", most=128)
        whole = AtTrainedSize(model)
        error = mean_abs_rel(np.asarray(depths(whole, held_out.images)), np.asarray(held_out.depth))
        log = {
            "chosen": {}, "tried": 1, "budget": 1, "validation": {"nrmse": error}, "space": {}, "trained": told,
            "seconds": clock.perf_counter() - began,
        }  # fmt: skip
        return Fit(depth_simulator("shipped_sidert", whole, data), log)
