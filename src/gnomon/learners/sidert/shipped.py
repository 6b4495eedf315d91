"""SideRT as it is shipped: trained once on rendered scenes, ready for any picture."""

import json
import math
from io import BytesIO
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from gnomon.core import persist
from gnomon.learners.sidert.depth_model import AtTrainedSize, NetworkDepth, Reach, depths
from gnomon.learners.sidert.network import DenseFieldNetwork
from gnomon.learners.sidert.swin import AbstractSwinPlan, SwinEncoder
from gnomon.learners.sidert.window_attention import WindowAttention
from gnomon.spec.errors import BadData, GnomonError
from gnomon.store.files import write_atomic

WEIGHTS = Path(__file__).with_name("shipped_sidert.npz")
COMMAND = "python -m validation.scenes --ship"
BATCH = 16  # pictures in one call
LARGEST_SIDE = 4096  # of pictures in training
_LARGEST_WINDOW, _LARGEST_STRIDE = 64, 1024  # what is larger only fills the memory


def load_shipped(path: Path = WEIGHTS) -> NetworkDepth:
    """The shipped model, in single precision.

    Raises:
        BadData: the file is missing (the message names the command that makes it) or damaged.
    """
    return read_model(path)[0]


def read_model(path: Path = WEIGHTS, content: bytes | None = None) -> tuple[NetworkDepth, dict[str, Any]]:
    """The model of a file, and what is known of its training.

    Args:
        path: of the file.
        content: its bytes, where they were read already; then the file is not opened again.
    """
    if content is None and not path.exists():
        raise BadData(f"{path} is missing; make it by `{COMMAND}`")
    try:
        content = path.read_bytes() if content is None else content
        with np.load(BytesIO(content), allow_pickle=False) as file:
            plain = json.loads(str(file["plain"]))
            arrays = {k: file[k].astype(np.float32) for k in file.files if k != "plain"}
        structure, told = plain["structure"], plain["told"]
        model = persist.restore(structure, arrays)
    except GnomonError as error:
        raise BadData(f"{path}: {error}") from None
    except Exception as error:  # a file of a stranger may raise anything: no memory, too deeply nested, ...
        why = str(error).partition("\n")[0] or type(error).__name__
        raise BadData(f"{path}: not a file of weights ({why}); make it again by `{COMMAND}`") from error
    if not isinstance(model, NetworkDepth):
        raise BadData(f"{path}: it holds a {type(model).__name__}, not a model of depth")
    why = _unusable(model)
    if why:
        raise BadData(f"{path}: it holds a model of depth that cannot be used ({why})")
    return model, told if isinstance(told, dict) else {}


def _unusable(model: NetworkDepth) -> str:
    """Why a restored model would fail at the first picture; empty for a sound one.

    No constructor has seen its fields. What is looked at by hand comes first, so that tracing it stays cheap.
    """
    reach, network = model.reach, model.network
    if not isinstance(reach, Reach):
        return f"its reach is a {type(reach).__name__}"
    if not all(type(n) is int and 1 <= n <= LARGEST_SIDE for n in (reach.rows, reach.columns)):
        return f"it was trained on pictures of {reach.rows!r} x {reach.columns!r}"
    ends = (reach.nearest, reach.farthest)
    if not all(type(x) in (int, float) and math.isfinite(x) for x in ends) or not 0 < ends[0] < ends[1]:
        return f"it reaches from {ends[0]!r} to {ends[1]!r} metres"
    if not isinstance(network, DenseFieldNetwork) or not isinstance(network.encoder, SwinEncoder):
        return f"its network is a {type(network).__name__}, not one on a Swin encoder"
    plan = network.encoder.plan
    try:
        sound = (
            isinstance(plan, AbstractSwinPlan)
            and 1 <= plan.window <= _LARGEST_WINDOW
            and len(plan.depths) <= 10
        )
        if not (sound and 1 <= plan.stride <= _LARGEST_STRIDE):
            return "the sizes of its encoder are none"
        windows = jax.tree.leaves(network, is_leaf=lambda part: isinstance(part, WindowAttention))
        if any(part.side != plan.window for part in windows if isinstance(part, WindowAttention)):
            return "the windows of its encoder differ"
        side = plan.stride
        told = jax.eval_shape(model, jax.ShapeDtypeStruct((side, side, 3), jnp.float32))
        return "" if told.shape == (side, side) else f"a picture gives an array of shape {told.shape}"
    except Exception as error:  # a part of the wrong type or shape may raise anything
        return str(error).partition("\n")[0] or type(error).__name__


def save_model(model: NetworkDepth, told: dict[str, Any], path: Path = WEIGHTS) -> None:
    """Write a model in half precision (it is computed in single), with what is known of its training.

    The file is there whole or not at all.
    """
    structure, arrays = persist.dump(jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), model))
    halves = {k: v.astype(np.float16) for k, v in arrays.items()}
    if any(not np.isfinite(v).all() for v in halves.values()):
        raise BadData("a weight does not fit into half precision")
    plain = np.asarray(json.dumps({"structure": structure, "told": told}))
    write_atomic(path, lambda file: np.savez_compressed(file, plain=plain, **halves))  # pyright: ignore[reportArgumentType]


def depth_of(model: NetworkDepth, images: Float[np.ndarray, "n y x 3"]) -> Float[np.ndarray, "n y x"]:
    """Metres of each pixel, of pictures whose red, green and blue lie in 0 to 1.

    Pictures are brought to the size of training (sides in the same ratio) and their depth back to their own.

    What misleads: metres are a guess from rendered scenes with a field of view of 55 to 75 degrees; of other cameras
    and of real photographs the order of depths may hold, their unit need not. Sky gets the depth of what is far.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3:
        raise BadData(f"expected pictures [n, y, x, 3], got an array of the shape {images.shape}")
    if images.dtype.kind != "f":
        raise BadData(
            f"expected colours as floating-point numbers in 0 to 1, got {images.dtype}; divide by 255"
        )
    if not np.isfinite(images).all():
        raise BadData("a picture holds numbers that are not finite")
    found = [np.zeros((0, *images.shape[1:3]), np.float32)]
    for start in range(0, len(images), BATCH):
        some = jnp.asarray(images[start : start + BATCH], jnp.float32)
        found.append(np.asarray(depths(AtTrainedSize(model), some)))
    return np.concatenate(found)
