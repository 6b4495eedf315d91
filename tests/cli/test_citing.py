"""`gnomon cite`: the papers and packages that a study or one component stands on, each with its facts."""

import json

import pytest

from gnomon.cli.main import outcome


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    """Run a command line in an empty folder; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GNOMON_DEBUG", raising=False)

    def saying(*tokens):
        code = outcome(list(tokens))
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


def test_cite_writes_bibtex(say, tmp_path):
    code, out, _ = say("cite", "quickstart")
    assert code == 0
    assert out.count("@") >= 10
    assert "doi = {10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2}" in out
    assert "title = {gnomon}" in out
    keys = [line.split("{")[1] for line in out.splitlines() if line.startswith("@")]
    assert len(keys) == len(set(keys))
    assert say("cite", "quickstart", "--out", "refs.bib")[0] == 0
    assert (tmp_path / "refs.bib").read_text() == out


@pytest.mark.parametrize(
    ("asked", "papers"),
    [
        (("neural_ode",), ("chen2018", "pal2021", "pal2023", "kidger2021")),
        (("speedy",), ("molteni2003", "davenport2026")),
        (("lorenz63",), ("lorenz1963",)),
        (("phyxmamba", "--kind", "learner"), ("liu2025",)),
        (("mamba",), ("gu2023", "wang2025")),
    ],
)
def test_cite_names_the_papers_of_a_component(say, asked, papers):
    code, out, err = say("cite", *asked)
    assert (code, err) == (0, "")
    for paper in papers:
        assert f"{{{paper}," in out
    assert "title = {gnomon}" in out


def test_cite_takes_the_study_where_a_learner_has_the_same_name(say):
    study = say("cite", "phyxmamba")[1]
    assert study == say("cite", "phyxmamba", "--kind", "study")[1]
    assert study.count("@") > say("cite", "phyxmamba", "--kind", "learner")[1].count("@")


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("atmosphere_smoke", ("jcm", "dinosaur", "xarray", "netCDF4")),
        ("neuralgcm", ("neuralgcm", "jcm", "dinosaur", "xarray")),
        ("aimip", ("xarray", "dask", "netCDF4", "cftime", "zarr")),
        ("regularised_nde", ("diffrax",)),
        ("quickstart", ()),
    ],
)
def test_cite_names_the_packages_whose_numbers_a_study_shows(say, name, packages):
    code, out, _ = say("cite", name)
    software = [line.split("{")[1].rstrip(",") for line in out.splitlines() if line.startswith("@software")]
    assert code == 0
    assert {"gnomon", "jax", "numpy", *packages} <= set(software)
    if not packages:
        assert not {"jcm", "xarray", "dask", "diffrax"} & set(software)


def test_a_package_that_is_not_installed_is_cited_without_a_version():
    from gnomon.spec.citations import bibtex

    assert "@software{not-a-package,\n  title = {not-a-package},\n}" in bibtex((), ("not-a-package",))


def test_a_preprint_that_was_published_is_cited_once():
    from gnomon.spec.citations import works_of

    assert works_of((), ["arXiv 2403.11144", "doi:10.1016/j.neucom.2024.129178"]) == (
        "10.1016/j.neucom.2024.129178",
    )


def test_references_are_complete():
    from gnomon.spec.citations import dois, references

    assert dois("see (10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2). and doi:10.1/x") == [
        "10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2"
    ]
    assert dois(
        "arXiv 1806.07366, arXiv:2105.03918; https://arxiv.org/abs/2303.02262, 10.48550/arXiv.2208.11411."
    ) == [f"10.48550/arXiv.{n}" for n in ("1806.07366", "2105.03918", "2303.02262", "2208.11411")]
    assert dois("Liu et al. 2025, arXiv\n    2505.23863, a number: 10.5") == ["10.48550/arXiv.2505.23863"]
    table = references()
    assert len({str(f["key"]) for f in table.values()}) == len(table)
    for doi, facts in table.items():
        assert dois(doi) == [doi]
        assert {"type", "key", "author", "title", "year"} <= set(facts)
        assert all(str(value).strip() for value in facts.values())
    json.dumps(table)


def test_what_a_component_borrows_is_cited_and_another_component_it_imports_is_not():
    from gnomon.spec.citations import part_of, works_of

    cyclones = works_of(part_of("measures", "cyclone_statistics"))
    assert "10.1175/BAMS-D-11-00154.1" in cyclones  # its own docstring
    assert "10.5194/gmd-14-5023-2021" in cyclones  # how the lows are found: another file of its folder
    assert "10.1007/s00382-002-0268-2" in works_of(part_of("worlds", "speedy"))
    assert "10.1007/s00382-002-0268-2" not in works_of(
        part_of("worlds", "held_suarez")
    )  # borrows units, not physics
    assert not set(works_of(part_of("learners", "linear"))) & set(works_of(part_of("learners", "nvar")))


@pytest.mark.parametrize("kind", ["learners", "worlds", "trials", "measures"])
def test_every_work_a_component_names_is_in_the_bibliography(kind):
    from gnomon.spec.catalogue import systems
    from gnomon.spec.citations import part_of, references, works_of
    from gnomon.spec.registry import entries

    # the systems of the catalogue name their sources by DOI alone: docs/flows.md shows them in words
    named = {name: works_of(part_of(kind, name)[:1]) for name in entries(kind) if name not in systems()}
    missing = {name: [w for w in works if w not in references()] for name, works in named.items()}
    assert {name: works for name, works in missing.items() if works} == {}
