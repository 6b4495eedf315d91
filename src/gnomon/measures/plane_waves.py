"""Large-scale waves of a periodic plane: the features in which a response to a pattern on it is seen."""

import numpy as np

from gnomon.spec.cards import Variable, WorldCard

STRONG = 0.1  # share of a pattern's power that makes a wave one of the pattern's own
MOST = 8  # waves along a side: beyond it a response is no large-scale one, and its features no longer fit a laptop


def on_plane(variable: Variable) -> bool:
    """Whether a variable is one field on a periodic plane."""
    return variable.homogeneous and variable.dims == ("y", "x") and len(variable.shape) == 2


def highest_waves(card: WorldCard, variable: Variable) -> tuple[int, int]:
    """Wavenumbers along y and x up to which features are kept: twice the highest of the knobs' patterns, at most 8."""
    highest = [1, 1]
    for knob in card.knobs:
        if knob.pattern is None or len(knob.pattern) != variable.shape[0] * variable.shape[1]:
            continue
        power = np.abs(np.fft.fft2(np.asarray(knob.pattern).reshape(variable.shape))) ** 2
        for axis, n in enumerate(variable.shape):
            waves = np.abs(np.fft.fftfreq(n, 1 / n)).astype(int)
            share = power.sum(axis=1 - axis) > STRONG * power.sum()
            highest[axis] = max(highest[axis], int(waves[share].max(initial=1)))
    tops = [min(2 * h, MOST, (n - 1) // 2) for h, n in zip(highest, variable.shape, strict=True)]
    return tops[0], tops[1]


def plane_waves(card: WorldCard, variable: Variable) -> tuple[np.ndarray, list[str]]:
    """[feature, point] weights of the mean and of the cosines and sines of each wave, and what each is called."""
    rows, columns = variable.shape
    tall, wide = highest_waves(card, variable)
    y, x = np.meshgrid(
        2 * np.pi * np.arange(rows) / rows, 2 * np.pi * np.arange(columns) / columns, indexing="ij"
    )
    weights, called = [np.ones(y.size) / y.size], [f"{variable.name}, mean over the plane"]
    for kx in range(wide + 1):
        for ky in range(-tall if kx else 1, tall + 1):
            for wave, word in ((np.cos, "cos"), (np.sin, "sin")):
                weights.append(2 * wave(ky * y + kx * x).ravel() / y.size)
                called.append(f"{variable.name}, {word} {ky},{kx}")
    return np.stack(weights), called
