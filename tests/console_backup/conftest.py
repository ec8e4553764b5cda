from tests.cloud.conftest import engine  # noqa: F401 - a fixture
