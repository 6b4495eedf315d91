"""What a card only shows enters no pooled response error."""

import msgspec
import pytest

from gnomon.measures.features import basis, judged, least_variance, names
from gnomon.spec.registry import build


@pytest.mark.parametrize("shown", [(), ("y",)])
def test_shown_variables_are_not_graded(shown):
    card = msgspec.structs.replace(build("worlds", "lorenz63").card, shown=shown)
    assert [v.name for v in judged(card)] == [n for n in "xyz" if n not in shown]
    assert (
        len(names(card)) == len(least_variance(card)) == 2 * sum(len(basis(card, v)[1]) for v in judged(card))
    )
