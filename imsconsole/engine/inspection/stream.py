"""Inspection while the bytes arrive."""

import contextlib
import hashlib

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.examine import check_size, detect, examine
from imsconsole.engine.inspection.library import PIECE_BYTES, Library
from imsconsole.engine.inspection.view import HEAD_BYTES, TAIL_BYTES, Facts, Unseen, View
from imsconsole.engine.types import Found

STAGES = (64 * 1024, HEAD_BYTES)  # looked at when that many bytes are there, however they were cut


class Inspector:
    """Hashes and inspects a file in one pass; holds about 6 MiB at most.

    >>> inspector = Inspector(limit_virtual_bytes=GIB)
    >>> for chunk in chunks: inspector.feed(chunk)
    >>> found = inspector.finish(claimed="qcow2")

    What lies behind the head (block tables, an ISO's far boot catalogue) is left to `inspect_file`.
    """

    def __init__(self, limit_virtual_bytes: int) -> None:
        self._limit = limit_virtual_bytes
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._head = bytearray()
        self._tail = b""
        self._stages = list(STAGES)
        self._grows_with_file = False
        self._library = Library()
        self._piece = bytearray()

    @property
    def size_bytes(self) -> int:
        """How much has arrived."""
        return self._size

    def feed(self, chunk: bytes) -> None:
        """The next bytes, any number of them. Raises BadImage when the file is surely refused."""
        self._sha256.update(chunk)
        self._size += len(chunk)
        self._tail = (self._tail + bytes(chunk[-TAIL_BYTES:]))[-TAIL_BYTES:]
        self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._feed_library(chunk)
        while self._stages and len(self._head) >= self._stages[0]:
            self._look(self._stages.pop(0))
        if self._grows_with_file and self._size - TAIL_BYTES > self._limit:
            raise BadImage("too-large", size_bytes=self._size, limit_bytes=self._limit)

    def _look(self, length: int) -> None:
        with contextlib.suppress(Unseen):
            facts = examine(View(bytes(self._head[:length])), self._limit)
            self._grows_with_file = facts.format in ("raw", "iso")

    def _feed_library(self, chunk: bytes) -> None:
        if not self._library.hungry:
            return
        self._piece += chunk
        while len(self._piece) >= PIECE_BYTES:
            self._library.feed(bytes(self._piece[:PIECE_BYTES]))
            del self._piece[:PIECE_BYTES]

    def finish(self, claimed: str = "") -> Found:
        """What arrived. `claimed` is the format the user named, or empty. Raises BadImage."""
        self._library.feed(bytes(self._piece))
        self._library.finish()
        facts = self._facts(View(bytes(self._head), self._size, self._tail), claimed)
        self._library.check(facts)
        return Found(size_bytes=self._size, sha256=self._sha256.hexdigest(), **vars(facts))

    def _facts(self, view: View, claimed: str) -> Facts:
        try:
            return examine(view, self._limit, claimed)
        except Unseen:  # metadata beyond the head: the size must do until the file is whole
            kind = detect(view)
            facts = Facts(kind, self._library.virtual_size_bytes(kind))
            check_size(facts, self._limit, arriving=False)
            return facts
