"""The command line: light, helpful, and never a traceback for what a person can mend."""

import os
import subprocess
import sys

import pytest

from gnomon.cli import late
from gnomon.cli.main import COMMANDS, outcome

HEAVY = (
    "jax",
    "equinox",
    "numpy",
    "scipy",
    "xarray",
    "pandas",
    "duckdb",
    "altair",
    "gnomon.engine",
    "gnomon.core",
)


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


def fresh(*tokens, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "gnomon.cli.main", *tokens],
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


def loaded_by(code):
    script = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return [m for m in HEAVY if m in out.splitlines()[-1].split()]


@pytest.mark.parametrize(
    "tokens", [[], ["--help"], ["list"], ["list", "worlds"], ["list", "studies"], ["--version"]]
)
def test_looking_loads_nothing_heavy(tokens):
    assert loaded_by(f"from gnomon.cli.main import outcome\nassert outcome({tokens!r}) == 0") == []


def test_import_gnomon_loads_nothing_heavy():
    assert loaded_by("import gnomon; gnomon.__version__; dir(gnomon)") == []


def test_citing_loads_no_backend():
    heavy = loaded_by("from gnomon.cli.main import outcome\nassert outcome(['cite', 'quickstart']) == 0")
    assert not {"jax", "equinox", "gnomon.engine", "gnomon.core"} & set(heavy)


