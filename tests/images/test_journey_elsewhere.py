"""The life of an image and its servers on a slow and asynchronous engine, beside what others have there."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from imsconsole.engine.types import Kind
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.engine.slow import SlowEngine
from tests.images.life import whole_life
from tests.support.engines import only

pytestmark = [
    pytest.mark.slow(reason="guests start a dozen times on an engine that takes its time"),
    pytest.mark.guest,
    pytest.mark.django_db,
    pytest.mark.usefixtures("on_each_engine"),
    only("slow"),
]


def test_from_an_import_to_the_end(people: SimpleNamespace, engine: SlowEngine, tmp_path: Any) -> None:  # noqa: F811
    others = {kind: {f"{uuid4()}.of-others"} for kind in Kind}
    engine.foreign.update(others)
    whole_life(people, tmp_path)

    there = engine.inventory()
    assert (there.servers, there.disks, there.stored) == (
        others[Kind.SERVER],
        others[Kind.DISK],
        others[Kind.STORED],
    )
    assert not engine.touched
