"""Nothing of the machine it was written on stays in the repository."""

import re

import pytest

from tests.architecture.tree import ROOT, repository_files, text_of

# written in pieces, so that this file does not find itself
PRIVATE = {
    "a path of one machine": r"(?<![\w.~$}/-])/(?:"
    + "|".join(("home", "root", "Users", "work", "opt", "tmp"))
    + r")/\w",
    "a package index": "|".join(("--(extra-)?index" + "-url", "--find" + "-links", "pypi.org/" + "simple")),
    "an e-mail address": r"[\w.+-]+@(?!example\.)[\w-]+\.(?:com|org|net|edu|io|dev|ai|de|fr|uk|ch)\b",
    "a private key": "-----BEGIN [A-Z ]*" + "PRIVATE KEY",
    "a token": r"\b(?:"
    + "|".join(("gh" + "p_", "AK" + "IA", "xox" + "b-", "sk-" + "ant"))
    + r")[A-Za-z0-9_-]{8,}",
}
LARGEST = 1_000_000


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_private_is_kept(what):
    pattern = re.compile(PRIVATE[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in repository_files()
        if (text := text_of(path)) is not None
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_files_are_small():
    assert [str(p.relative_to(ROOT)) for p in repository_files() if p.stat().st_size > LARGEST] == []


def test_the_patterns_find_what_they_are_for():
    said = {
        "a path of one machine": 'open("/' + 'home/me/data.nc")',
        "a package index": "pip install --index" + "-url x",
        "an e-mail address": "me" + "@" + "university.edu",
        "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "a token": "gh" + "p_0123456789abcdef",
    }
    assert all(re.search(PRIVATE[what], line) for what, line in said.items())
    assert not any(
        re.search(p, "see https://x.org/home/a and y @ z.T in src/tmp/x") for p in PRIVATE.values()
    )
