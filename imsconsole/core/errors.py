"""Expected errors. Each has a code and the values its sentence is made of.

The sentence itself is looked up in `core.sentences` in the reader's language, so an error can be
kept for ever and be read by anyone. This module knows no Django: the engine raises these too.
"""

from typing import Any, ClassVar


class ImsError(Exception):
    """An error that is expected and explained.

    `code` names the sentence (kebab-case), `values` fill its places and are JSON-serialisable.
    """

    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    default_code: ClassVar[str] = "error"

    def __init__(self, code: str = "", /, **values: Any) -> None:
        self.code = code or self.default_code
        self.values = values
        super().__init__(self.code, values)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.code} ({details})" if details else self.code


class Unavailable(ImsError):
    """The engine, or a part of it, does not answer now; the same call may work later."""

    http_status = 503
    retryable = True
    default_code = "unavailable"


class Away(Unavailable):
    """What is far from here, a cloud, does not answer now: work on it waits, and goes on by itself when it does."""

    default_code = "away"


class Interrupted(Unavailable):
    """A program that worked for us was killed by somebody else, which says nothing about what it worked on."""

    default_code = "program-killed"


class Disconnected(Unavailable):
    """The database did not answer, or the connection to it broke; the same call may work later."""

    default_code = "disconnected"


class NotFound(ImsError):
    """What was named does not exist (any more)."""

    http_status = 404
    default_code = "not-found"


class Conflict(ImsError):
    """Something else holds what was asked for, or its state changed meanwhile."""

    http_status = 409
    default_code = "conflict"


class Contended(ImsError):
    """Others held the same things at the same moment; the same call may work now."""

    http_status = 409
    retryable = True
    default_code = "contended"


class NoSpace(ImsError):
    """The disk is full; the same call may work once there is space."""

    http_status = 507
    retryable = True
    default_code = "no-space"


class BadImage(ImsError):
    """The bytes are not an image this service accepts. The code says what was found."""

    http_status = 422
    default_code = "bad-image"


class Unsupported(ImsError):
    """This engine cannot do that; the code says what is missing."""

    http_status = 422
    default_code = "unsupported"
