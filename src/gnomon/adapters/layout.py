"""How observations lie in the flat state of a user's model, and in which units."""

from typing import NamedTuple

import numpy as np

from gnomon.adapters.declaration import Declaration, VariableMap
from gnomon.spec.cards import WorldCard


class Layout(NamedTuple):
    """Flat vectors in the model's order and units, and back.

    Attributes:
        names: world's variables in the order in which they lie in the state.
        shapes: of each variable.
        scale: [size], world units per model unit.
        offset: [size], in world units.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    scale: np.ndarray
    offset: np.ndarray

    @property
    def size(self) -> int:
        """Numbers in one state."""
        return len(self.scale)

    def pack(self, obs: dict[str, np.ndarray], lead: int) -> np.ndarray:
        """Observations with `lead` leading axes -> states [..., size] in the model's units."""
        flat = [np.reshape(obs[n], (*obs[n].shape[:lead], -1)) for n in self.names]
        return (np.concatenate(flat, axis=-1).astype(float) - self.offset) / self.scale

    def unpack(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """States [..., size] in the model's units -> observations in the world's."""
        world = states * self.scale + self.offset
        out, at = {}, 0
        for name, shape in zip(self.names, self.shapes, strict=True):
            count = int(np.prod(shape, dtype=int))
            out[name] = world[..., at : at + count].reshape(*states.shape[:-1], *shape)
            at += count
        return out


def layout_of(card: WorldCard, declared: Declaration) -> Layout:
    """The layout a declaration asks for; the card's own order and units where it is silent."""
    known = {v.name: v for v in card.variables}
    maps = declared.variables or {name: VariableMap() for name in known}
    names, shapes, scale, offset = [], [], [], []
    for word, mapped in maps.items():
        variable = known[mapped.name or word]
        count = int(np.prod(variable.shape, dtype=int))
        names.append(variable.name)
        shapes.append(variable.shape)
        scale += [1.0 if mapped.scale is None else mapped.scale] * count
        offset += [mapped.offset] * count
    return Layout(tuple(names), tuple(shapes), np.array(scale), np.array(offset))
