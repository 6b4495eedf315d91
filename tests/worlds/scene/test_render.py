"""Rendered scenes: depth against closed forms and against another way to intersect, normals, bits, derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.ray_casting import FAR, Rays, camera_rotation, pinhole_directions, sphere_entry
from gnomon.worlds.scene.knobs import DEFAULTS, KNOBS
from gnomon.worlds.scene.layout import balls_at, camera_at, random_scene
from gnomon.worlds.scene.render import render

HEIGHT, WIDTH = 18, 24
KEY = jax.random.key(5)


@jax.jit
def compiled(scene, knobs, time, key):
    return render(scene, knobs, time=time, height=HEIGHT, width=WIDTH, key=key)


def draw(scene, knobs, time=0.0, key=KEY):
    return compiled(scene, knobs, jnp.asarray(time), key)  # one signature, so that it compiles once


@jax.jit
def new(key):
    return random_scene(key=key)


def knobs(**changed):
    return {name: jnp.asarray(value) for name, value in (DEFAULTS | changed).items()}


def some(outdoors, seed=0):
    for n in range(seed, seed + 40):
        scene = new(jax.random.key(n))
        if bool(scene.outdoors) == outdoors:
            return scene
    raise AssertionError("no such scene")


def pixel_rays(scene, field_of_view):
    focal = WIDTH / 2 / np.tan(np.radians(field_of_view) / 2)
    across, down = np.meshgrid(np.arange(WIDTH) + 0.5 - WIDTH / 2, np.arange(HEIGHT) + 0.5 - HEIGHT / 2)
    camera = np.stack([across / focal, -down / focal, np.ones_like(across)], axis=-1).reshape(-1, 3)
    return camera @ np.asarray(camera_rotation(*scene.aim)).T


def nearest_face(eye, rays, centre, half, yaw, inside):
    """The depth at which rays meet any of six rectangles, one plane at a time."""
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    start, along = turn.T @ (eye - centre), rays @ turn
    best = np.full(len(rays), np.inf)
    for axis in range(3):
        for side in (-1, 1):
            t = (side * half[axis] - start[axis]) / along[:, axis]
            hit = start + t[:, None] * along
            others = [a for a in range(3) if a != axis]
            on = (np.abs(hit[:, others]) <= half[others]).all(-1) & (t > 0)
            best = np.where(on & (t < best), t, best)
    assert inside == np.isfinite(best).all() or not inside
    return best


def by_faces(scene, time, clutter, field_of_view):
    """Depth of every pixel by planes and by the quadratic formula; inf is sky."""
    eye, rays = np.asarray(camera_at(scene, time)), pixel_rays(scene, field_of_view)
    shell, there = np.asarray(scene.shell), np.asarray(scene.rank) < clutter
    t = nearest_face(eye, rays, np.array([0, shell[1], 0]), shell, 0.0, inside=True)
    if scene.outdoors:
        point = eye + t[:, None] * rays
        street = (np.abs(np.abs(point[:, 0]) - shell[0]) < 1e-9) | (np.abs(point[:, 1]) < 1e-9)
        sky = ~street
    else:
        sky = np.zeros(len(t), bool)
    for n in range(len(scene.box_yaw)):
        if there[n]:
            box = (np.asarray(a[n]) for a in (scene.box_centre, scene.box_half, scene.box_yaw))
            entry = nearest_face(eye, rays, *box, inside=False)
            t, sky = np.minimum(t, entry), sky & ~(entry < t)
    for n, centre in enumerate(np.asarray(balls_at(scene, time))):
        a, b = (rays**2).sum(-1), 2 * rays @ (eye - centre)
        c = ((eye - centre) ** 2).sum() - float(scene.ball_radius[n]) ** 2
        root = b**2 - 4 * a * c
        entry = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / (2 * a), np.inf)
        if there[len(scene.box_yaw) + n]:
            t, sky = np.where((entry > 0) & (entry < t), entry, t), sky & ~((entry > 0) & (entry < t))
    return np.where(sky, np.inf, t).reshape(HEIGHT, WIDTH)


@pytest.mark.parametrize("outdoors", [False, True])
def test_depth_is_that_of_faces_and_of_the_quadratic_formula(outdoors):
    changed = []
    for seed in range(0, 30, 10):
        scene = some(outdoors, seed)
        picture = draw(scene, knobs(clutter=1.0), 1.3)
        expected = by_faces(scene, 1.3, 1.0, DEFAULTS["field_of_view"])
        assert (np.asarray(picture.valid) == np.isfinite(expected)).all()
        found = np.where(picture.valid, picture.depth, np.inf)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert len(np.unique(picture.surface)) > 4
        less = by_faces(scene, 1.3, 0.3, DEFAULTS["field_of_view"])
        changed.append((less != expected).any())
    assert any(changed)  # the check can fail: other furniture is seen


def test_a_tilted_plane_has_its_closed_form():
    scene = some(False)
    pitch, height = -0.5, 1.5
    eye = scene.camera.at[1].set(height)
    scene = scene._replace(aim=jnp.asarray([0.0, pitch, 0.0]), camera=eye, sway=jnp.zeros(3))
    picture = draw(scene, knobs(clutter=0.0, noise=0.0))
    focal = WIDTH / 2 / np.tan(np.radians(DEFAULTS["field_of_view"]) / 2)
    slope = (np.arange(HEIGHT) + 0.5 - HEIGHT / 2) / focal  # how far below the axis a row looks
    floor = height / (slope * np.cos(pitch) - np.sin(pitch))
    on_floor = np.asarray(picture.surface) == 2
    assert on_floor.sum() > 50
    expected = np.broadcast_to(floor[:, None], (HEIGHT, WIDTH))
    np.testing.assert_allclose(np.asarray(picture.depth)[on_floor], expected[on_floor], rtol=1e-12)
    assert (np.asarray(picture.normal)[on_floor] == [0, 1, 0]).all()


def test_a_sphere_on_the_axis_has_its_closed_form():
    flat = camera_rotation(*jnp.zeros(3))
    rays = Rays(*jnp.zeros(3), *pinhole_directions(9, 9, jnp.asarray(40.0), flat))
    depth = np.asarray(sphere_entry(rays, jnp.asarray([0.0, 0.0, 5.0]), jnp.asarray(1.0))).reshape(9, 9)
    assert depth[4, 4] == pytest.approx(4.0, rel=1e-12)
    focal = 4.5 / np.tan(np.radians(20))
    off = 2 / focal
    expected = (5 - np.sqrt(25 - 24 * (1 + off**2))) / (1 + off**2)
    assert depth[4, 6] == pytest.approx(expected, rel=1e-12)
    assert depth[6, 4] == pytest.approx(expected, rel=1e-12)
    assert depth[0, 0] == FAR


@pytest.mark.parametrize("outdoors", [False, True])
def test_normals_are_unit_and_face_the_camera(outdoors):
    scene = some(outdoors)
    picture = draw(scene, knobs(clutter=1.0))
    normal, seen = np.asarray(picture.normal), np.asarray(picture.valid)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=-1), seen, atol=1e-9)
    rays = pixel_rays(scene, DEFAULTS["field_of_view"]).reshape(HEIGHT, WIDTH, 3)
    assert ((normal * rays).sum(-1)[seen] < 0).all()


def test_the_same_key_gives_the_same_bits():
    scene = some(True)
    one, again, other = (draw(scene, knobs(), key=jax.random.key(n)) for n in (1, 1, 2))
    assert all(bool((a == b).all()) for a, b in zip(one, again, strict=True))
    assert bool((one.image != other.image).any())
    assert bool((one.depth == other.depth).all())


@pytest.mark.slow
def test_a_batch_equals_a_loop():
    keys = jax.random.split(KEY, 2)
    scenes = jax.vmap(lambda key: random_scene(key=key))(keys)
    batch = jax.vmap(lambda s, k: render(s, knobs(), height=HEIGHT, width=WIDTH, key=k))(scenes, keys)
    for n in range(2):
        alone = draw(jax.tree.map(lambda x, n=n: x[n], scenes), knobs(), key=keys[n])
        np.testing.assert_allclose(batch.image[n], alone.image, atol=1e-12)
        np.testing.assert_allclose(batch.depth[n], alone.depth, atol=1e-12)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.name)
def test_every_knob_reaches_the_picture(knob):
    scene = some(True)
    low, high = (draw(scene, knobs(**{knob.name: value})) for value in (knob.low, knob.high))
    assert float(jnp.abs(low.image - high.image).max()) > 0.01
    geometry = bool((low.depth != high.depth).any())
    assert geometry == (knob.name in ("field_of_view", "clutter", "size"))
    if knob.name == "size":
        both = low.valid & high.valid
        ratio = np.asarray(high.depth / jnp.where(both, low.depth, 1))[np.asarray(both)]
        np.testing.assert_allclose(ratio, knob.high / knob.low, rtol=1e-9)


def test_the_camera_and_the_balls_move():
    scene = some(False)
    frames = [draw(scene, knobs(clutter=1.0), t).depth for t in (0.0, 0.5)]
    assert float(jnp.abs(frames[0] - frames[1]).max()) > 0.01


@pytest.mark.slow
def test_derivatives_with_respect_to_the_light_are_those_of_differences():
    scene = some(False)._replace(light=jnp.asarray([0.2, 2.2, -0.4]))

    @jax.jit
    def brightness(position, strength):
        lit = knobs(clutter=0.0, noise=0.0) | {"light": strength}
        return draw(scene._replace(light=position), lit).image.mean()

    by_position, by_strength = jax.grad(brightness, (0, 1))(scene.light, jnp.asarray(1.0))
    assert float(by_strength) > 0.01
    step = 1e-5
    ends = [brightness(scene.light, jnp.asarray(1 + s)) for s in (step, -step)]
    assert float(by_strength) == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=1e-6)
    for axis in range(3):
        ends = [brightness(scene.light.at[axis].add(s), jnp.asarray(1.0)) for s in (step, -step)]
        assert float(by_position[axis]) == pytest.approx(
            float(ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-8
        )


@pytest.mark.slow
def test_the_derivative_of_a_full_picture_is_finite():
    scene = some(True)
    ones = jax.tree.map(jnp.ones_like, scene)
    _, tangent = jax.jvp(lambda s: draw(s, knobs())[:3], (scene,), (ones,))
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(tangent))


def test_a_ball_between_the_lamp_and_the_floor_throws_a_shadow():
    scene = some(False)
    eye = jnp.asarray([0.0, 1.5, -0.7 * float(scene.shell[2])])
    scene = scene._replace(
        camera=eye, sway=jnp.zeros(3), aim=jnp.asarray([0.0, -0.35, 0.0]), light=jnp.asarray([0.0, 2.3, 0.0]),
        rank=jnp.ones_like(scene.rank).at[-1].set(0.0),
        ball_centre=scene.ball_centre.at[-1].set(jnp.asarray([0.0, 1.4, 0.0])),
        ball_radius=scene.ball_radius.at[-1].set(0.3), ball_swing=jnp.zeros_like(scene.ball_swing),
    )  # fmt: skip
    plain = knobs(noise=0.0, haze=0.0, texture=0.0, clutter=0.5)
    with_ball, without = draw(scene, plain), draw(scene, plain | {"clutter": jnp.asarray(0.0)})
    darker = np.asarray((without.image - with_ball.image).max(-1) > 0.02) & (
        np.asarray(with_ball.surface) == 2
    )
    assert darker.any()
    rays = pixel_rays(scene, DEFAULTS["field_of_view"]).reshape(HEIGHT, WIDTH, 3)
    point = np.asarray(eye) + np.asarray(with_ball.depth)[..., None] * rays
    radius = np.hypot(point[..., 0], point[..., 2])
    # On the floor the shadow's edge touches the ball: sin a = r / d seen from the lamp, at 2.3 metres.
    edge = 2.3 * np.tan(np.arcsin(0.3 / 0.9))
    floor = np.asarray(with_ball.surface) == 2
    assert (darker[floor] == (radius[floor] < edge)).all()
