"""Where a ray meets a box, a sphere or the inside of a room, in closed form; rays of a pinhole camera."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

FAR = 1e9  # the parameter of a ray that meets nothing: finite, so that no derivative is NaN
_THIN = 1e-9  # a direction's component below this counts as this


class Rays(NamedTuple):
    """o + t d for t > 0, as three components each (arrays of any one shape; the origin may be scalars).

    A component an array keeps the points on the last axis, where a CPU works on many at a time.
    """

    ox: Array
    oy: Array
    oz: Array
    dx: Array
    dy: Array
    dz: Array

    def at(self, t: Array) -> tuple[Array, Array, Array]:
        """The point with that parameter."""
        return self.ox + t * self.dx, self.oy + t * self.dy, self.oz + t * self.dz


def pinhole_directions(
    height: int, width: int, field_of_view: Float[Array, ""], rotation: Float[Array, "3 3"]
) -> tuple[Array, Array, Array]:
    """Directions [pixel] of a pinhole camera, row by row from the top left, in the world's axes.

    x is right, y up, z forward. `field_of_view` is horizontal, in degrees; `rotation` carries the camera's axes into
    the world's. Directions are not normalised: their forward component is 1, so the parameter of a hit is its depth
    along the optical axis, which is what depth maps hold (the distance is that times the length of the direction).
    """
    focal = 0.5 * width / jnp.tan(jnp.deg2rad(field_of_view) / 2)
    across, down = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    right, up = jnp.asarray(across.ravel()) / focal, -jnp.asarray(down.ravel()) / focal
    right, up = right.astype(rotation.dtype), up.astype(rotation.dtype)
    x, y, z = (row[0] * right + row[1] * up + row[2] for row in rotation)
    return x, y, z


def camera_rotation(
    yaw: Float[Array, ""], pitch: Float[Array, ""], roll: Float[Array, ""]
) -> Float[Array, "3 3"]:
    """Carries camera axes into world axes: roll about the optical axis, pitch up, then yaw to the right; radians."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (jnp.cos, jnp.sin))
    one, zero = jnp.ones_like(cy), jnp.zeros_like(cy)
    turn = jnp.stack([jnp.stack([cy, zero, sy]), jnp.stack([zero, one, zero]), jnp.stack([-sy, zero, cy])])
    nod = jnp.stack([jnp.stack([one, zero, zero]), jnp.stack([zero, cp, sp]), jnp.stack([zero, -sp, cp])])
    tilt = jnp.stack([jnp.stack([cr, -sr, zero]), jnp.stack([sr, cr, zero]), jnp.stack([zero, zero, one])])
    return turn @ nod @ tilt


def inverse_component(d: Array) -> Array:
    """1 / d, large and of the right sign where d is zero."""
    return 1 / jnp.where(jnp.abs(d) < _THIN, jnp.where(d < 0, -_THIN, _THIN), d)


def turned(rays: Rays, cosine: Array, sine: Array) -> Rays:
    """The same rays in axes that are turned about the vertical by the angle with that cosine and sine."""
    return Rays(
        cosine * rays.ox - sine * rays.oz, rays.oy, sine * rays.ox + cosine * rays.oz,
        cosine * rays.dx - sine * rays.dz, rays.dy, sine * rays.dx + cosine * rays.dz,
    )  # fmt: skip


def _slabs(rays: Rays, centre: Array, half: Array) -> tuple[Array, Array]:
    """The last entry and the first exit of three slabs (a box is what they share)."""
    enter, leave = [], []
    for axis in range(3):
        inverse = inverse_component(rays[3 + axis])
        middle = (centre[axis] - rays[axis]) * inverse
        reach = jnp.abs(half[axis] * inverse)
        enter.append(middle - reach)
        leave.append(middle + reach)
    return jnp.maximum(jnp.maximum(*enter[:2]), enter[2]), jnp.minimum(jnp.minimum(*leave[:2]), leave[2])


def box_entry(
    rays: Rays, centre: Float[Array, "3"], half: Float[Array, "3"], cosine: Array, sine: Array
) -> Array:
    """The parameter at which a ray enters a box that is turned about the vertical, `FAR` where it misses.

    A ray that starts inside does not see the box.
    """
    local = turned(
        rays._replace(ox=rays.ox - centre[0], oy=rays.oy - centre[1], oz=rays.oz - centre[2]), cosine, sine
    )
    enter, leave = _slabs(local, jnp.zeros_like(centre), half)
    return jnp.where((enter < leave) & (enter > 0), enter, FAR)


def sphere_entry(rays: Rays, centre: Float[Array, "3"], radius: Array) -> Array:
    """The parameter at which a ray enters a sphere, `FAR` where it misses or starts inside.

    The discriminant is r^2 minus the squared distance of the line from the centre, which loses no digits far away.
    """
    fx, fy, fz = rays.ox - centre[0], rays.oy - centre[1], rays.oz - centre[2]
    inverse = 1 / (rays.dx**2 + rays.dy**2 + rays.dz**2)
    nearest = -(fx * rays.dx + fy * rays.dy + fz * rays.dz) * inverse
    gap = radius**2 - (
        (fx + nearest * rays.dx) ** 2 + (fy + nearest * rays.dy) ** 2 + (fz + nearest * rays.dz) ** 2
    )
    hits = gap > 0
    t = nearest - jnp.sqrt(jnp.where(hits, gap, 1.0) * inverse)
    return jnp.where(hits & (t > 0), t, FAR)


def shell_exit(rays: Rays, centre: Float[Array, "3"], half: Float[Array, "3"]) -> Array:
    """The parameter at which a ray from inside an upright box leaves it: the walls of a room."""
    return _slabs(rays, centre, half)[1]


def box_normal(point: Sequence[Array], half: Sequence[Array]) -> tuple[Array, Array, Array]:
    """The outward unit normal of a box around the origin at a point on it: the axis along which it is farthest out."""
    share = [jnp.abs(p) / h for p, h in zip(point, half, strict=True)]
    first = (share[0] >= share[1]) & (share[0] >= share[2])
    second = ~first & (share[1] >= share[2])
    chosen = (first, second, ~first & ~second)
    x, y, z = (jnp.where(c, jnp.sign(p), 0.0) for c, p in zip(chosen, point, strict=True))
    return x, y, z
