"""The page of the fields: a table that was not run is said to be missing, and one that was says what its rows say."""

import csv
import math

import pytest

from docs import fields_page as page
from docs import fields_tables as tables
from docs import medida_tables, missing_terms
from validation.table import below, keep, reported, within

NETWORK = {
    "name": "fourier_operator", "kind": "network", "error": "0.1", "low": "0.09", "high": "0.12", "weights": "100",
    "solve_seconds": "0.001", "training_seconds": "20", "solver": "solver, 24^2 points, 6 steps a frame",
    "solver_error": "0.08", "solver_seconds": "0.002", "breakeven": "30000", "plan": "a plan",
}  # fmt: skip
GAP = {**dict.fromkeys(NETWORK, ""), "name": "latent_spectral minus fourier_operator", "kind": "gap"}
MEDIDA = {
    "table": "exact", "case": "KS 1", "model": "0,1,1,0,0", "term": "u u_x", "wanted": "-1", "weight": "-0.99",
    "error": "0.004", "z": "2.5", "error_before": "57", "error_after": "0.5", "unexplained": "0.01",
}  # fmt: skip
CLOSURE = {
    "setup": "jet", "closure": "none", "column": "spectra", "value": "0.5", "low": "0.4", "high": "0.6", "pairs": "6",
    "lost": "1", "lost_truth": "0", "seconds": "", "points": "32", "fine": "64", "members": "6", "days": "360",
    "updates": "400",
}  # fmt: skip


