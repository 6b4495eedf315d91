"""SideRT as it is shipped: trained once on rendered scenes, ready for any picture."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from gnomon.core import persist
from gnomon.learners.sidert.depth_model import AtTrainedSize, NetworkDepth, depths
from gnomon.spec.errors import BadData

WEIGHTS = Path(__file__).with_name("shipped_sidert.npz")
COMMAND = "python -m validation.scenes --ship"
BATCH = 16  # pictures in one call


def load_shipped(path: Path = WEIGHTS) -> NetworkDepth:
    """The shipped model, in single precision.

    Raises:
        BadData: the file is missing (the message names the command that makes it) or damaged.
    """
    return read_model(path)[0]


def read_model(path: Path = WEIGHTS) -> tuple[NetworkDepth, dict[str, Any]]:
    """The model of a file, and what is known of its training."""
    if not path.exists():
        raise BadData(f"{path} is missing; make it by `{COMMAND}`")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            plain = json.loads(str(file["plain"]))
            arrays = {k: file[k].astype(np.float32) for k in file.files if k != "plain"}
        structure, told = plain["structure"], plain["told"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadData(f"{path}: not a file of weights ({error}); make it again by `{COMMAND}`") from error
    model = persist.restore(structure, arrays)
    if not isinstance(model, NetworkDepth):
        raise BadData(f"{path}: it holds a {type(model).__name__}, not a model of depth")
    return model, told


def save_model(model: NetworkDepth, told: dict[str, Any], path: Path = WEIGHTS) -> None:
    """Write a model in half precision (it is computed in single), with what is known of its training."""
    structure, arrays = persist.dump(jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), model))
    halves = {k: v.astype(np.float16) for k, v in arrays.items()}
    if any(not np.isfinite(v).all() for v in halves.values()):
        raise BadData("a weight does not fit into half precision")
    plain = np.asarray(json.dumps({"structure": structure, "told": told}))
    with path.open("wb") as file:
        np.savez_compressed(file, plain=plain, **halves)  # pyright: ignore[reportArgumentType]


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
