"""Derivatives of depth inside surfaces: planes and spheres have theirs in closed form; edges have none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.ray_casting import Rays, box_entry, camera_rotation, shell_exit, sphere_entry
from gnomon.worlds.scene.knobs import DEFAULTS
from gnomon.worlds.scene.layout import BALLS, BOXES, SURFACES, WAVES, Scene
from gnomon.worlds.scene.render import render

HEIGHT, WIDTH = 9, 12
AHEAD, FLOOR, BOX, BALL = 5, 2, 6, 6 + BOXES  # numbers of surfaces
YAW, AIM = -0.6, (0.15, -0.2, 0.05)


def scene():
    """A room with one box and one ball; everything else ranks behind the clutter that is asked for."""
    zeros = {"box_yaw": (BOXES,), "ball_swing": (BALLS,), "ball_phase": (BALLS,), "phase": (SURFACES, WAVES)}
    far = jnp.full((BOXES + BALLS,), 1.0).at[0].set(0.0).at[BOXES].set(0.0)
    return Scene(
        **{name: jnp.zeros(shape) for name, shape in zeros.items() if name != "box_yaw"},
        box_yaw=jnp.zeros(BOXES).at[0].set(YAW),
        outdoors=jnp.asarray(0.0), shell=jnp.asarray([2.0, 1.3, 3.5]), rank=far,
        box_centre=jnp.ones((BOXES, 3)).at[0].set(jnp.asarray([0.7, 0.6, 0.4])),
        box_half=jnp.ones((BOXES, 3)).at[0].set(jnp.asarray([0.5, 0.6, 0.4])),
        ball_centre=jnp.ones((BALLS, 3)).at[0].set(jnp.asarray([-0.4, 1.1, 0.2])),
        ball_radius=jnp.ones(BALLS).at[0].set(0.6), colour=jnp.full((SURFACES, 3), 0.5),
        wave=jnp.ones((SURFACES, WAVES, 3)), light=jnp.asarray([0.0, 2.3, 0.0]), ambient=jnp.asarray(0.4),
        camera=jnp.asarray([-0.1, 1.4, -2.6]), sway=jnp.zeros(3), aim=jnp.asarray(AIM), haze=jnp.asarray(0.0),
    )  # fmt: skip


PLACES = {  # what is differentiated by, three or one number each
    "camera": lambda s, x: s._replace(camera=s.camera + x),
    "box": lambda s, x: s._replace(box_centre=s.box_centre.at[0].add(x)),
    "half": lambda s, x: s._replace(box_half=s.box_half.at[0].add(x)),
    "ball": lambda s, x: s._replace(ball_centre=s.ball_centre.at[0].add(x)),
    "radius": lambda s, x: s._replace(ball_radius=s.ball_radius.at[0].add(x[0])),
    "yaw": lambda s, x: s._replace(box_yaw=s.box_yaw.at[0].add(x[0])),
    "size": lambda s, x: s,
}
COLUMNS = {"camera": 3, "box": 3, "half": 3, "ball": 3, "radius": 1, "yaw": 1, "size": 1}


def picture(moved):
    """Depth to be differentiated, then depth and surface, with the places moved by so much."""
    here, at = scene(), 0
    for name, put in PLACES.items():
        here, at = put(here, moved[at : at + COLUMNS[name]]), at + COLUMNS[name]
    knobs = {name: jnp.asarray(value) for name, value in (DEFAULTS | {"clutter": 0.5}).items()}
    knobs["size"] = knobs["size"] + moved[-1]
    found = render(here, knobs, height=HEIGHT, width=WIDTH, key=jax.random.key(0))
    return found.depth, (found.depth, found.surface)


@pytest.fixture(scope="module")
def seen():
    """Depth, surface and the derivatives [pixel, place] of every pixel, by one program that is compiled once."""
    program = jax.jit(jax.jacfwd(picture, has_aux=True))

    def run(**moved):
        parts = [np.broadcast_to(moved.pop(name, 0.0), count) for name, count in COLUMNS.items()]
        assert not moved
        slopes, (depth, surface) = program(jnp.asarray(np.concatenate(parts)))
        assert depth.dtype == jnp.float64
        ends = np.cumsum(list(COLUMNS.values()))[:-1]
        by = dict(zip(COLUMNS, np.split(np.asarray(slopes), ends, axis=-1), strict=True))
        return np.asarray(depth), np.asarray(surface), by

    return run


def rays():
    focal = WIDTH / 2 / np.tan(np.radians(DEFAULTS["field_of_view"]) / 2)
    across, down = np.meshgrid(np.arange(WIDTH) + 0.5 - WIDTH / 2, np.arange(HEIGHT) + 0.5 - HEIGHT / 2)
    camera = np.stack([across / focal, -down / focal, np.ones_like(across)], axis=-1)
    return camera @ np.asarray(camera_rotation(*jnp.asarray(AIM))).T


def outward(depth, surface):
    """The normal of what each pixel sees, by where its ray ends: of walls, of the box's faces and of the ball."""
    here, d = scene(), rays()
    point = np.asarray(here.camera) + depth[..., None] * d
    walls = np.asarray([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    normal = walls[np.clip(surface, 0, 5)]
    turn = np.array([[np.cos(YAW), 0, np.sin(YAW)], [0, 1, 0], [-np.sin(YAW), 0, np.cos(YAW)]])
    share = ((point - np.asarray(here.box_centre[0])) @ turn) / np.asarray(here.box_half[0])
    axis = np.abs(share).argmax(-1)
    sign = np.sign(np.take_along_axis(share, axis[..., None], -1))
    normal = np.where((surface == BOX)[..., None], sign * turn.T[axis], normal)
    ball = (point - np.asarray(here.ball_centre[0])) / float(here.ball_radius[0])
    return np.where((surface == BALL)[..., None], ball, normal), axis


def test_depth_moves_with_the_camera_as_planes_and_spheres_say(seen):
    depth, surface, by = seen()
    assert {0, 1, FLOOR, 3, AHEAD, BOX, BALL} == set(surface.ravel())
    normal, _ = outward(depth, surface)
    facing = (normal * rays()).sum(-1)
    assert (facing < 0).all()
    np.testing.assert_allclose(by["camera"], -normal / facing[..., None], rtol=1e-9, atol=1e-12)
    forward = np.asarray(camera_rotation(*jnp.asarray(AIM)))[:, 2]
    towards = by["camera"] @ forward
    np.testing.assert_allclose(towards, -(normal @ forward) / facing, rtol=1e-9, atol=1e-12)
    assert np.abs(towards + 1).max() > 0.5  # -1 is right for what faces the camera alone


def test_depth_moves_with_the_box_as_its_faces_say(seen):
    depth, surface, by = seen()
    (normal, axis), on = outward(depth, surface), surface == BOX
    facing = (normal * rays()).sum(-1)
    assert len(np.unique(axis[on])) > 1  # more than one of its faces
    np.testing.assert_allclose(by["box"][on], (normal / facing[..., None])[on], rtol=1e-9, atol=1e-12)
    reach = np.where(np.arange(3) == axis[..., None], 1 / facing[..., None], 0.0)
    np.testing.assert_allclose(by["half"][on], reach[on], rtol=1e-9, atol=1e-12)
    for place in ("box", "half", "yaw"):
        assert (by[place][~on] == 0).all()
        assert (by[place][on] != 0).any()


def test_depth_moves_with_the_ball_as_its_sphere_says(seen):
    depth, surface, by = seen()
    (normal, _), on = outward(depth, surface), surface == BALL
    facing = (normal * rays()).sum(-1)[..., None]
    np.testing.assert_allclose(by["ball"][on], (normal / facing)[on], rtol=1e-9)
    np.testing.assert_allclose(by["radius"][on], (1 / facing)[on], rtol=1e-9)
    assert (by["radius"][~on] == 0).all()
    assert (np.abs(by["radius"][on] + 1) > 1e-3).all()  # -1 is right on the axis through the ball alone


def test_depth_grows_with_the_scene(seen):
    depth, _, by = seen()
    np.testing.assert_allclose(by["size"][..., 0], depth / DEFAULTS["size"], rtol=1e-9)


@pytest.mark.parametrize("place", list(COLUMNS))
def test_slopes_are_those_of_differences_inside_surfaces(seen, place):
    _, surface, by = seen()
    step = 1e-5
    for column in range(COLUMNS[place]):
        ends = [seen(**{place: side * np.eye(COLUMNS[place])[column]}) for side in (-step, step)]
        assert all((end[1] == surface).all() for end in ends)  # no pixel crosses an edge
        slope = (ends[1][0] - ends[0][0]) / (2 * step)
        np.testing.assert_allclose(by[place][..., column], slope, rtol=1e-6, atol=1e-8)


def test_edges_have_no_slope_where_differences_have_one(seen):
    before, surface, by = seen()
    after, wider, _ = seen(radius=0.2)
    crossed = (surface != BALL) & (wider == BALL)
    assert crossed.sum() > 3
    assert ((after - before)[crossed] < -0.1).all()
    assert (by["radius"][crossed] == 0).all()


def test_single_rays_in_reverse():
    """What a training differentiates: -1 for a wall ahead, 1 and -1 for a ball or a box on the axis, 0 past a ball."""
    start = Rays(*(np.float64(x) for x in (0.0, 0.0, -1.0, 0.0, 0.0, 1.0)))

    @jax.jit
    def slopes(ray):
        wall = jax.grad(lambda z: shell_exit(ray._replace(oz=z), jnp.zeros(3), jnp.full(3, 4.0)))(ray.oz)
        ball = jax.grad(sphere_entry, (1, 2))
        box = jax.grad(box_entry, (1, 2))(ray, jnp.asarray([0.1, 0.0, 3.0]), jnp.full(3, 0.5), 1.0, 0.0)
        centres = jnp.asarray([0.0, 0.0, 4.0]), jnp.asarray([0.0, 2.0, 4.0])
        return wall, box, *(ball(ray, centre, jnp.asarray(0.5)) for centre in centres)

    wall, box, hit, missed = jax.tree.map(np.asarray, slopes(start))
    assert wall == -1
    np.testing.assert_array_equal(box, [[0, 0, 1], [0, 0, -1]])
    np.testing.assert_array_equal(hit[0], [0, 0, 1])
    assert hit[1] == -1
    assert all((x == 0).all() for x in missed)  # and not NaN


@pytest.mark.slow
def test_the_whole_picture_in_reverse_is_as_forward(seen):
    _, _, by = seen()
    weights = np.random.default_rng(3).normal(size=(HEIGHT, WIDTH))
    found = jax.jit(jax.grad(lambda x: (weights * picture(x)[0]).sum()))(jnp.zeros(sum(COLUMNS.values())))
    expected = (weights[..., None] * np.concatenate([by[name] for name in COLUMNS], axis=-1)).sum((0, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
