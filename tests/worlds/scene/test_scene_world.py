"""The world of rendered scenes: its card, its contract, and that only what is turned changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.worlds import check_card, check_world

SMALL = {"rows": 16, "columns": 20}


def _steady(card, **held):
    values = {k.name: jnp.full(2, held.get(k.name, k.default)) for k in card.knobs}
    return Forcing(times={name: jnp.arange(2.0) for name in values}, values=values)


def test_card_hides_the_depth_and_says_what_is_not_asked():
    with jax.enable_x64(True):
        card = build("worlds", "scene", SMALL).card
    check_card(card)
    assert [v.name for v in card.variables if v.hidden] == ["depth"]
    assert set(card.unasked) == {"climate", "cause"}
    assert card.history == 1
    for args, says in (({"rows": 4}, "8 x 8"), ({"motion": -1.0}, "motion")):
        with pytest.raises(BadSpec, match=says):
            build("worlds", "scene", args)


@pytest.mark.slow
def test_world_keeps_the_contract():
    with jax.enable_x64(True):
        check_world(build("worlds", "scene", SMALL))


@pytest.mark.slow
def test_a_scene_at_rest_keeps_its_depth_and_a_moving_one_does_not():
    with jax.enable_x64(True):
        still, moving = (build("worlds", "scene", {**SMALL, "motion": motion}) for motion in (0.0, 1.0))
        state = still.init(key=jax.random.key(0))
        forcing = _steady(still.card)
        next_, later = (w.step(state, forcing, time=0.0, key=jax.random.key(1)) for w in (still, moving))
        np.testing.assert_array_equal(next_.depth, state.depth)
        gap = np.abs(np.asarray(next_.image - state.image))
        assert 0 < gap.max() < 0.1  # other noise
        assert (np.asarray(later.depth) != np.asarray(state.depth)).any()
        again = moving.step(later, forcing, time=0.0, key=jax.random.key(1))  # begun again, it goes on
        assert float(again.clock) == 2.0


@pytest.mark.slow
def test_the_size_of_all_things_scales_the_depth():
    with jax.enable_x64(True):
        world = build("worlds", "scene", SMALL)
        state = world.init(key=jax.random.key(0))
        small, large = (
            world.step(state, _steady(world.card, size=size), time=0.0, key=jax.random.key(1)).depth
            for size in (1.0, 2.0)
        )
        np.testing.assert_allclose(large, 2 * np.asarray(small), rtol=1e-9)
