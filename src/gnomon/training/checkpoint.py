"""Checkpoint: the state of a training on disk, so that a killed run goes on where it was."""

import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np

History = list[list[dict[str, Any]]]


def save_checkpoint(folder: Path | None, identity: str, parts: int, state: Any, histories: History) -> None:
    """Write the state after so many parts; whole or not at all."""
    if folder is None:
        return
    arrays: dict[str, Any] = {f"a{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))}
    told = json.dumps({"identity": identity, "parts": parts, "histories": histories})
    path = _path(folder, identity)
    half = path.with_suffix(f".{uuid.uuid4().hex}.half")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as file:
            np.savez(file, told=np.frombuffer(told.encode(), np.uint8), **arrays)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except FileNotFoundError:
        # Another worker has finished the same fit and cleared the folder: nothing is to be kept.
        return


def load_checkpoint(
    folder: Path | None, identity: str, state: Any, histories: History
) -> tuple[int, Any, History]:
    """Parts already done, the state after them, and the histories; what came in where nothing usable is stored."""
    path = None if folder is None else _path(folder, identity)
    if path is None or not path.exists():
        return 0, state, histories
    leaves, shape = jax.tree.flatten(state)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            told = json.loads(stored["told"].tobytes().decode())
            arrays = [stored[f"a{i}"] for i in range(len(leaves))]
    except (OSError, ValueError, KeyError, BadZipFile):  # damaged: begin again
        return 0, state, histories
    fits = all(
        a.shape == np.shape(b) and a.dtype == np.asarray(b).dtype for a, b in zip(arrays, leaves, strict=True)
    )
    if told["identity"] != identity or not fits:
        return 0, state, histories
    return told["parts"], jax.tree.unflatten(shape, [jnp.asarray(a) for a in arrays]), told["histories"]


def _path(folder: Path, identity: str) -> Path:
    return folder / f"training-{hashlib.sha256(identity.encode()).hexdigest()[:20]}.npz"
