"""Rooms and streets as a world: a picture is seen, the depth behind it is hidden."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.scene.knobs import DEFAULTS, KNOBS
from gnomon.worlds.scene.layout import Scene, random_scene
from gnomon.worlds.scene.render import render

COLOURS = ("red", "green", "blue")
NO_ATTRACTOR = "a scene is at rest: it has no attractor, so nothing is left alone to find one"
NO_CAUSE = "a scene has one hidden field and no terms to take out or swap"


class Shot(NamedTuple):
    """A scene and the last picture of it.

    Attributes:
        scene: what stands there.
        image: red, green and blue, each [y, x].
        depth: metres along the optical axis; 0 is sky.
        clock: seconds for which the scene has moved. Its own, not the world's time: what begins again at time 0 from
            this state goes on from here.
    """

    scene: Scene
    image: Float[Array, "3 y x"]
    depth: Float[Array, "y x"]
    clock: Float[Array, ""]


class RenderedScene(AbstractWorld[Shot]):
    r"""Pictures of rooms and streets with exact depth: what stands behind what is seen?

    .. math::
        c = 1 - e^{-[a E e^{-h r} + c_{air} (1 - e^{-h r})]} + \epsilon, \qquad
        E = E_0 + (1 - E_0) \frac{1.6\, L \max(0, n \cdot l)}{1 + 0.02 s^2}

    A surface of albedo a (times its texture) and normal n at distance r from the eye and s from the lamp in direction l
    is seen as c; E_0 is the light from everywhere, alone in shadow, and the sun does not fall with s. The knobs:
    `size` times all lengths (the range of depth), `light` L, `texture` the contrast of the surfaces, `field_of_view`
    of the camera, `clutter` the share of boxes and balls that are there, `noise` the standard deviation of epsilon,
    `haze` times h. Rays meet boxes, balls and walls in closed form, so depth is exact to rounding (`render.py`).

    A world steps and a scene does not: a step takes another picture of the same scene under the knobs of that moment,
    with other noise. Camera and balls are at rest unless `motion` lets so many seconds pass between two pictures. So
    "one step ahead" is the depth of the present picture, which no history tells (`Variable.hidden`).

    What misleads: half the scenes are streets, whose sky has no depth (0, and not judged), and a mean over pixels that
    counts sky as 0 metres is lower than any depth there. The twin starts from the same scene and has the very same
    depth: the floor is 0. What is learned here is learned of boxes, balls and waves of colour, not of photographs.

    Made for the question of Shu and others (2022), arXiv 2204.13892, doi:10.48550/arXiv.2204.13892.
    """

    card: WorldCard = eqx.field(static=True)
    motion: Float[Array, ""]
    rows: int = eqx.field(static=True)
    columns: int = eqx.field(static=True)

    def __init__(self, rows: int = 48, columns: int = 64, motion: float = 0.0):
        """Make the world.

        Args:
            rows: of the pictures.
            columns: of the pictures.
            motion: seconds that pass between two pictures.
        """
        if rows < 8 or columns < 8:
            raise BadSpec(f"scene: a picture has at least 8 x 8 pixels, got {rows} x {columns}")
        if not 0.0 <= motion < float("inf"):
            raise BadSpec(f"scene: motion must be finite and not below 0, got {motion}")
        self.motion = jnp.asarray(float(motion))
        self.rows = rows
        self.columns = columns
        self.card = _card(rows, columns)

    def init(self, *, key: PRNGKeyArray) -> Shot:
        """A random room or street, seen at the default knobs."""
        where, noise = random.split(key)
        knobs = {name: jnp.asarray(value) for name, value in DEFAULTS.items()}
        return self._shot(random_scene(key=where), knobs, jnp.zeros_like(self.motion), noise)

    def step(self, state: Shot, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Shot:
        """Another picture of the scene, at the end of the step."""
        then = time + self.card.dt
        return self._shot(
            state.scene, forcing.at(then), state.clock + self.motion.astype(state.clock.dtype), key
        )

    def observe(self, state: Shot) -> Obs:
        """Three colours and the depth."""
        return {**{name: state.image[n] for n, name in enumerate(COLOURS)}, "depth": state.depth}

    def lift(self, obs: Obs, background: Shot) -> Shot:
        """The background's scene with this picture and depth."""
        dtype = background.image.dtype
        image = jnp.stack([obs[name] for name in COLOURS]).astype(dtype)
        return Shot(background.scene, image, jnp.asarray(obs["depth"]).astype(dtype), background.clock)

    def _shot(self, scene: Scene, knobs: Knobs, clock: Array, key: PRNGKeyArray) -> Shot:
        image, depth = _taken(scene, knobs, clock, self.rows, self.columns, key)
        return Shot(scene, image, depth, clock)


@eqx.filter_jit  # hundreds of small operations: one by one they cost a second and compile for a minute
def _taken(
    scene: Scene, knobs: Knobs, time: Time, rows: int, columns: int, key: PRNGKeyArray
) -> tuple[Array, Array]:
    made = render(scene, knobs, time=time, height=rows, width=columns, key=key)
    return jnp.moveaxis(made.image, -1, 0), made.depth


def _card(rows: int, columns: int) -> WorldCard:
    shape, dims = (rows, columns), ("y", "x")
    colours = tuple(
        Variable(name=name, units="1", shape=shape, dims=dims, scale=0.2, obs_error=0.002) for name in COLOURS
    )
    depth = Variable(name="depth", units="m", shape=shape, dims=dims, scale=10.0, obs_error=0.01, hidden=True)
    return WorldCard(
        name="scene",
        rung="scene",
        summary="pictures of rooms and streets with exact depth; the depth is hidden",
        dt=1.0,
        time_units="frame",
        variables=(*colours, depth),
        knobs=KNOBS,
        timescale=1.0,
        spinup=1.0,
        exponents=1,
        references=("Shu and others (2022), SideRT, doi:10.48550/arXiv.2204.13892",),
        history=1,
        lanes=32,
        limits=(
            "Scenes are made of boxes, balls and waves of colour: a ranking here is not one on photographs.",
            "The depth of a twin is exact, so the floor is 0 and a fidelity of 1 is out of reach of any picture.",
        ),
        knob_of={"shift": "size"},
        unasked={"climate": NO_ATTRACTOR, "cause": NO_CAUSE},
    )
