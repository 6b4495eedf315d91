"""Parts of worlds: sectors divide everything, bands divide the sphere, single numbers have no parts."""

import numpy as np
import pytest

from gnomon.numerics.part_masks import EVERYWHERE, mask_of, parts_of, weights_of
from gnomon.spec.registry import build
from gnomon.testing.synthetic_evidence import synthetic_card


def test_sectors_divide_a_ring():
    card = synthetic_card("field")
    parts = parts_of(card)
    assert [p.name for p in parts] == ["x 0 to 3", "x 4 to 7", "x 8 to 11", "x 12 to 15"]
    assert np.array_equal(sum(mask_of(card, p)["u"].astype(int) for p in parts), np.ones(16, int))
    assert mask_of(card, EVERYWHERE)["u"].all()
    assert not mask_of(card, None)["u"].any()


def test_variables_divide_a_flow():
    card = synthetic_card("flow")
    parts = parts_of(card)
    assert [p.name for p in parts] == ["x", "y", "w"]
    assert {k: bool(v) for k, v in mask_of(card, parts[1]).items()} == {"x": False, "y": True, "w": False}


def test_bands_divide_a_sphere():
    card = build("worlds", "held_suarez").card
    parts = parts_of(card)
    assert [p.name for p in parts] == ["the tropics", "the north", "the south", "the upper levels"]
    v = next(v for v in card.variables if v.name == "ua500")
    weight = weights_of(card, v)
    assert weight.sum() == pytest.approx(1.0)
    bands = [mask_of(card, p)["ua500"] for p in parts[:3]]
    assert np.array_equal(sum(b.astype(int) for b in bands), np.ones(v.shape, int))
    assert (weight * bands[0]).sum() == pytest.approx(np.sin(np.radians(25)), abs=0.05)
    assert (weight * bands[1]).sum() == pytest.approx((weight * bands[2]).sum())
    upper = mask_of(card, parts[3])
    assert upper["ua100"].all()
    assert not upper["ua500"].any()
    assert not upper["psl"].any()
