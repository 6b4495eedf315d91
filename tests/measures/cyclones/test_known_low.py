"""A moving low of known size, speed and deepening is found with those; noise below the contour holds none."""

import numpy as np
import pytest

from gnomon.measures.cyclones import composites, density, intensity, matching, motion, size
from gnomon.measures.cyclones.detect import Nodes, detect
from gnomon.measures.cyclones.lattice import arc, lattice
from gnomon.measures.cyclones.preset import GNOMON, TEMPEST_9, find, on_grid, searched, track
from gnomon.measures.cyclones.stitch import Joining, Tracks, stitch

HOURS = np.arange(0, 121, 6.0)
BASE = 101500.0


def analytic_half_radius(sigma):
    """Where a Gaussian has lost half of what separates its centre from the mean over 10 to 15 degrees, in km."""
    rings = np.arange(10.0, 15.25, 0.5)
    outside = np.exp(-((rings / sigma) ** 2) / 2).mean()
    share = outside + (1 - outside) / 2
    return sigma * np.sqrt(-2 * np.log(share)) * np.pi / 180 * 6371


@pytest.mark.parametrize("name", ["gauss", "even"])
@pytest.mark.parametrize("south", [False, True])
def test_a_moving_low_is_one_track_of_its_speed_deepening_and_size(low, grids, name, south):
    lat, lon = grids[name]
    known = low(lat=-42.0, bearing=115.0) if south else low()
    psl = BASE + known.pressure(HOURS, lat, lon)
    tracks = track(psl, lat, lon, hours=HOURS)
    assert tracks.number == 1
    assert np.array_equal(tracks.when, HOURS)
    there = known.place(HOURS)
    off = arc(tracks.nodes.lat, tracks.nodes.lon, *there)
    assert off.max() < 0.5  # degrees, a quarter of a cell
    assert motion.mean_speed(tracks)[0] == pytest.approx(12.0, rel=0.02)
    assert np.nanmean(motion.speed(tracks)) == pytest.approx(12.0, rel=0.02)
    assert intensity.lifetime(tracks)[0] == 120
    found = intensity.deepening(tracks)
    assert found.rate[0] == pytest.approx(12.0, rel=0.1)
    where = searched(lat, lon)
    form = size.shape(on_grid(psl, where), tracks.nodes, where.grid)
    assert np.allclose(form.half_radius, analytic_half_radius(5.0), rtol=0.05)
    outside = np.exp(-((np.arange(10.0, 15.25, 0.5) / 5) ** 2) / 2).mean()
    assert np.allclose(form.depth, (12 + 12 * HOURS / 24) * (1 - outside), rtol=0.07)


def test_a_bomb_is_normalised_by_its_latitude(low, grids):
    lat, lon = grids["even"]
    psl = BASE + low(lat=45.0, deepening=24.0, sigma=6.0, speed=8.0).pressure(HOURS, lat, lon)
    tracks = track(psl, lat, lon, hours=HOURS)
    found = intensity.deepening(tracks)
    assert found.bombs.tolist() == [True]
    middle = np.interp(12, HOURS, tracks.nodes.lat)
    assert found.normalised[0] == pytest.approx(
        found.rate[0] / 24 * np.sin(np.pi / 3) / np.sin(np.radians(middle)), rel=0.03
    )


def test_noise_below_the_contour_holds_no_low(grids):
    lat, lon = grids["even"]
    psl = BASE + np.random.default_rng(0).uniform(-90, 90, (20, len(lat), len(lon)))
    assert not len(detect(psl, lat, lon, TEMPEST_9.rule).time)
    assert track(psl, lat, lon, hours=6.0 * np.arange(20)).number == 0
    assert not len(find(np.full((3, len(lat), len(lon)), BASE), searched(lat, lon)).time)


def test_a_low_that_stays_is_no_track_and_one_over_high_ground_no_low(low, grids):
    lat, lon = grids["gauss"]
    still = BASE + low(speed=0.0).pressure(HOURS, lat, lon)
    assert track(still, lat, lon, hours=HOURS).number == 0
    psl = BASE + low().pressure(HOURS, lat, lon)
    assert track(psl, lat, lon, hours=HOURS, orography=np.full((len(lat), len(lon)), 2000.0)).number == 0
    assert track(psl, lat, lon, hours=HOURS, orography=np.full((len(lat), len(lon)), 1000.0)).number == 1


