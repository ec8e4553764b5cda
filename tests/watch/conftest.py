import pytest

from tests.watch.numbers import TOKEN


@pytest.fixture(autouse=True)
def _token(settings) -> None:
    settings.IMS_METRICS_TOKEN = TOKEN
