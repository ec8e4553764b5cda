"""A second opinion: the inspectors that OpenStack hardened (oslo.utils). Ours come first and say more."""

import struct

from oslo_utils.imageutils import format_inspector

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts
from imsconsole.engine.types import MIB

NAMES = {"qcow": "qcow2"}
PIECE_BYTES = MIB  # smaller pieces are slow, larger ones make it miss VHDX metadata
# what its inspectors raise on bytes that are not theirs
TROUBLE = (
    format_inspector.ImageFormatError,
    struct.error,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    RuntimeError,
)


class Library:
    """All inspectors of the library over one stream of pieces of PIECE_BYTES (the last may be shorter)."""

    def __init__(self) -> None:
        wanted = {
            name: kind for name, kind in format_inspector.ALL_FORMATS.items() if name not in ("raw", "gpt")
        }
        self._inspectors = {name: kind() for name, kind in wanted.items()}
        self.hungry = True

    def feed(self, piece: bytes) -> None:
        """Feed the next piece; inspectors that are sure that it is not theirs leave."""
        if self.hungry:
            kept = {name: one for name, one in self._inspectors.items() if self._likes(one, piece)}
            self._inspectors = kept
            self.hungry = any(not one.complete for one in kept.values())

    def _likes(self, inspector: format_inspector.FileInspector, piece: bytes) -> bool:
        try:
            inspector.eat_chunk(piece)
            return bool(not inspector.complete or inspector.format_match)
        except TROUBLE:
            return False

    def finish(self) -> None:
        """The stream has ended."""
        for inspector in self._inspectors.values():
            inspector.finish()

    def _matches(self) -> set[str]:
        found = set()
        for name, inspector in self._inspectors.items():
            try:
                found |= {name} if inspector.format_match else set()
            except TROUBLE:
                continue
        return found

    def check(self, facts: Facts, *, partly: bool = False) -> None:
        """Refuse what the library sees differently or calls unsafe.

        `partly`: it saw only the start of the file, so an unfinished inspector says nothing.
        """
        plain = facts.format in ("raw", "ova") or (facts.variant == "fixed" and facts.format == "vhd")
        expected = set() if plain else {NAMES.get(facts.format, facts.format)}
        matches = self._matches()
        if matches - expected:
            raise BadImage("ambiguous", found=", ".join(sorted(matches | {facts.format})))
        if expected - matches:
            raise BadImage("unsafe-structure", format=facts.format, check="format")
        for name in expected & {facts.format}:  # of the first qcow it calls nothing safe
            self._check_safety(self._inspectors[name], facts, partly)

    def _check_safety(self, inspector: format_inspector.FileInspector, facts: Facts, partly: bool) -> None:
        if partly and not inspector.complete:
            return
        try:
            inspector.safety_check()
        except format_inspector.SafetyCheckFailed as error:
            failed = ", ".join(sorted(error.failures))
            raise BadImage("unsafe-structure", format=facts.format, check=failed) from error
        except TROUBLE as error:
            raise BadImage("unsafe-structure", format=facts.format, check="format") from error

    def virtual_size_bytes(self, format: str) -> int:
        """The disk's size as the library reads it, 0 when it does not know."""
        try:
            return int(self._inspectors[format].virtual_size)
        except TROUBLE:
            return 0
