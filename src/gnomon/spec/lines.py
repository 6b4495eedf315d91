"""Where in a TOML text each key stands, so that an error about a study can name the line."""

import re

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, key and array element of a text that is valid TOML."""
    return _Walk(text).found


def line_of(text: str, path: Path) -> int | None:
    """The line of a key, or of the nearest table around it that is written down; None for the whole file."""
    found = lines_of(text)
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return None


class _Walk:
    """One pass over a text that tomllib has already read, so that only its shape matters here."""

    def __init__(self, text: str):
        self.text, self.at = text.replace("\r\n", "\n"), 0
        self.found: dict[Path, int] = {}
        self.last: dict[Path, int] = {}  # index of the latest table of each array of tables
        table: Path = ()
        while self._blank() < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _blank(self) -> int:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, path: Path) -> None:
        self.found.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _header(self) -> Path:
        start = self.at
        many = self.text.startswith("[[", self.at)
        self.at += 1 + many
        words = self._key()
        self._expect("]" * (1 + many))
        path: Path = ()
        for i, word in enumerate(words):
            path += (word,)
            if many and i == len(words) - 1:
                self.last[path] = self.last.get(path, -1) + 1
            if path in self.last:
                path += (self.last[path],)
        end, self.at = self.at, start
        self._note(path)
        self.at = end
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = table + self._key()
        end, self.at = self.at, start
        self._note(path)
        self.at = end
        self._expect("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._blank()
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._items(path, "]")
        elif first == "{":
            self._items(path, "}")
        else:
            match = (_STRING if first in ('"', "'") else _SCALAR).match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def _items(self, path: Path, close: str) -> None:
        self.at += 1
        index = 0
        while self._blank() < len(self.text) and self.text[self.at] != close:
            if close == "}":
                self._pair(path)
            else:
                self._note((*path, index))
                self._value((*path, index))
            index += 1
            if self.text[self._blank() : self.at + 1] == ",":
                self.at += 1
        self.at += 1

    def _key(self) -> tuple[str, ...]:
        words: list[str] = []
        while True:
            self._blank()
            match = _KEY.match(self.text, self.at)
            if match is None:  # not the shape that tomllib has read; better no line than a wrong one
                self.at = len(self.text)
                return tuple(words)
            words.append(match.group().strip("\"'"))
            self.at = match.end()
            if self.text[self._blank() : self.at + 1] != ".":
                return tuple(words)
            self.at += 1

    def _expect(self, sign: str) -> None:
        self._blank()
        self.at += len(sign) if self.text.startswith(sign, self.at) else 0
