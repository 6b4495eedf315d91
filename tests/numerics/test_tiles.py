"""Cutting members into tiles and putting them together again; threads keep order and precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.tiles import cores, cut, glue, in_threads


@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 9, 31])
@pytest.mark.parametrize("tile", [1, 4, 100])
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("multiple", [1, 4, 8])
def test_glue_undoes_cut(lanes, tile, workers, multiple):
    states = np.arange(lanes * 2.0).reshape(lanes, 2)
    tiles = cut(states, tile, workers, multiple)
    assert tiles[0].shape[1] % multiple == 0 or multiple > tile
    assert len({part.shape for part in tiles}) == 1
    assert tiles[0].shape[1] <= tile
    np.testing.assert_array_equal(glue(tiles, lanes), states.T)


def test_all_workers_have_something_to_do():
    assert len(cut(np.zeros((10, 2)), 100, 2)) == 2
    assert len(cut(np.zeros((1, 2)), 100, 2)) == 1


def test_a_tile_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        cut(np.zeros((3, 2)), 0)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("wide", [False, True])
def test_threads_keep_order_and_precision(workers, wide):
    with jax.enable_x64(wide):
        found = in_threads(lambda x: jnp.asarray(x) * 2.0, [(float(i),) for i in range(7)], workers)
    assert [float(x) for x in found] == [2.0 * i for i in range(7)]
    assert {str(x.dtype) for x in found} == {"float64" if wide else "float32"}


def test_what_fails_in_a_thread_fails_here():
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda x: 1 / x, [(1,), (0,)], 2)


def test_there_is_a_core():
    assert cores() >= 1


def test_nothing_is_not_cut():
    with pytest.raises(ValueError, match="no members"):
        cut(np.empty((0, 3)), 4)
