"""How a depth network is trained: one frame for all, so that decoders and baselines differ in their network alone."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.learners.sidert.depth_model import AbstractDepthModel, Reach, depths
from gnomon.learners.sidert.depth_simulator import depth_simulator
from gnomon.learners.sidert.pictures import Pictures, mean_abs_rel, pictures_of, reach_of
from gnomon.numerics.depth_metrics import SCENE_CAP
from gnomon.spec.errors import BadSpec
from gnomon.training.depth_loss import scale_invariant_log_loss
from gnomon.training.free_run import Verdict
from gnomon.training.search import Setting, draw_settings, search
from gnomon.training.trainer import Recipe, Stage, fit_weights

RATES = (2e-3, 1e-3, 4e-3)
GAIN = 0.1  # standard deviation of the logarithm of each colour's gain
SHOWN = 128  # validation pictures that a snapshot is judged by
DECAY, WARM_UP = 0.02, 0.05


class DepthPlan(NamedTuple):
    """How a network is trained, whatever it is: settings tried, updates and pictures in a minibatch."""

    name: str
    budget: int
    updates: int
    batch: int

    def check(self) -> None:
        """Refuse numbers with which nothing can be trained."""
        if min(self.budget, self.updates, self.batch) < 1:
            raise BadSpec(f"{self.name}: budget, updates and batch must be at least 1")


class DepthLoss(eqx.Module):
    """The scale-invariant logarithmic loss of augmented pictures.

    Every second picture is mirrored left to right with its depth (a mirrored room is a room; one on its head is none),
    and each colour is multiplied by a gain near one, as lamps and cameras would.
    """

    gain: Float[Array, ""]

    def __call__(
        self,
        model: AbstractDepthModel,
        memory: Any,
        data: Pictures,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, Any]:
        """`rows`: which pictures."""
        images, depth = augmented(data.images[rows], data.depth[rows], self.gain, key=key)
        valid = (depth > SCENE_CAP[0]) & (depth < SCENE_CAP[1])
        found = jax.vmap(model)(images)
        return jnp.mean(jax.vmap(scale_invariant_log_loss)(found, depth, valid)), memory


def augmented(
    images: Float[Array, "picture y x 3"],
    depth: Float[Array, "picture y x"],
    gain: Array,
    *,
    key: PRNGKeyArray,
) -> tuple[Float[Array, "picture y x 3"], Float[Array, "picture y x"]]:
    """Half of them mirrored, picture and depth together; colours times exp(gain times a normal number)."""
    flip_key, gain_key = jax.random.split(key)
    flip = jax.random.bernoulli(flip_key, shape=(len(images), 1, 1))
    depth = jnp.where(flip, depth[:, :, ::-1], depth)
    images = jnp.where(flip[..., None], images[:, :, ::-1], images)
    factors = jnp.exp(gain * jax.random.normal(gain_key, (len(images), 1, 1, 3), images.dtype))
    return images * factors, depth


class DepthJudge:
    """AbsRel on validation pictures; what is not finite is lost."""

    def __init__(self, pictures: Pictures):
        self._images, self._depth = pictures.images, np.asarray(pictures.depth)

    def __call__(self, model: AbstractDepthModel) -> Verdict:
        """As the other judges say it: `nrmse` is the AbsRel."""
        error = mean_abs_rel(np.asarray(depths(model, self._images)), self._depth)
        return Verdict(valid_time=0.0, nrmse=min(error, 10.0), diverged=float(not np.isfinite(error)))


def fit_depth(
    plan: DepthPlan,
    start: Callable[[Reach, PRNGKeyArray], AbstractDepthModel],
    data: Data,
    *,
    key: PRNGKeyArray,
    loss: Any = None,
    finish: Callable[[str, Any, Data], AbstractSimulator] = depth_simulator,
) -> Fit:
    """Train once for each rate; the best snapshot on validation pictures is kept.

    Args:
        plan: of the training.
        start: (reach, key) -> the untrained model, in single precision.
        data: of a world of pictures.
        key: of all draws.
        loss: of `train_depth`; left out, that of depth alone.
        finish: (name, trained model, data) -> the simulator, which has the model as its attribute `model`.
    """
    plan.check()
    draw_key, make_key, train_key = jax.random.split(key, 3)
    pictures = pictures_of(data, plan.name)
    judge = DepthJudge(pictures_of(data, plan.name, rows="validation", most=SHOWN))
    reach, histories = reach_of(pictures, plan.name), {}
    space = {"rate": RATES}
    settings = draw_settings([{"rate": r} for r in RATES], {}, plan.budget, key=draw_key)

    def fit_one(setting: Setting) -> AbstractSimulator:
        name = f"{plan.name}, setting {len(histories) + 1} of {len(settings)}"
        trained = train_depth(
            start(reach, make_key), pictures, judge, plan, rate=setting["rate"], name=name, key=train_key,
            loss=loss,
        )  # fmt: skip
        histories[str(len(histories) + 1)] = trained.history
        return finish(plan.name, trained.model, data)

    def judged(simulator: Any) -> Verdict:
        return judge(simulator.model)

    chosen = search(
        settings, fit_one, judged, space={k: list(v) for k, v in space.items()}, budget=plan.budget
    )
    return Fit(chosen.simulator, {**chosen.log, "snapshots": histories})


def train_depth(
    model: AbstractDepthModel,
    pictures: Pictures,
    judge: Callable[[AbstractDepthModel], Verdict],
    plan: DepthPlan,
    *,
    rate: float,
    name: str,
    key: PRNGKeyArray,
    snapshots: int = 3,
    loss: Any = None,
) -> Any:
    """One training by the ordinary trainer; what it returns for one seed. `loss`: as `DepthLoss`, the default."""
    count = len(pictures.depth)

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return jnp.asarray(rng.integers(0, count, (*shape, plan.batch)), jnp.int32)

    stage = Stage(
        DepthLoss(jnp.float32(GAIN)) if loss is None else loss,
        draw,
        plan.updates,
        min(snapshots, plan.updates),
    )
    recipe = Recipe(rate=rate, decay=DECAY, warm_up=WARM_UP)
    return fit_weights([model], (stage,), pictures, judge, recipe, name=name, key=key)[0]
