"""A started job of the test's kind."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job
from tests.factories import ImageFactory
from tests.jobs.kinds import WriteFiles


@pytest.fixture
def start(people: SimpleNamespace, tmp_path: Path) -> Callable[..., Job]:
    """Starts a job about a new image, as Bob and as a service does."""

    def start(
        kind: type[JobKind] = WriteFiles,
        *,
        reserves: dict[str, int] | None = None,
        actor: Any = None,
        **args: Any,
    ) -> Job:
        actor = actor or people.bob
        with transaction.atomic():
            image = ImageFactory(project=actor.project, status="saving")
            return start_job(kind, image, actor=actor, reserves=reserves, folder=str(tmp_path), **args)

    return start