def test_maps_that_are_not_finite_are_refused(grids):
    lat, lon = grids["even"]
    psl = np.full((2, len(lat), len(lon)), BASE)
    psl[1, 3, 4] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        detect(psl, lat, lon, GNOMON.rule)
    with pytest.raises(ValueError, match="expected maps of shape"):
        detect(psl[:, 1:], lat, lon, GNOMON.rule)
    with pytest.raises(ValueError, match="once around"):
        lattice(lat, lon / 2)


def test_a_grid_that_cannot_hold_t31_is_refused_by_the_preset(grids):
    lat, lon = np.linspace(-80, 80, 20), np.arange(0, 360, 10.0)
    with pytest.raises(ValueError, match="truncation 31"):
        track(np.full((1, 20, 36), BASE), lat, lon, hours=np.zeros(1))


def test_the_last_closed_isobar_encloses_what_it_should(low, grids):
    lat, lon = even_fine()
    known = low(lat=50.0, lon=100.0, depth=30.0, deepening=0.0, sigma=5.0)
    slope = np.abs(lat)[:, None] / 10 + np.cos(np.radians(lon - 100))  # Pa: a flat map would be all lows
    psl = (BASE + slope + known.pressure([0.0], lat, lon)).astype(np.float32)
    nodes = detect(psl, lat, lon, TEMPEST_9.rule)
    alone = size.last_closed_isobar(psl, nodes, lattice(lat, lon))
    level = alone.rise[0] / 100  # hPa above the centre: the contour of 30 (1 - exp(-r^2 / 2 sigma^2)) = level
    assert 25 <= level <= 30
    radius = 5 * np.sqrt(-2 * np.log(1 - level / 30)) * np.pi / 180 * 6371
    assert alone.radius[0] == pytest.approx(radius, rel=0.05)
    deeper = low(lat=50.0, lon=128.0, depth=40.0, deepening=0.0, sigma=5.0)
    both = psl + deeper.pressure([0.0], lat, lon).astype(np.float32)
    nodes = detect(both, lat, lon, TEMPEST_9.rule)
    assert len(nodes.time) == 2
    beside = size.last_closed_isobar(both, nodes, lattice(lat, lon))
    shallow = np.argmax(nodes.slp)
    assert 0 < beside.rise[shallow] < alone.rise[0]
    assert beside.radius[shallow] < alone.radius[0]
    flat = size.last_closed_isobar(np.full_like(psl, BASE), nodes, lattice(lat, lon))
    assert (flat.rise == 0).all()
    assert (flat.radius == 0).all()


def even_fine():
    return np.arange(-89.5, 90), np.arange(0, 360.0)


def test_composites_are_the_low_itself_wherever_it_lies(low, grids):
    lat, lon = even_fine()
    cap = composites.Cap()
    expected = -3000 * np.exp(-((cap.radii / 5) ** 2) / 2)
    for place in ((45.0, 10.0), (-60.0, 359.0), (86.0, 200.0)):
        known = low(lat=place[0], lon=place[1], depth=30.0, deepening=0.0)
        field = known.pressure([0.0], lat, lon)
        mean = composites.composite(field, lattice(lat, lon), np.zeros(1, int), *np.atleast_2d(place).T)
        assert np.abs(mean - expected[:, None]).max() < 40  # Pa, of 3000
    east = np.broadcast_to(np.sin(np.radians(lon)), (1, len(lat), len(lon)))
    turned = composites.composite(
        east, lattice(lat, lon), np.zeros(1, int), np.zeros(1), np.zeros(1), turn=90.0
    )
    assert turned[10, 0] == pytest.approx(np.sin(np.radians(10)), abs=1e-3)  # azimuth 0 now looks east
    assert abs(turned[10, 9]) < 1e-3
    wave = np.cos(2 * np.pi * np.arange(240) / 12)[:, None, None] + 5.0
    assert np.abs(composites.running_anomaly(wave, 120)[60:180].mean()) < 0.02


def test_rows_at_an_offset_are_those_of_the_same_track():
    nodes = Nodes(*(np.zeros(6, int),) * 3, np.zeros(6), np.zeros(6), np.array([5.0, 3, 4, 9, 7, 8]))
    nodes = nodes._replace(time=np.array([0, 1, 2, 1, 2, 3]))
    tracks = Tracks(nodes, np.array([0, 0, 0, 1, 1, 1]), 6.0 * np.arange(4))
    peak = intensity.deepest(tracks)
    assert peak.tolist() == [1, 4]
    assert composites.rows_at(tracks, peak, -6).tolist() == [0, 3]
    assert composites.rows_at(tracks, peak, 12).tolist() == []


