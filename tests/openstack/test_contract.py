"""The engine of a cloud keeps the promises of every engine."""

import pytest

from imsconsole.engine.api import Engine
from imsconsole.engine.openstack import OpenStackEngine
from tests.engine.contract import EngineContract
from tests.engine.contract_capture import CaptureContract
from tests.engine.contract_discard import DiscardContract
from tests.engine.contract_encryption import EncryptionContract
from tests.engine.contract_identity import IdentityContract
from tests.engine.contract_transfer import TransferContract
from tests.engine.promises import Some
from tests.support.sweep import some

pytestmark = [pytest.mark.cloud, pytest.mark.slow(reason="a cloud is asked, and one waits for it")]


class Cloud:
    @pytest.fixture
    def engine(self, cloud_engine: OpenStackEngine) -> Engine:
        return cloud_engine


class TestCloudEngine(Cloud, EngineContract):
    pass


class TestCloudTransfer(Cloud, TransferContract):
    pass


class TestCloudIdentity(Cloud, IdentityContract):
    pass


class TestCloudDiscard(Cloud, DiscardContract):
    pass


class CloudCapture(CaptureContract):
    @pytest.fixture
    def shows_data_disks(self) -> bool:
        """libvirt starts guests with a strict boot order: disks that have no place in it are not shown."""
        return False

    @pytest.fixture
    def some(self) -> Some:
        return some


class TestCloudCapture(Cloud, CloudCapture):
    pass


class TestCloudEncryption(Cloud, EncryptionContract):
    pass


class OfAnAccount:
    """Machines and disks in a project of their own, what is stored in the service's."""

    @pytest.fixture
    def engine(self, account_engine: OpenStackEngine) -> Engine:
        return account_engine


@pytest.mark.thorough
class TestProjectOfAnAccount(OfAnAccount, EngineContract):
    pass


@pytest.mark.thorough
class TestDiscardOfAnAccount(OfAnAccount, DiscardContract):
    pass


@pytest.mark.thorough
class TestCaptureOfAnAccount(OfAnAccount, CloudCapture):
    pass
