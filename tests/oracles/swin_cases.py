"""Encoders, weights and pictures that timm was asked about: made anew from names and shapes, never stored."""

import zlib

import numpy as np

# name -> channels, depths, heads and window of the encoder, rows and columns of the picture
CASES = {
    # maps of 16 x 32, 8 x 16 and 4 x 8 tokens: whole windows; the last is shifted along one axis only
    "whole": (8, (1, 1, 2), (2, 2, 4), 4, 64, 128),
    # the ratio of 480 x 640: maps of 24 x 32 and 12 x 16 tokens, padded by less and by more than half a window
    "padded": (8, (2, 2), (2, 4), 5, 96, 128),
}


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weight of timm's name: uniform, as large as makes every part of the encoder count.

    The seed is the name's checksum. Gains of norms are near one, all biases are far from zero (or padding, whose keys
    and values they are, would not be seen), matrices keep the size of what they multiply.
    """
    draw = np.random.default_rng(zlib.crc32(name.encode())).uniform(-1, 1, shape)
    if name.endswith("bias_table"):
        made = 2 * draw
    elif len(shape) == 1:
        made = 0.5 * draw + ("norm" in name and name.endswith(".weight"))
    else:
        made = draw * np.sqrt(3 / np.prod(shape[1:]))
    return made.astype(np.float32)


def picture(case: str) -> np.ndarray:
    """Red, green and blue [y, x, channel]."""
    rows, columns = CASES[case][4:]
    return np.random.default_rng(zlib.crc32(case.encode())).uniform(-2, 2, (rows, columns, 3))