def put(folder, name, rows):
    with (folder / f"{page.SECTIONS[name].file}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_without_tables_the_page_says_so_and_names_every_command(tmp_path):
    text = page.text_of(tmp_path)
    for section in page.SECTIONS.values():
        assert f"Not run: `{section.command} --csv docs/results/{section.file}.csv`." in text
        assert f"* `{section.command}`: some {section.minutes} CPU minutes, a guess" in text
    assert "Closures with an agent at every point" in text
    assert "| `two_layer` | 0.0361" in text


def test_a_table_that_is_there_is_shown_and_no_longer_missing(tmp_path):
    rows = [
        NETWORK,
        NETWORK | {"name": "unet", "breakeven": ""},
        NETWORK | {"name": "deep", "solver": "", "breakeven": ""},
    ]
    put(tmp_path, "operators", [*rows, GAP | {"error": "0.02", "low": "0.01", "high": "0.03"}])
    text = page.text_of(tmp_path)
    assert (
        "| fourier_operator | 0.1 [0.09, 0.12] | 100 | 1.00 | 20 | 24^2 points, 6 steps a frame | 0.08 | 2.00 | 3e+04 |"
        in text
    )
    assert "none: the solver is cheaper" in text
    assert "none is as good" in text
    assert "A breakeven exists for 1 of 3 networks." in text
    assert "the former is worse" in text
    assert "* `python benchmarks/field_operators.py`" not in text
    page.main(tmp_path, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == text


def test_a_network_no_better_than_persistence_never_pays(tmp_path):
    nothing = dict.fromkeys(NETWORK, "") | {
        "name": "persistence",
        "kind": "baseline",
        "error": "0.1",
        "plan": "a plan",
    }
    put(tmp_path, "operators", [NETWORK, NETWORK | {"name": "unet", "error": "0.05"}, nothing])
    said = tables.operators(page.read(tmp_path, page.SECTIONS["operators"]) or [])
    assert any(line.endswith("| none: persistence as good |") for line in said)
    assert any("A breakeven exists for 1 of 2 networks." in line for line in said)


@pytest.mark.parametrize(
    ("low", "high", "word"), [("-2", "-1", "is better"), ("-1", "1", "cannot be told apart")]
)
def test_a_gap_is_judged_by_its_interval(low, high, word):
    assert word in tables.latent([GAP | {"error": "0", "low": low, "high": high}])[0]


def test_speed_is_held_against_its_aims():
    rows = [
        {"kind": "transforms", "case": c, "other_us": "1", "rhs_us": "1", "step_us": "4", "ratio": r}
        for c, r in (("a", "1.2"), ("b", "1.5"))
    ]
    said = tables.planes([*rows, rows[0] | {"kind": "pyqg-jax", "ratio": "4.5"}])
    assert "At most 1.3 times the bare transforms: 1 of 2; largest 1.50." in said
    assert "At least 4 times as fast as pyqg-jax, a right-hand side each: 1 of 1; least 4.50." in said
    assert "Nothing was there to be held against: at most 1.05 times exponax." in said


def test_rings_are_held_against_their_aims_with_and_without_split_loops():
    row = {"bare_us": "2", "ours_us": "3", "exponax_us": "", "ours_over_exponax": "", "split_loops": "2"}
    rows = [
        row | {"case": c, "ours_over_bare": o, "whole_over_bare": w}
        for c, o, w in (("a", "1.2", "1.1"), ("b", "1.5", "1.25"))
    ]
    said = tables.rings(rows)
    assert "| b | 2 | 3 |  | 1.5 |  | 2 | 1.25 |" in said
    assert "At most 1.3 times the bare transforms: 1 of 2; largest 1.50." in said
    assert "Loops whole: At most 1.3 times the bare transforms: 2 of 2; largest 1.25." in said


def test_burgers_counts_seeds_on_the_grid_of_the_training():
    row = {"relative L2": "0.002", "processor seconds a solve": "", "remark": ""}
    names = {"FNO, seed 0": "0.002", "FNO, seed 1": "0.003", "FNO, seed 0, 256 points": "0.9"}
    said = tables.burgers([row | {"name": n, "relative L2": e} for n, e in names.items()])
    assert said[-1] == "At or below 0.0025: 1 of 2 seeds; the worst 0.00300."
    twin = row | {"name": "twin", "relative L2": "0.0025"}
    said = tables.burgers([*(row | {"name": n, "relative L2": e} for n, e in names.items()), twin])
    assert said[-1].endswith("is at 0.00250; networks, whose start has none, below it: 1 of 2.")


def test_missing_terms_are_counted_by_what_was_missed_and_what_was_too_many():
    rows = [
        MEDIDA,
        MEDIDA | {"case": "KS 2", "weight": "", "z": "", "error_after": "60"},
        MEDIDA | {"wanted": "0.0", "z": "1"},
    ]
    said = medida_tables.medida(rows)
    assert "| 1. exact | 2 | 60 | 60 (KS 2) | 1 | 1 | 1 of 2 | 0 of 2 | 0 of 2 |" in said
    assert "| KS 1 | 0,1,1,0,0 | 57 | 0.5 (1 too many) |" in said
    assert "| KS 2 | 0,1,1,0,0 | 57 | 60 (1 missed) |" in said


def test_a_case_is_recovered_by_its_terms_and_by_the_errors_of_its_weights():
    """Right terms alone are not within stated errors; one case of a kind of pairs that fails is enough."""
    exact, noisy = MEDIDA, MEDIDA | {"table": "noise 0.01", "z": "-1.9"}
    said = medida_tables.medida([exact, noisy, noisy | {"case": "KS 2", "z": "1"}])
    assert "| KS 1 | 0,1,1,0,0 | 57 | 0.5 | **0.5** |" in said
    assert "| KS 2 | 0,1,1,0,0 | 57 |  | **0.5** |" in said
    wanted = "All cases have the right terms for pairs 1, 2 of 2, and weights within their stated errors for "
    assert f"{wanted}pairs 2 of 2." in said
    missed = noisy | {"case": "KS 2", "weight": "", "z": ""}
    said = medida_tables.medida([exact, noisy, missed])
    assert f"{wanted}none of 2 kinds of pairs.".replace("1, 2 of", "1 of") in said


def test_weights_beyond_their_own_deviations_are_counted_for_noise_apart():
    noisy = MEDIDA | {"table": "noise 0.01, projected", "z": "0.5"}
    said = medida_tables.medida([MEDIDA, noisy, noisy | {"z": "-3"}])[-1]
    assert "lie 1 of 2 weights of noisy pairs and 1 of 1 weights of pairs without noise." in said
    assert said.endswith("They are no error bars.")


def test_layers_count_what_was_missed_and_what_must_not_be_explained():
    row = {
        "table": "two layers", "case": "no drag", "held": "1", "term": "q2: Lap psi2", "wanted": "-0.05",
        "weight": "-0.0501", "error": "0.0001", "z": "-1", "spread": "0.00001", "z_spread": "-10", "gone": "0.999",
    }  # fmt: skip
    wrong = row | {"case": "radius +10 %", "held": "0", "wanted": "0", "gone": "0.968"}
    nothing = dict.fromkeys(row, "") | {"table": "two layers", "case": "perfect", "held": "0", "wanted": "0"}
    said = medida_tables.layers(
        [row, row | {"term": "q1: psi1_x", "weight": "", "z": "", "z_spread": ""}, wrong, nothing]
    )
    assert "| no drag | `q2: Lap psi2` | -0.05 | -0.0501 | 0.0001 | -1.0 | 1e-05 | -10.0 |" in said
    assert any("| missed |" in line for line in said)
    assert any(
        line.startswith("1 terms missed, 0 too many; a weight is off by 0.002 of itself") for line in said
    )
    assert any(line.startswith("*radius +10 %*: 1 terms are found, which take 96.8 %") for line in said)
    assert said[-1] == "*perfect*: nothing is found."


def test_ways_of_obeying_an_equation_have_geometric_means_and_ratios():
    run = {"system": "Lorenz-63", "kind": "run", "way": "whole", "weights": "9", "seconds": "3", "learnt": ""}
    runs = [run | {"relative L2": e} for e in ("0.1", "0.4")]
    gain = {
        "system": "Lorenz-63",
        "kind": "gain",
        "way": "whole over marched",
        "ratio": "5",
        "low": "2",
        "high": "9",
    }
    solver = {"system": "Lorenz-63", "kind": "solver", "way": "marched", "told": "60 steps"}
    grown = gain | {"way": "whole over growing", "low": "0.5"}
    said = tables.pinn([*runs, gain, grown, gain | {"way": "whole, restarted over marched"}, solver])
    assert (
        "* Lorenz-63: *marched* has less error than *whole*; *growing* is not told apart from *whole*; *marched* has "
        "less error than *whole, restarted*." in said
    )
    words = (
        "In words: *marched* helps on 1 of 1 systems against *whole*, on 1 of 1 against *whole, restarted*; *growing* "
        "helps on 0 of 1 systems against *whole*; a horizon that grows is not enough by itself."
    )
    assert words in said
    assert "| Lorenz-63 | whole | 2 | 0.2 | 9 | 3 |  |" in said
    assert "| Lorenz-63 | whole over marched | 5 [2, 9] |" in said
    assert said[-1] == "* Lorenz-63: classical solver of the error of *marched*: 60 steps."


def test_ways_at_a_singular_point_have_their_ratio_over_the_plain_one():
    run = {
        "equation": "Bessel",
        "way": "written",
        "kind": "run",
        "near": "0.5",
        "seconds": "0.4",
        "ratio": "",
    }
    runs = [run | {"way": w, "relative L2": e} for w in ("written", "ansatz") for e in ("0.1", "0.4")]
    runs[2] |= {"relative L2": "0.001"}
    gain = run | {"way": "ansatz", "kind": "gain", "ratio": "10", "low": "2", "high": "50"}
    said = tables.singular([*runs, gain])
    assert "| Bessel | written | 2 | 0.2 | 0.5 | 0.4 |  |  |" in said
    assert "| Bessel | ansatz | 2 | 0.02 | 0.5 | 0.4 | 10 [2, 50] |  |" in said
    assert "* Bessel: least error by *ansatz*, 0.02; the better plain way, *written*, over it 10" in " ".join(
        said
    )
    cleared = [r | {"way": "cleared", "relative L2": str(float(r["relative L2"]) / 5)} for r in runs[:2]]
    said = tables.singular([*runs, *cleared, gain])
    assert any(
        line.startswith("| Bessel | ansatz | 2 | 0.02 | 0.5 | 0.4 | 10 [2, 50] | 2 [") for line in said
    )
    assert any("the better plain way, *cleared*, over it 2 [" in line for line in said)
    best = tables.singular([r | {"relative L2": "0.4"} if r["way"] == "ansatz" else r for r in [*runs, gain]])
    assert "* Bessel: least error by *written*, 0.2; itself a plain way, so that nothing is gained." in best


def test_a_ratio_has_the_interval_of_its_logarithms():
    """Of two seeds by hand: the t of one degree of freedom is 12.706."""
    row = tables.ratio_of([1.0, 4.0], [1.0, 1.0])
    half = 12.7062 * math.log(4.0) / 2
    assert [float(row[k]) for k in ("low", "value", "high")] == pytest.approx(
        [2 * math.exp(-half), 2.0, 2 * math.exp(half)], rel=1e-4
    )
    assert tables.ends(tables.ratio_of([3.0], [1.0])) == "3"


def test_a_refiner_is_told_with_its_cost_beside_the_same_network():
    unet, refiner = NETWORK | {"name": "unet"}, NETWORK | {"name": "refiner", "solve_seconds": "0.004"}
    gap = GAP | {"name": "refiner minus unet", "error": "0.02", "low": "0.01", "high": "0.03"}
    said = tables.operators([unet, refiner, gap])[-1]
    assert (
        "a solve costs 4.0 times that of `unet`, its training 1.0 times. Its error less that of `unet`"
        in said
    )
    assert said.endswith("0.02 [0.01, 0.03]; it is worse.")
    assert "refiner" not in tables.operators([unet])[-1]


def test_transfer_is_judged_by_intervals_that_do_not_touch():
    rows = [CLOSURE] + [
        CLOSURE | {"closure": name, "low": low, "high": high}
        for name, low, high in (
            ("leith", "0.1", "0.2"),
            ("offline", "0.7", "0.9"),
            ("online", "0.3", "0.5"),
            ("floor", "0", "0.1"),
        )
    ]
    said = tables.closures(rows)
    assert "| none | 0.50 [0.40, 0.60] | 1 and 0 of 6 |" in said
    judged, lost = said[-1].split(" Diverged: ")
    assert "nearer than the coarse flow alone leith; further offline. Spectra alone do not" in judged
    assert judged.endswith("read the energies beside them.")
    assert lost.startswith("leith (1 of 6 runs), offline (1 of 6 runs), online (1 of 6 runs);")


def test_truths_stand_beside_what_is_exact(tmp_path):
    """As the command writes them: rows of the card alone are counted, unless they fail; what fails is bold."""
    found = [
        within("|decay|", 1.001, None, 1.0, 0.01, "exact"),
        within("spread", 1.001, None, 1.0, 0.01, "card"),
        below("leak", 3.0, 0.5, 1.0),
        reported("scale", 2.0),
    ]
    for name in ("burgers", "burgers", "two_layer"):
        keep(tmp_path / "fields-truth.csv", [{"world": name} | row._asdict() for row in found])
    lines = tables.truths(page.read(tmp_path, page.SECTIONS["truths"]) or [])
    assert lines.count("| burgers | \\|decay\\| | 1.001 | 1 | within 0.01 | exact | yes |") == 1
    assert "| two_layer | leak | 3 (0.5) | < 1 | magnitude below |  | **no** |" in lines
    assert not any("spread" in line for line in lines)
    assert "| burgers | 3 | 2 |" in lines
    assert any(line.startswith("4 of 6 hold; 2 more are reported and not judged.") for line in lines)


def test_missing_terms_are_counted_and_the_perfect_model_is_not_blamed(tmp_path):
    none = "not attributable: no error beyond that of the truth run again"
    rows = [
        {"world": "lorenz63", "model": "perfect", "planted": "", "answer": none},
        {
            "world": "lorenz63",
            "model": "the world's twin",
            "planted": "beta 2.5",
            "answer": "z lacks -0.1667 z",
        },
        {
            "world": "ring",
            "model": "wrong forcing",
            "answer": "not attributable: the library does not hold it",
        },
    ]
    put(tmp_path, "missing_term", rows)
    text = page.text_of(tmp_path)
    assert "| lorenz63 | the world's twin | beta 2.5 | z lacks -0.1667 z |" in text
    assert "Of 2 wrong models 1 are given terms; of 1 perfect ones 0." in text


def test_other_setups_show_their_exponents_and_what_fails(tmp_path):
    rows = [
        {"world": "two_layer, other set-ups"} | row._asdict()
        for row in (
            within("jet: std of q1", 1.0, 0.1, 1.0, 0.2, "card"),
            below("jet: share", 0.1, None, 0.02),
            below("jet: speed", 0.1, None, 2.8),
            reported("dye: leading exponent", 2.0, 0.1),
        )
    ]
    put(tmp_path, "setups", rows)
    said = tables.setups(page.read(tmp_path, page.SECTIONS["setups"]) or [])
    assert "| two_layer | dye: leading exponent | 2 (0.1) |  | reported |  |" in said
    assert "| two_layer | jet: share | 0.1 | < 0.02 | magnitude below | **no** |" in said
    assert not any("jet: speed" in line for line in said)
    assert said[-1].startswith("2 of 3 hold")


@pytest.mark.parametrize(
    ("kind", "learner", "told"),
    [
        ("lorenz63", {"kind": "peer", "args": {}}, "beta 2.5"),
        ("kuramoto_sivashinsky", {"kind": "peer", "args": {}}, "growth 1.1, hyperviscosity 1.1"),
        ("lorenz63", {"kind": "wrong_forcing", "args": {"size": 0.5}}, "size 0.5"),
        ("lorenz63", {"kind": "perfect", "args": {}}, ""),
    ],
)
def test_what_was_planted_is_read_from_the_card_and_the_learner(kind, learner, told):
    assert missing_terms.planted({"world": {"kind": kind, "args": {}}, "learner": learner}) == told
