"""Errors that are meant for the person at the keyboard.

Every message is one flat sentence or two: what was expected, what came, and the usual fix.
The command line prints the message and nothing else; a notebook shows it as the exception's text.
"""


class GnomonError(Exception):
    """Anything a user can cause and mend; the command line shows only its message."""


class UnknownName(GnomonError):
    """A name that no registry knows."""


class BadSpec(GnomonError):
    """A study, a case or a card that does not say what it must."""


class BadData(GnomonError):
    """Arrays or files with the wrong shape, the wrong units, or values that are not finite."""


class BadModel(GnomonError):
    """A model brought by the user that does not keep its side of the contract."""


class MissingExtra(GnomonError):
    """An optional part that is not installed; the message says which install brings it."""

    def __init__(self, extra: str, package: str):
        super().__init__(
            f"this needs {package}, which is not installed: pip install 'gnomon[{extra}]' brings it"
        )
        self.extra = extra


class StoreError(GnomonError):
    """A result store that cannot be read or written."""
