"""Dynamic mode decomposition against systems whose eigenvalues are known."""

import numpy as np
import pytest

from gnomon.numerics.delay_matrices import aligned, delay_rows
from gnomon.numerics.mode_decomposition import decompose, rank_by_energy, rank_by_noise, rates

TURN, SHRINK = 0.3, 0.98


def rotation() -> np.ndarray:
    c, s = np.cos(TURN), np.sin(TURN)
    return SHRINK * np.array([[c, -s], [s, c]])


def test_eigenvalues_inputs_and_offset_of_a_driven_linear_system():
    rng = np.random.default_rng(0)
    a, b, c = rotation(), np.array([[0.5], [-0.2]]), np.array([0.3, 0.1])
    u, x = rng.standard_normal((200, 1)), [np.ones(2)]
    for drive in u:
        x.append(a @ x[-1] + b @ drive + c)
    x = np.stack(x)
    found = decompose(x[:-1], x[1:], u, 2)
    wanted = SHRINK * np.exp(np.array([1j, -1j]) * TURN)
    np.testing.assert_allclose(np.sort_complex(found.eigenvalues), np.sort_complex(wanted), atol=1e-10)
    np.testing.assert_allclose(found.basis @ found.inputs, b, atol=1e-10)
    np.testing.assert_allclose(found.basis @ found.offset, c, atol=1e-10)
    np.testing.assert_allclose(a @ found.modes, found.modes * found.eigenvalues, atol=1e-9)
    assert abs(rates(found.eigenvalues, 0.1)[0]["growth"] - np.log(SHRINK) / 0.1) < 1e-8
    # without the inputs the eigenvalues are wrong: what drives must be told
    blind = decompose(x[:-1], x[1:], np.zeros((200, 0)), 2)
    assert np.abs(np.sort_complex(blind.eigenvalues) - np.sort_complex(wanted)).max() > 1e-3


def test_one_number_of_an_oscillation_needs_a_delay():
    a, x = rotation(), [np.ones(2)]
    for _ in range(80):
        x.append(a @ x[-1])
    seen = np.stack(x)[None, :, :1]
    eigenvalues = []
    for delays in (1, 2):
        rows = delay_rows(seen, delays)[0]
        eigenvalues.append(
            decompose(rows[:-1], rows[1:], np.zeros((len(rows) - 1, 0)), 2, offset=False).eigenvalues
        )
    assert np.abs(eigenvalues[0].imag).max() == 0.0  # one number cannot turn
    np.testing.assert_allclose(np.abs(np.angle(eigenvalues[1])), TURN, atol=1e-9)


def test_delay_rows_hold_the_newest_first():
    runs = np.arange(10.0).reshape(1, 5, 2)
    rows = delay_rows(runs, 2)
    np.testing.assert_array_equal(rows[0, 0], [2, 3, 0, 1])
    np.testing.assert_array_equal(aligned(runs, 2)[0, 0], [2, 3])
    with pytest.raises(ValueError, match="delays"):
        delay_rows(runs, 6)


def test_ranks():
    rng = np.random.default_rng(1)
    signal = rng.standard_normal((400, 3)) @ rng.standard_normal((3, 50)) * 3
    singular = np.linalg.svd(signal + rng.standard_normal((400, 50)), compute_uv=False)
    assert rank_by_noise(singular, 400, 50) == 3
    assert rank_by_energy(np.array([3.0, 1.0, 0.0]), 0.9) == 1
    assert rank_by_energy(np.array([3.0, 1.0, 0.0]), 0.95) == 2