def test_help_names_every_command(say):
    code, out, _ = say("--help")
    assert code == 0
    for name, command in COMMANDS.items():
        assert f" {name} " in out
        assert command.help.split()[0] in out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name, say):
    code, out, err = say(name, "--help")
    assert (code, err) == (0, "")
    assert f"gnomon {name}" in out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_be_reached(name):
    assert callable(late.late(COMMANDS[name].target))


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["lsit"], "no command 'lsit'; did you mean 'list'?"),
        (["describe", "lorenz63x"], "did you mean 'lorenz63'?"),
        (["list", "wolds"], "did you mean 'worlds'?"),
        (["describe"], "NAME"),
        (["list", "--flag"], "Unknown option"),
        (["run"], "STUDY"),
        (["run", "quikstart"], "no study named 'quikstart'; did you mean 'quickstart'?"),
        (["run", "absent.toml"], "no study file 'absent.toml'"),
        (["run", "quickstart", "--workers", "many"], "many"),
        (["describe", "here:There"], "say which with --kind"),
        (["describe", "nowhere:Thing", "--kind", "worlds"], "cannot be imported"),
        (["ladder"], "no result store at results; run a study first"),
        (["report", "quickstart"], "no result store at results"),
        (["compare", "a", "b"], "no result store at results"),
        (["verify", "--store", "absent"], "no result store at absent"),
        (["gc", "--store", "absent"], "no result store at absent"),
        (["merge", "absent"], "no result store at absent"),
        (["export", "--store", "absent"], "no result store at absent"),
        (["cite", "nothing"], "nothing is named 'nothing'"),
        (["test", "absent.py:step", "--world", "lorenz63", "--trust"], "absent.py cannot be read"),
        (["test", "absent.py:step", "--world", "lorentz", "--trust"], "did you mean 'lorenz"),
        (["test", "absent.npz", "--world", "lorenz63"], "no file absent.npz"),
        (["test", "a.py:s", "--world", "lorenz63", "--trials", "forcast"], "did you mean 'forecast'?"),
        (
            ["test", "a.py:s", "--world", "lorenz63", "--variables", "a"],
            "expected model's word = world's word",
        ),
        (["test", "a.py:s", "--world", "lorenz63", "--variables", "{"], "not valid JSON"),
        (
            ["test", "a.py:s", "--world", "lorenz63", "--units", "1", "--trust"],
            "units counts independent starts",
        ),
        (["test", "a.py:s"], "world"),
        (["starts", "--world", "lorenz63", "--history", "0", "--trial", "forecast"], "history counts past"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_2(tokens, sentence, say):
    code, _, err = say(*tokens)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


BAD_STUDIES = {
    "empty": ("", "missing required field `name`"),
    "torn": ("name = 'x'\nquestion == 1", "line 2"),
    "unknown key": ("name='x'\nquestion='?'\nworlds=[]\nlearners=[]\ntrials=[]\nseed=[1]", "line 6"),
    "wrong type": ("name='x'\nquestion='?'\nworlds=[]\nlearners=[]\ntrials=[]\nseeds='1'", "line 6"),
    "no worlds": ("name='x'\nquestion='?'\nworlds=[]\nlearners=[]\ntrials=[]", "'worlds' is empty"),
    "bad name": (
        "name='../x'\nquestion='?'\nworlds=[{kind='lorenz63'}]\nlearners=[{kind='linear'}]\ntrials=[{kind='cost'}]",
        "may hold letters",
    ),
    "unknown world": (
        "name='x'\nquestion='?'\nworlds=[{kind='lorenz63x'}]\nlearners=[{kind='linear'}]\ntrials=[{kind='cost'}]",
        "did you mean 'lorenz63'",
    ),
    "unknown argument": (
        "name='x'\nquestion='?'\nworlds=[{kind='lorenz63',args={sigmaa=1}}]\nlearners=[{kind='linear'}]\n"
        "trials=[{kind='cost'}]",
        "no argument 'sigmaa'; did you mean 'sigma'",
    ),
    "wrong argument": (
        "name='x'\nquestion='?'\nworlds=[{kind='lorenz63'}]\nlearners=[{kind='linear'}]\n"
        "trials=[{kind='forecast',args={units='many'}}]",
        "Expected `int`, got `str` - at `$.units`",
    ),
    "foreign code": (
        "name='x'\nquestion='?'\nworlds=[{kind='lorenz63'}]\nlearners=[{kind='evil:Learner'}]\ntrials=[{kind='cost'}]",
        "add --trust",
    ),
    "foreign model": (
        "name='x'\nquestion='?'\nworlds=[{kind='lorenz63'}]\nlearners=[{kind='user',args={model='evil.py'}}]\n"
        "trials=[{kind='cost'}]",
        "add --trust",
    ),
}


@pytest.mark.parametrize("which", BAD_STUDIES)
def test_a_bad_study_is_one_line(which, say, tmp_path):
    text, sentence = BAD_STUDIES[which]
    (tmp_path / "study.toml").write_text(text)
    code, _, err = say("run", "study.toml", "--plan")
    assert code == 2
    assert sentence.lower() in err.lower()
    assert err.count("\n") == 1


def test_a_study_that_is_no_text(say, tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00name")
    code, _, err = say("run", "study.toml")
    assert code == 2
    assert "not a text file in UTF-8" in err


def test_a_folder_that_cannot_be_written(say, tmp_path):
    (tmp_path / "results").write_text("a file, not a folder")
    code, _, err = say("run", "quickstart", "--plan")
    assert code == 2
    assert "results" in err
    assert err.count("\n") == 1


def test_a_full_disk_while_writing_citations(say, monkeypatch, tmp_path):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_text", full)
    code, _, err = say("cite", "quickstart", "--out", "refs.bib")
    assert code == 2
    assert "refs.bib" in err
    assert "No space left on device" in err


def test_debug_shows_the_traceback(say, monkeypatch):
    monkeypatch.setenv("GNOMON_DEBUG", "1")
    with pytest.raises(Exception, match="quikstart"):
        say("cite", "quikstart")


def test_ctrl_c_says_that_nothing_is_lost(say, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("gnomon.cli.looking.list_", interrupted)
    monkeypatch.setattr("gnomon.cli.looking.entries", interrupted)
    code, _, err = say("list", "worlds")
    assert code == 130
    assert "carries on" in err
    assert "Traceback" not in err


def test_a_reader_that_leaves_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon.cli.main", "cite", "quickstart"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert err == b""


@pytest.mark.parametrize("kind", ["worlds", "learners", "trials", "measures", "studies"])
def test_everything_listed_can_be_described(kind, say):
    _, out, _ = say("list", kind)
    names = [line.split()[0] for line in out.splitlines()]
    assert names
    for name in names:
        code, told, err = say("describe", name, "--kind", kind)
        assert (code, err) == (0, "")
        assert told.startswith(name)


def test_describe_a_world_says_what_it_knows(say):
    _, out, _ = say("describe", "lorenz63")
    for word in (
        "rho",
        "Lyapunov time",
        "observation error",
        "leading_exponent",
        "10.1175/1520-0469(1963)020",
    ):
        assert word in out


def test_doctor_says_what_is_there(say):
    code, out, _ = say("doctor")
    assert code == 0
    for word in ("jax", "device", "cpu", "python", "pip install 'gnomon["):
        assert word in out or word.startswith("pip")


def test_doctor_names_what_is_missing(say, monkeypatch):
    monkeypatch.setattr("gnomon.cli.doctor.CORE", ("jax", "not-a-package"))
    monkeypatch.setattr("gnomon.cli.doctor.EXTRAS", {"torch": (("not-torch",), "models")})
    code, out, err = say("doctor")
    assert code == 1
    assert "not-a-package      MISSING" in out
    assert "pip install 'gnomon[torch]'" in out
    assert "missing: not-a-package" in err


def test_plan_says_first_and_runs_nothing(say, tmp_path):
    code, out, err = say("run", "quickstart", "--plan", "--workers", "2")
    assert (code, err) == (0, "")
    for word in ("cases", "training data", "truth", "fits", "time", "disk", "2 workers"):
        assert word in out
    stored = [p for p in (tmp_path / "results").rglob("*") if p.is_file() and p.suffix == ".npz"]
    assert stored == []
