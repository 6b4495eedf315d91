"""What a learner of fields asks of its data before it learns: that they are there, on the card's grid, and finite.

A number that is not finite would spoil the mean and the scale of all: every update of the weights would be skipped, and
a simulator come out that shows nothing but NaN.
"""

import numpy as np

from gnomon.core.learner import Data
from gnomon.spec.errors import BadData


def check_data(name: str, data: Data) -> None:
    """Raise `BadData` where a variable or knob is missing, has another shape than the card says, or is not finite.

    Args:
        name: of the learner that asks.
        data: trajectories of training and validation are looked at, no others.
    """
    if not len(data.train) or not len(data.validation):
        raise BadData(
            f"{name}: expected at least one trajectory to fit and one to validate on, got {len(data.train)} and "
            f"{len(data.validation)}"
        )
    rows = np.concatenate([data.train, data.validation])
    shapes = {("variable", v.name): (data.obs, v.shape) for v in data.card.variables}
    shapes |= {("knob", k.name): (data.forcing, ()) for k in data.card.knobs}
    for (kind, what), (held, shape) in shapes.items():
        if what not in held:
            raise BadData(
                f"{name}: the card names the {kind} {what!r}, the data hold {', '.join(held) or 'none'}"
            )
        found, wanted = held[what].shape[1:], (len(data.time), *shape)
        if found != wanted:
            raise BadData(
                f"{name}: {kind} {what!r} is {found} in each trajectory, expected {wanted}: times, then the card's grid"
            )
        lost = [int(row) for row in rows if not np.isfinite(held[what][row]).all()]
        if lost:
            raise BadData(
                f"{name}: {kind} {what!r} is not finite in {len(lost)} of {len(rows)} trajectories, first in number "
                f"{lost[0]}; leave them out"
            )