def path(low_, hours, number=0):
    lat, lon = low_.place(hours)
    none = np.zeros(len(hours), int)
    slp = BASE - 100 * (low_.depth + low_.deepening * hours / 24)
    return Nodes(np.rint(hours / 6).astype(int), none, none, lat, lon, slp), np.full(len(hours), number)


def together(*parts):
    nodes = Nodes(*(np.concatenate(x) for x in zip(*(p[0] for p in parts), strict=True)))
    return Tracks(nodes, np.concatenate([p[1] for p in parts]), HOURS)


def test_densities_count_each_track_once_within_the_cap(low):
    slow = low(lat=45.0, lon=90.0, bearing=90.0, speed=3.0)
    tracks = together(path(slow, HOURS))
    lat, lon = np.arange(-85.0, 90, 5), np.arange(0, 360, 5.0)
    map_ = density.density(tracks, lat, lon, days=30)
    assert map_.max() == 1
    assert map_[lat == 45.0, lon == 90.0] == 1
    assert map_[lat == 35.0].max() == 0
    lows = density.density(tracks, lat, lon, kind="lows", days=30)
    assert lows[lat == 45.0, lon == 90.0] > 5
    starts = density.density(tracks, lat, lon, kind="genesis", days=15)
    assert starts[lat == 45.0, lon == 90.0] == 2
    ends = density.density(tracks, lat, lon, kind="lysis", days=30)
    assert ends[lat == 45.0, lon == 90.0] == 0
    like = density.likeness(map_, 2 * map_, lat)
    assert like.correlation == pytest.approx(1)
    assert like.ratio == pytest.approx(2)
    assert density.likeness(map_, np.roll(map_, 1, axis=0), lat).shift[1] == pytest.approx(5, abs=0.5)
    nothing = density.density(tracks.only(np.array([False])), lat, lon, days=30)
    assert density.likeness(map_, nothing, lat) == (0.0, 0.0, (0.0, pytest.approx(-45, abs=4)))


def test_matched_tracks_differ_by_what_was_put_between_them(low):
    truth = low(lat=45.0, bearing=90.0)
    ahead = low(lat=45.0, bearing=90.0, speed=13.0, depth=10.0, deepening=9.0)
    other = low(lat=-50.0)
    a = together(path(truth, HOURS), path(other, HOURS, 1))
    b = together(path(low(lat=20.0, lon=200.0), HOURS), path(ahead, HOURS, 1))
    pairs = matching.match(a, b)
    assert (pairs.truth.tolist(), pairs.other.tolist()) == ([0], [1])
    assert pairs.misses.tolist() == [False, True]
    assert pairs.false_alarms.tolist() == [True, False]
    error = matching.errors(a, b, pairs)
    expected = 3.6 * HOURS  # km that 1 m/s gains
    assert np.allclose(error.separation, expected, atol=1)
    assert np.allclose(error.along, expected, atol=1.5)
    assert np.abs(error.across).max() < 0.1
    assert np.allclose(error.intensity, 2 + 3 * HOURS / 24)
    assert np.allclose(error.deepening[1:-1], 3)
    assert np.isnan(error.deepening[[0, -1]]).all()
    n = len(HOURS)
    charged = matching.loss(a, b, pairs, error.separation, 1000.0)
    assert charged == pytest.approx((error.separation.sum() + 2000 * n) / (3 * n))
    assert matching.loss(a, a, matching.match(a, a), np.zeros(2 * n), 1000.0) == 0


def test_tracks_that_start_apart_or_hardly_overlap_do_not_match(low):
    a = together(path(low(), HOURS))
    far = together(path(low(lat=47.0), HOURS))
    assert not len(matching.match(a, far).truth)
    assert len(matching.match(a, far, separation=6.0).truth) == 1
    brief = together(path(low(), HOURS[:8]))
    assert not len(matching.match(a, brief).truth)
    assert len(matching.match(a, brief, overlap=0.5).truth) == 1
    nothing = a.only(np.array([False]))
    assert matching.match(nothing, a).false_alarms.tolist() == [True]
    assert matching.loss(nothing, nothing, matching.match(nothing, nothing), np.zeros(0), 1000.0) == 0


def test_gaps_are_bridged_only_as_far_as_allowed(low):
    nodes, _ = path(low(speed=8.0), HOURS)
    for lost, gap, number in (([5], 12.0, 1), ([5], None, 2), ([5, 6], 12.0, 2), ([5, 6], 18.0, 1)):
        left = nodes.take(np.setdiff1d(np.arange(len(HOURS)), lost))
        joining = Joining(reach=8.0, least_hours=12.0, gap_hours=gap)
        assert stitch(left, HOURS, joining).number == number
