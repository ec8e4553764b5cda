"""Two hosts of workers that share PostgreSQL, S3 and a cloud, but no disk: one dies, the other ends what it had begun."""

import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from images.create.rules import Import
from images.create.services import import_image
from images.launch.services import create_servers
from images.verify.store_check import differences
from imsconsole.cloud.models import Server
from imsconsole.engine.api import Engine
from imsconsole.engine.types import MIB
from imsconsole.jobs.models import Job, KnownHost
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import REGION, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import tiny_disk, wait_for
from tests.images.uploads.test_upload_kills import Sender
from tests.images.uploads.tus import begin, upload_at
from tests.openstack.seen import assert_at_rest, counted
from tests.processes.test_two_hosts import has_ended, host, killed, s3  # noqa: F401
from tests.support.engines import only
from tests.support.web import WebServer
from tests.support.workers import supervisor, until

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="three hosts start, and a guest on a real cloud"),
    pytest.mark.thorough,
    pytest.mark.usefixtures("untouched", "on_each_engine"),
    only("openstack"),
]
SIZE, WORD = 64 * MIB, "FROM THE OTHER HOST"


def until_in(job: Job, *steps: str) -> str:
    """Who is at one of these steps of a job, once somebody is."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, step__in=steps)
        if holder := running.values_list("holder", flat=True).first():
            return str(holder)
        assert not has_ended(job), (job.step, job.error_sentence)
        time.sleep(0.005)
    raise AssertionError("nobody is there")


def test_an_import_and_a_launch_survive_the_death_of_their_hosts(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    s3: SimpleNamespace,  # noqa: F811
    tmp_path: Path,
) -> None:
    disk = tiny_disk(tmp_path / "disk.raw", WORD, size_bytes=SIZE)
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(host(s3)) for _ in range(3))

        def workers_of(place: SimpleNamespace) -> int:
            return stack.enter_context(supervisor(**place.environment)).pid

        trees = {workers_of(place): place for place in (first, second)}
        until(lambda: KnownHost.objects.count() == 2, "both hosts are known")

        web = stack.enter_context(WebServer(**first.environment))
        address = begin(client_of(people.bob), SIZE)
        Sender.of(people.bob, web).send(address, disk, 0, SIZE)
        upload = upload_at(address)
        until(lambda: has_ended(Job.objects.get(subject_id=upload.pk)), "it was examined")
        upload.refresh_from_db()

        wanted = Import(upload=upload, name="web", type="system", min_disk_gb=1)
        image = import_image(wanted, actor=people.bob)
        job = Job.objects.get(subject_id=image.pk)
        _dead, alive = killed(trees, until_in(job, "store"))
        until(lambda: has_ended(job), "the other host made the image")
        image.refresh_from_db()
        assert (job.state, job.deaths, image.status) == ("done", 1, "active"), job.error_sentence

        trees = {pid: place for pid, place in trees.items() if place is alive} | {workers_of(third): third}
        until(lambda: KnownHost.objects.count() == 3, "a third host is known")
        (server,) = create_servers(
            actor=people.bob,
            image=image,
            flavor=tiny_flavor(),
            name="web",
            user_data="#!/bin/sh\n",
            data_disks_gb=(1,),
        )
        job = Job.objects.get(subject_id=server.pk)
        killed(trees, until_in(job, "machine", "start"))
        until(lambda: has_ended(job), "the other host created the server")
        assert (job.state, job.deaths) == ("done", 1), job.error_sentence
        server = Server.objects.get(pk=server.pk)
        wait_for(engine, server.ref, WORD)
        assert_at_rest(REGION)
        assert counted(REGION) == {"images": 1, "volumes": 2, "ports": 1, "machines": 1}
        assert [each for each in differences() if REGION in each.what] == []
