"""The network behind `gnomon depth`: SideRT as it is shipped, or from a file of the same kind."""

import hashlib
import os
import zipfile
from io import BytesIO
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from gnomon.archives.packages import one_line
from gnomon.archives.pictures import read_bytes
from gnomon.engine.depth_maps import DepthModel
from gnomon.learners.sidert import shipped
from gnomon.learners.sidert.depth_model import depths
from gnomon.spec.errors import BadData

LARGEST = 4 * 2**30  # bytes


def load_model(weights: Path | None = None) -> DepthModel:
    """A model whose identity is the content of its file.

    Raises:
        BadData: no such file, or not one that `learners.sidert.shipped.save_model` wrote.
    """
    if weights is not None and not os.path.isfile(weights):
        raise BadData(f"{weights}: no such file of weights; leave --weights out for those that are shipped")
    path = shipped.WEIGHTS if weights is None else weights
    content = read_bytes(path) if path.is_file() else None
    if content:
        _check_unpacked(path, content)
    network, _ = shipped.read_model(
        path, content
    )  # says what makes the shipped weights where they are missing

    def depth(images: np.ndarray) -> np.ndarray:
        return np.asarray(depths(network, jnp.asarray(images, jnp.float32)))

    identity, reach = hashlib.sha256(content or b"").hexdigest(), network.reach
    return DepthModel(identity, (reach.rows, reach.columns), network.network.encoder.plan.stride, depth)


def _check_unpacked(path: Path, content: bytes) -> None:
    """A small file can claim to be any size once unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except Exception as error:  # a file of a stranger may raise anything
        raise BadData(f"{path}: not a file of weights ({one_line(error)})") from None
    if size > LARGEST:
        raise BadData(f"{path}: {size} bytes of weights when unpacked, at most {LARGEST} are read")
