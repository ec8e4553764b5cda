"""The local engine keeps the promises of every engine."""

import pytest

from imsconsole.engine.api import Engine
from imsconsole.engine.local.engine import LocalEngine
from tests.engine.contract import EngineContract
from tests.engine.contract_discard import DiscardContract
from tests.engine.contract_identity import IdentityContract
from tests.engine.contract_transfer import TransferContract


class TestLocalEngine(EngineContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("imsconsole.engine.local.hotplug.LET_GO_LIMIT_S", 0.2)


class TestLocalTransfer(TransferContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local


class TestLocalIdentity(IdentityContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local


class TestLocalDiscard(DiscardContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local
