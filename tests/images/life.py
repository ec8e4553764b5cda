"""The life of an image and its servers, told once for every engine that is not this host's own."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from images.capture.full.services import capture_full
from images.capture.services import capture_server
from images.change_os.services import change_os
from images.copy.services import copy_image
from images.delete.services import delete_image, purge_image
from images.export.services import export_image
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.services import create_backup, delete_backup, restore_backup
from imsconsole.cloud.disks.services import attach_disk, delete_disk, detach_disk
from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.models import Backup, BucketObject, Disk, Server
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.jobs.models import Job
from sharing.inbox.services import accept_share
from sharing.share.services import share_image
from tests.cloud.disks.disks import blank_disk
from tests.cloud.servers.machines import order
from tests.engine.guests import tiny_disk, wait_for
from tests.factories import BucketFactory, VaultFactory
from tests.images.create.importing import imported
from tests.images.verify.test_check_store import check
from tests.support.workers import run_jobs

LOGIN: dict[str, Any] = {"user_data": "#!/bin/sh\n", "stop_first": True}


def done() -> None:
    """All that waits, and it ends well; rows and engine agree after each."""
    run_jobs()
    assert not Job.objects.exclude(state="done").exists(), [
        (job.kind, job.step, job.error_sentence) for job in Job.objects.exclude(state="done")
    ]
    assert (said := check()) == "The store is clean.\n", said


def says(server: Server, word: str) -> str:
    """What its guest has printed once it has said `word`."""
    server = Server.objects.select_related("project").get(pk=server.pk)
    assert server.status == "running", server.status_sentence
    return wait_for(engine_of(server), server.ref, word)


def image_from(actor: Actor, folder: Path, word: str) -> Image:
    image: Image = imported(actor, tiny_disk(folder / f"{word}.raw", word), name=word).image
    done()
    return image


def whole_life(people: SimpleNamespace, folder: Path) -> None:
    """From two imports to nothing: servers, a change of OS and back, images and backups of them, a receiver, an export."""
    bob, carol = people.bob, people.carol
    old, new = image_from(bob, folder, "OLD"), image_from(bob, folder, "NEW")

    (server,) = order(bob, old, data_disks_gb=(1,))
    done()
    says(server, "OLD")
    disk = blank_disk(bob)
    stop_server(server, actor=bob)
    done()
    attach_disk(disk, server=server, actor=bob)
    done()
    start_server(server, actor=bob)
    done()
    says(server, "OLD")
    stop_server(server, actor=bob)
    done()
    detach_disk(disk, actor=bob)
    done()

    change_os(server, image=new, actor=bob, **LOGIN)
    done()
    says(server, "NEW")
    undo_change_os(server.disks.kept().get(), actor=bob)
    done()
    says(server, "OLD")

    captured = capture_server(server, name="captured", actor=bob)
    done()
    vault = VaultFactory(project=bob.project, capacity_gb=1000)
    full = capture_full(server, vault=vault, name="full", actor=bob)
    done()
    backup = create_backup(server, vault=vault, name="backup", actor=bob)
    done()
    restore_backup(backup, stop_first=True, actor=bob)
    done()
    says(server, "OLD")

    accept_share(share_image(captured, project=carol.project, actor=bob), actor=carol)
    (theirs,) = order(carol, captured, name="theirs")
    done()
    says(theirs, "OLD")
    (whole,) = order(bob, full, name="whole", data_disks_gb=(1,))
    done()
    says(whole, "OLD")

    copy_image(captured, name="copy", actor=bob)
    export_image(
        captured, bucket=BucketFactory(project=bob.project), key="captured.vmdk", format="vmdk", actor=bob
    )
    done()
    assert BucketObject.objects.get(key="captured.vmdk").state == "stored"
    delete_all(people)


def delete_all(people: SimpleNamespace) -> None:
    """Every server, disk, image and backup of Bob's and Carol's."""
    actors = {each.project.pk: each for each in (people.bob, people.carol)}
    for server in Server.objects.existing():
        delete_server(server, delete_disks=True, actor=actors[server.project_id])
    done()
    for disk in Disk.objects.existing():
        delete_disk(disk, actor=actors[disk.project_id])
    for image in Image.objects.filter(status="active", project__in=actors):
        actor = actors[image.project_id]
        purge_image(delete_image(image, from_all=True, deletes_backups=True, actor=actor), actor=actor)
    done()
    for backup in Backup.objects.filter(status="available"):
        delete_backup(backup, actor=actors[backup.project_id])
    done()
