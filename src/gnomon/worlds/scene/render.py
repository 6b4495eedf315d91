"""Pictures of a scene with exact depth and normals, in closed form: no march, no mesh, no approximation of geometry."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from gnomon.core.forcing import Knobs
from gnomon.numerics.ray_casting import (
    FAR,
    Rays,
    box_entry,
    box_normal,
    camera_rotation,
    pinhole_directions,
    shell_exit,
    sphere_entry,
    turned,
)
from gnomon.worlds.scene.layout import BALLS, BOXES, Scene, balls_at, camera_at, scaled

SKY = (0.55, 0.7, 0.95)
AIR = (0.75, 0.78, 0.82)  # the colour of haze
STRENGTH = 1.6  # of the lamp, before the knob
FALL = 0.02  # how a lamp's light falls: 1 / (1 + FALL r^2), r in metres
OFFSET = 1e-3  # a shadow ray starts this far (times the depth) above its surface


class Picture(NamedTuple):
    """Of one camera. Sky has no depth: there `valid` is False, `depth` 0 and the normal 0.

    Attributes:
        image: red, green and blue in [0, 1), with the sensor's noise (which may leave that range).
        depth: along the optical axis, metres.
        normal: unit, in the world's axes, facing the camera.
        valid: where there is a depth.
        surface: which surface it is: 0 to 5 the walls, then boxes, then balls; -1 is sky.
    """

    image: Float[Array, "y x 3"]
    depth: Float[Array, "y x"]
    normal: Float[Array, "y x 3"]
    valid: Bool[Array, "y x"]
    surface: Int[Array, "y x"]


class _Hit(NamedTuple):
    """Of each ray: parameter, surface (see `Picture`), point and normal."""

    t: Array
    surface: Array
    point: tuple[Array, ...]
    normal: tuple[Array, ...]


def render(
    scene: Scene, knobs: Knobs, *, time: Array | float = 0.0, height: int, width: int, key: PRNGKeyArray
) -> Picture:
    """One picture. Batch it with `jax.vmap`; differentiable in everything that is a number.

    A surface of albedo a and normal n, at distance r from the eye and s from the light, in the direction l, is seen as

        c = 1 - exp(-[a E e^{-h r} + air (1 - e^{-h r})]),
        E = ambient + (1 - ambient) STRENGTH L max(0, n.l) / (1 + FALL s^2)    (ambient alone in shadow)

    plus white noise; L is the light, h the haze; the sun does not fall with s. Shadows are hard, so the derivative sees
    light and shade within them and not their edges; the edges of objects have none either (one ray a pixel, no blur).
    """
    scene, time = scaled(scene, knobs["size"]), jnp.asarray(time, scene.shell.dtype)
    scene = scene._replace(ball_centre=balls_at(scene, time))
    eye = camera_at(scene, time)
    direction = pinhole_directions(height, width, knobs["field_of_view"], camera_rotation(*scene.aim))
    rays = Rays(eye[0], eye[1], eye[2], *direction)
    there = scene.rank < knobs["clutter"]
    hit = _first_hit(scene, there, rays)
    valid = hit.surface >= 0
    lit = _light(scene, there, hit, knobs["light"])
    colour = _albedo(scene, rays, hit, knobs["texture"], jnp.deg2rad(knobs["field_of_view"]) / width)
    distance = jnp.where(valid, hit.t, 0.0) * jnp.sqrt(sum(d**2 for d in direction))
    clear = jnp.exp(-scene.haze * knobs["haze"] * distance)
    channels = []
    for n in range(3):
        surface = jnp.where(valid, colour[n] * lit, SKY[n] * (0.3 + knobs["light"]))
        channels.append(1 - jnp.exp(-(surface * clear + AIR[n] * (1 - clear))))
    image = jnp.stack(channels, axis=-1).reshape(height, width, 3)
    noise = knobs["noise"] * jax.random.normal(key, image.shape, image.dtype)
    return Picture(
        image=image + noise,
        depth=jnp.where(valid, hit.t, 0.0).reshape(height, width),
        normal=jnp.where(valid, jnp.stack(hit.normal), 0.0).T.reshape(height, width, 3),
        valid=valid.reshape(height, width),
        surface=hit.surface.reshape(height, width),
    )


def _middle(scene: Scene) -> Array:
    """Of the shell, whose floor is at height 0."""
    return jnp.stack([jnp.zeros_like(scene.shell[1]), scene.shell[1], jnp.zeros_like(scene.shell[1])])


def _over_objects(
    scene: Scene, there: Array, rays: Rays, start: Any, take: Callable[[Any, Array, Array], Any]
) -> Any:
    """Fold `take(carry, entry, number)` over boxes, then balls; one object at a time keeps the pixels in the cache."""

    def box(carry: Any, each: tuple[Array, ...]) -> tuple[Any, None]:
        centre, half, cosine, sine, number = each
        entry = box_entry(rays, centre, half, cosine, sine)
        return take(carry, jnp.where(there[number], entry, FAR), number), None

    def ball(carry: Any, each: tuple[Array, ...]) -> tuple[Any, None]:
        centre, radius, number = each
        entry = sphere_entry(rays, centre, radius)
        return take(carry, jnp.where(there[number], entry, FAR), number), None

    cosine, sine = jnp.cos(scene.box_yaw), jnp.sin(scene.box_yaw)
    boxes = (scene.box_centre, scene.box_half, cosine, sine, jnp.arange(BOXES))
    carry, _ = jax.lax.scan(box, start, boxes)
    carry, _ = jax.lax.scan(ball, carry, (scene.ball_centre, scene.ball_radius, BOXES + jnp.arange(BALLS)))
    return carry


def _first_hit(scene: Scene, there: Array, rays: Rays) -> _Hit:
    """The nearest surface along each ray."""

    def nearest(carry: Any, entry: Array, number: Array) -> Any:
        t, thing = carry
        nearer = entry < t
        return jnp.where(nearer, entry, t), jnp.where(nearer, number, thing)

    t = shell_exit(rays, _middle(scene), scene.shell)
    t, thing = _over_objects(scene, there, rays, (t, jnp.full(t.shape, -1)), nearest)
    point = rays.at(t)
    wall, wall_normal = _wall(scene, point)
    is_ball = thing >= BOXES
    open_wall = (scene.outdoors > 0.5) & (wall > 2)
    box_face, outward = _box_face(scene, thing, point), _from_centre(scene, thing, point)
    normal = tuple(
        jnp.where(is_ball, outward[n], jnp.where(thing >= 0, box_face[n], wall_normal[n])) for n in range(3)
    )
    surface = jnp.where(thing >= 0, thing + 6, jnp.where(open_wall, -1, wall))
    return _Hit(t, surface, point, normal)


def _looked_up(table: Array, index: Array) -> Array:
    """[column, pixel] of a table [row, column] by row numbers [pixel]; 0 where there is no such row.

    A product with zeros and ones: exact, and a CPU does it faster than so many gathers.
    """
    ones = (index[None] == jnp.arange(len(table))[:, None]).astype(table.dtype)
    return jnp.matmul(table.T, ones, precision=jax.lax.Precision.HIGHEST)


def _wall(scene: Scene, point: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
    """Which wall a point lies on (0 left, 1 right, 2 floor, 3 top, 4 behind, 5 ahead), and its inward normal."""
    middle = _middle(scene)
    outward = box_normal(
        tuple(p - middle[n] for n, p in enumerate(point)), tuple(scene.shell[n] for n in range(3))
    )
    index = sum(jnp.where(o != 0, 2 * n + (o > 0), 0) for n, o in enumerate(outward))
    return jnp.asarray(index), tuple(-o for o in outward)


def _box_face(scene: Scene, box: Array, point: tuple[Array, ...]) -> tuple[Array, ...]:
    """The normal of the box with that number at a point on it."""
    angles = jnp.stack([jnp.cos(scene.box_yaw), jnp.sin(scene.box_yaw)], axis=-1)
    found = _looked_up(jnp.concatenate([scene.box_centre, scene.box_half, angles], axis=-1), box)
    found = jnp.where((box >= 0) & (box < BOXES), found, 1.0)  # any box will do where there is none
    cosine, sine, zero = found[6], found[7], jnp.zeros_like(point[0])
    x, y, z = (p - found[n] for n, p in enumerate(point))
    local = turned(Rays(x, y, z, zero, zero, zero), cosine, sine)
    x, y, z = box_normal(local[:3], (found[3], found[4], found[5]))
    return cosine * x + sine * z, y, -sine * x + cosine * z


def _from_centre(scene: Scene, thing: Array, point: tuple[Array, ...]) -> list[Array]:
    """The normal of the ball with that number."""
    found = _looked_up(
        jnp.concatenate([scene.ball_centre, scene.ball_radius[:, None]], axis=-1), thing - BOXES
    )
    inverse = 1 / jnp.where(thing >= BOXES, found[3], 1.0)
    return [(p - found[n]) * inverse for n, p in enumerate(point)]


def _light(scene: Scene, there: Array, hit: _Hit, strength: Array) -> Array:
    """How much light falls on each point, from everywhere and from the lamp or the sun."""
    start = tuple(p + OFFSET * hit.t * n for p, n in zip(hit.point, hit.normal, strict=True))
    towards = tuple(scene.light[n] - s for n, s in enumerate(start))
    square = sum(c**2 for c in towards)
    distance = jnp.sqrt(square)
    rays = Rays(*start, *(c / distance for c in towards))
    blocked = distance * 0.999

    def see(free: Array, entry: Array, number: Array) -> Array:
        return free & (entry > blocked)

    free = _over_objects(scene, there, rays, jnp.ones(distance.shape, bool), see)
    leaves = rays.at(shell_exit(rays, _middle(scene), scene.shell))
    above = leaves[1] > 2 * scene.shell[1] * 0.999  # the sun looks in through the open top
    ends = jnp.abs(leaves[2]) > scene.shell[2] * 0.999
    street = scene.outdoors > 0.5
    free = free & (~street | above | ends)
    facing = jnp.maximum(0.0, sum(a * b for a, b in zip(hit.normal, rays[3:], strict=True)))
    fall = jnp.where(street, 1.0, 1 / (1 + FALL * square))
    lamp = STRENGTH * strength * facing * fall * free
    return scene.ambient + (1 - scene.ambient) * lamp


def _albedo(scene: Scene, rays: Rays, hit: _Hit, contrast: Array, angle: Array) -> list[Array]:
    """The colour of each point: its surface's, times 1 + contrast times waves in space.

    A wave fades where a pixel (`angle` radians wide) covers much of it, as a lens and a sensor would have it.
    """
    count = scene.wave.shape[1]
    columns = [scene.wave.reshape(-1, 3 * count), scene.phase, (scene.wave**2).sum(-1), scene.colour]
    found = _looked_up(jnp.concatenate(columns, axis=-1), hit.surface)
    phases, squares, colours = (found[3 * count :][n * count : (n + 1) * count] for n in range(3))
    blur = (0.5 * angle * hit.t) ** 2
    pattern = jnp.zeros(hit.t.shape, hit.t.dtype)
    for n in range(count):
        argument = sum(found[3 * n + a] * hit.point[a] for a in range(3)) + phases[n]
        pattern = pattern + jnp.sin(argument) * jnp.exp(-squares[n] * blur)
    shade = jnp.maximum(1 + 0.5 * contrast * pattern / count**0.5, 0.05)
    return [colour * shade for colour in colours]
