"""A slow and asynchronous engine keeps the promises of every engine."""

from pathlib import Path

import pytest

from imsconsole.engine.api import Engine
from imsconsole.engine.local.engine import LocalEngine
from tests.engine.contract import EngineContract
from tests.engine.contract_capture import CapturesAtOnce
from tests.engine.contract_discard import DiscardContract
from tests.engine.contract_encryption import EncryptionContract
from tests.engine.contract_transfer import TransferContract
from tests.engine.slow import LACKS, SlowEngine

pytestmark = pytest.mark.slow(reason="the whole contract once more, of an engine that takes its time")


class Slow:
    @pytest.fixture
    def engine(self, local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
        """Without Secure Boot, which is refused then."""
        monkeypatch.setitem(LACKS, "secure_boot", frozenset())
        return SlowEngine(local, place / "refs.sqlite")

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("imsconsole.engine.local.hotplug.LET_GO_LIMIT_S", 0.2)


class TestSlowEngine(Slow, EngineContract):
    pass


class TestSlowTransfer(Slow, TransferContract):
    pass


class TestSlowDiscard(Slow, DiscardContract):
    pass


class TestSlowCapture(Slow, CapturesAtOnce):
    """What workers leave that die of it: tests/images/capture/test_capture_kills.py."""


class TestSlowEncryption(Slow, EncryptionContract):
    pass
