"""What stands in a scene: rooms and streets with random furniture, materials, a light, and a camera that moves."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

BOXES, BALLS, WAVES = 8, 4, 3
SURFACES = 6 + BOXES + BALLS  # the six walls of the shell, then boxes, then balls
OUTDOORS = 0.5  # share of streets

# Ranges, room and street: all are lengths in metres, drawn uniformly.
_WIDTH, _HEIGHT, _LENGTH = ((3.0, 7.0), (10.0, 20.0)), ((2.4, 3.4), (6.0, 14.0)), ((5.0, 9.0), (50.0, 75.0))
_CAMERA_HEIGHT = ((1.1, 1.7), (1.3, 2.0))


class Scene(NamedTuple):
    """One scene at rest and how it moves. x is right, y up (0 is the floor), z forward; metres.

    Attributes:
        outdoors: 1 for a street, whose shell is open to the sky at the top and at both ends; 0 for a room.
        shell: half width, height and length of the room, or of the street between its houses.
        box_centre: of furniture or parked cars.
        box_half: half their sides.
        box_yaw: turned about the vertical.
        ball_centre: at time 0.
        ball_radius: of balls that roll across.
        ball_swing: how far a ball rolls to either side.
        ball_phase: where in its swing it is at time 0.
        rank: in [0, 1), one a box and ball: it is there where the clutter exceeds its rank.
        colour: albedo of each surface, red, green and blue.
        wave: wave vectors of each surface's texture, radians a metre.
        phase: of those waves.
        light: where the lamp hangs; for the sun a point very far away.
        ambient: share of the light that comes from everywhere.
        camera: its middle position.
        sway: how far it moves to either side of that, along each axis.
        aim: yaw, pitch and roll, radians.
        haze: extinction a metre at haze knob 1.
    """

    outdoors: Float[Array, ""]
    shell: Float[Array, "3"]
    box_centre: Float[Array, "box 3"]
    box_half: Float[Array, "box 3"]
    box_yaw: Float[Array, " box"]
    ball_centre: Float[Array, "ball 3"]
    ball_radius: Float[Array, " ball"]
    ball_swing: Float[Array, " ball"]
    ball_phase: Float[Array, " ball"]
    rank: Float[Array, " object"]
    colour: Float[Array, "surface 3"]
    wave: Float[Array, "surface wave 3"]
    phase: Float[Array, "surface wave"]
    light: Float[Array, "3"]
    ambient: Float[Array, ""]
    camera: Float[Array, "3"]
    sway: Float[Array, "3"]
    aim: Float[Array, "3"]
    haze: Float[Array, ""]


def random_scene(*, key: PRNGKeyArray) -> Scene:
    """A room or a street."""
    keys = iter(jax.random.split(key, 32))

    def uniform(low: Array | float, high: Array | float, *shape: int) -> Array:
        return jax.random.uniform(next(keys), shape, minval=low, maxval=high)

    outdoors = uniform(0.0, 1.0) < OUTDOORS

    def pick(pair: tuple[tuple[float, float], tuple[float, float]]) -> Array:
        share = uniform(0.0, 1.0)
        room, street = (low + share * (high - low) for low, high in pair)
        return jnp.where(outdoors, street, room)

    shell = 0.5 * jnp.stack([pick(_WIDTH), pick(_HEIGHT), pick(_LENGTH)])
    grown = jnp.where(outdoors, 2.0, 1.0)  # cars are larger than chairs
    half = grown * uniform(jnp.asarray([0.15, 0.2, 0.15]), jnp.asarray([0.6, 0.7, 0.6]), BOXES, 3)
    radius = grown * uniform(0.12, 0.45, BALLS)
    camera = jnp.stack([uniform(-0.3, 0.3) * shell[0], pick(_CAMERA_HEIGHT), -0.75 * shell[2]])
    place = _standing(uniform(0.0, 1.0, BOXES + BALLS, 2), shell)
    box_centre = jnp.stack([place[:BOXES, 0], half[:, 1], place[:BOXES, 1]], axis=-1)
    ball_centre = jnp.stack([place[BOXES:, 0], radius, place[BOXES:, 1]], axis=-1)
    lamp = jnp.stack([uniform(-0.6, 0.6) * shell[0], 1.9 * shell[1], uniform(-0.6, 0.6) * shell[2]])
    sun = 1e4 * jnp.stack([uniform(-0.8, 0.8), uniform(0.5, 1.0), uniform(-0.8, 0.3)])
    return Scene(
        outdoors=outdoors.astype(shell.dtype),
        shell=shell,
        box_centre=box_centre,
        box_half=half,
        box_yaw=uniform(-1.5, 1.5, BOXES),
        ball_centre=ball_centre,
        ball_radius=radius,
        ball_swing=uniform(0.1, 0.6, BALLS) * grown,
        ball_phase=uniform(0.0, 6.28, BALLS),
        rank=uniform(0.0, 1.0, BOXES + BALLS),
        colour=uniform(0.25, 0.95, SURFACES, 3),
        wave=_waves(uniform(0.0, 1.0, SURFACES, WAVES), uniform(-1.0, 1.0, SURFACES, WAVES, 3)),
        phase=uniform(0.0, 6.28, SURFACES, WAVES),
        light=jnp.where(outdoors, sun, lamp),
        ambient=uniform(0.25, 0.5),
        camera=camera,
        sway=jnp.asarray([0.08, 0.03, 0.2]) * grown,
        aim=jnp.stack([uniform(-0.25, 0.25), uniform(-0.2, 0.08), uniform(-0.04, 0.04)]),
        haze=jnp.where(outdoors, uniform(0.002, 0.012), uniform(0.0, 0.02)),
    )


def _standing(share: Array, shell: Array) -> Array:
    """Places (x, z) on the floor, ahead of every place the camera may take (it stands at -0.75 of the half length)."""
    across = (2 * share[:, 0] - 1) * 0.85 * shell[0]
    along = (-0.3 + 1.15 * share[:, 1]) * shell[2]
    return jnp.stack([across, along], axis=-1)


def _waves(share: Array, direction: Array) -> Array:
    """Wave vectors of random direction; lengths from 2 to 40 radians a metre, evenly in the logarithm."""
    length = jnp.sqrt((direction**2).sum(-1, keepdims=True) + 1e-6)
    return direction / length * (2.0 * 20.0**share)[..., None]


def scaled(scene: Scene, factor: Array) -> Scene:
    """The scene with all its lengths (and the camera's, but not the textures' and the haze's) times a factor."""
    lengths = (
        "shell", "box_centre", "box_half", "ball_centre", "ball_radius", "ball_swing", "light", "camera", "sway",
    )  # fmt: skip
    return scene._replace(**{name: getattr(scene, name) * factor for name in lengths})


def balls_at(scene: Scene, time: Array) -> Float[Array, "ball 3"]:
    """Where the balls have rolled to: they swing along x, one radian a second."""
    swing = scene.ball_swing * jnp.sin(time + scene.ball_phase)
    return scene.ball_centre + jnp.stack([swing, jnp.zeros_like(swing), jnp.zeros_like(swing)], axis=-1)


def camera_at(scene: Scene, time: Array) -> Float[Array, "3"]:
    """Where the camera is: it sways on a closed curve."""
    return scene.camera + scene.sway * jnp.sin(jnp.asarray([0.7, 1.9, 0.5]) * time)
