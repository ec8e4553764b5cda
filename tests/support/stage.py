"""What a console holds after somebody worked with it: made by its services, and by its forms as a browser sends them; then read by
`tests/flows/test_every_page.py` and photographed by `tests/screenshots`. Journeys say that its pages make these things.

Runs in the console's own process (`Console.python`), beside its workers. Its guests are boot sectors.
"""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from images.capture.full.services import capture_full
from images.change_os.services import change_os
from images.delete.services import delete_image
from images.launch.services import create_servers
from images.models import Image
from imsconsole.accounts.actor import actor_for, projects_of
from imsconsole.accounts.models import User
from imsconsole.accounts.services.agencies import create_agency
from imsconsole.cloud.backups.vaults.services import create_vault
from imsconsole.cloud.buckets.services import create_bucket
from imsconsole.cloud.disks.services import create_disk
from imsconsole.cloud.key_pairs.services import import_key_pair
from imsconsole.cloud.key_pairs.ssh_keys import read_public_key
from imsconsole.cloud.keys.services import create_key
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.services import force_off_server
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from sharing.share.services import share_image
from tests.engine.guests import tiny_disk
from tests.images.create.importing import CREATE, MIB, imported, sent
from tests.support.clients import ProjectClient
from tests.support.console import Console, wait_for
from tests.support.forms import shown_in

LONG_NAME = (
    "image-of-the-payment-service-with-everything-" + "x" * 80
)  # 125 characters, without a place to break
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0nX6m6aVYkJ5mTgQm3J1Zq8m4Qw0V3p0cQpQm5bO3B a-person@their-laptop"
)
NOWHERE = "/nothing/here/"


def set_stage(console: Console, folder: Path) -> list[str]:
    """A key pair, images (one failed at the door, one in the trash, a full-ECS one), a running and a changed server, an encrypted
    disk, an object, a vault with a backup; drafts half filled in; images that are shared with others and by them.

    `folder` takes the files to upload. Returns the addresses that no link leads to.
    """
    words = """
        import json
        from pathlib import Path
        from tests.support.stage import Stage
        print(json.dumps(Stage(Path({folder!r})).unlinked()))
    """
    return list(json.loads(console.python(textwrap.dedent(words).format(folder=str(folder)))))


class Person:
    """Somebody in the first of their projects, or in the `number`-th; as an actor and at a browser."""

    def __init__(self, name: str, number: int = 0) -> None:
        user = User.objects.get(username=name)
        self.actor = actor_for(user, projects_of(user)[number])
        self.client = ProjectClient(self.actor.project, SERVER_NAME="localhost")
        self.client.force_login(user, settings.AUTHENTICATION_BACKENDS[0])

    def sends(self, url: str, **changes: Any) -> str:
        """The form of a wizard as it is shown but for the changes. Where it leads."""
        page = self.client.get(url)
        (form,) = re.findall(r'class="wizard" id="([^"]+)"', page.content.decode())
        answer = self.client.post(url, {**shown_in(page, form), "action": "confirm", **changes})
        assert answer.status_code == 302, f"{url} was answered with {answer.status_code}"
        return str(answer["Location"])


class Stage:
    def __init__(self, folder: Path) -> None:
        self.begun = now()
        self.alice, self.carol = Person("alice"), Person("carol")
        self.raw, self.folder = folder / "data.raw", folder
        tiny_disk(self.raw, size_bytes=MIB)

    def unlinked(self) -> list[str]:
        actor = self.alice.actor
        self.key_pair = import_key_pair(name="laptop", key=read_public_key(PUBLIC_KEY), actor=actor)
        images = [self.image(self.alice, name) for name in ("data-of-web-1", LONG_NAME, "thrown-away")]
        offered = [
            self.image(self.carol, f"{name}-of-globex") for name in ("golden-image", "an-old-one", "waits")
        ]
        boots = [self.image(self.alice, name, tiny_disk(self.folder / name)) for name in ("before", "after")]
        self.refuse_file()
        self.keep_object()
        self.settle()
        create_disk(
            name="ledger",
            size_gb=1,
            zone=actor.region.zones.earliest("code"),
            key=create_key(name="payments", actor=actor),
            actor=actor,
        )
        delete_image(images[2], actor=actor)
        shared = self.share(images[0], offered)
        return [*shared, *self.half_filled_import(), *self.of_servers(*boots), NOWHERE]

    def image(self, person: Person, name: str, file: Path | None = None) -> Image:
        order = {"name": name, "type": "system" if file else "data"}
        made: Image = imported(person.actor, file or self.raw, **order).image
        return made

    def refuse_file(self) -> None:
        """A file that says it is a VMDK and is not: kept among the uploads, with its reason."""
        no_disk = sent(b"this is no disk\n" * 4096, "not-a-disk.vmdk", type="data", format="vmdk")
        assert self.alice.client.post(CREATE, no_disk).status_code == 422

    def keep_object(self) -> None:
        bucket = create_bucket(
            name="reports-of-the-payment-service", storage_class="standard", actor=self.alice.actor
        )
        file = SimpleUploadedFile(self.raw.name, self.raw.read_bytes())
        answer = self.alice.client.post(f"/buckets/{bucket.pk}/upload/", {"folder": "", "file": file})
        assert answer.status_code == 302

    def share(self, own: Image, offered: list[Image]) -> list[str]:
        """Carol, of another account, offers three images: one is accepted, one rejected, one waits. Alice offers her one."""
        alice, carol = self.alice.actor, self.carol.actor
        shares = [share_image(image, project=alice.project, actor=carol) for image in offered]
        accept_share(shares[0], actor=alice)
        reject_share(shares[1], actor=alice)
        confirm = self.alice.sends(f"/images/{own.pk}/share/", projects=str(carol.project.pk))
        result = self.alice.sends(confirm)
        accept_share(Share.objects.get(image=own), actor=carol)
        return [
            f"/images/{offered[0].pk}/", result, *(f"/images/{own.pk}/{page}/" for page in ("members", "stop-sharing", "delete")),
            f"/images/{own.pk}/?section=history", "/sharing/?tab=pending",
        ]  # fmt: skip

    def half_filled_import(self) -> list[str]:
        """The pages of an import that waits for its last click."""
        file = sent(self.raw.read_bytes(), self.raw.name, type="data", format="raw")
        details = self.alice.client.post(CREATE, file)["Location"]
        return [details, self.alice.sends(details, **{"details-name": "half-done"})]

    def of_servers(self, image: Image, other: Image) -> list[str]:
        """One runs and is in a full-ECS image, one was stopped and got another system: its page then offers the undo."""
        actor = self.alice.actor
        running, changed = (
            self.server(image, name)
            for name in ("web-1", "a-server-with-a-rather-long-name-for-the-payment-service-1")
        )
        vault = create_vault(name="daily", capacity_gb=100, actor=actor)
        self.settle()
        force_off_server(changed, actor=actor)
        whole = capture_full(running, vault=vault, name="whole-web-1", actor=actor)
        self.settle()
        change_os(Server.objects.get(pk=changed.pk), image=other, key_pair=self.key_pair, actor=actor)
        self.settle()
        source = f"/images/create/from-server/?server={running.pk}"
        login = {"stop_first": "on", "login": "key", "key_pair": str(self.key_pair.pk)}
        return [
            details := self.alice.sends(source),
            self.alice.sends(details),
            *self.half_filled_copy(whole),
            self.alice.sends(f"/servers/{running.pk}/reinstall-os/", **login),
            f"/servers/{changed.pk}/",
        ]

    def server(self, image: Image, name: str) -> Server:
        flavor = Flavor.objects.get(name="t6-small-1")
        order = {"image": image, "flavor": flavor, "name": name, "key_pair": self.key_pair}
        return create_servers(actor=self.alice.actor, **order)[0]

    def half_filled_copy(self, image: Image) -> list[str]:
        """The pages of a copy of a full-ECS image to another region that waits for its last click."""
        far, project = Person("alice", 1).actor, self.alice.actor.project
        assert far.region != self.alice.actor.region
        create_agency(grantee=project, actor=far)
        vault = create_vault(name="vault-far", capacity_gb=100, actor=far)
        target = self.alice.sends(f"/images/{image.pk}/copy/", kind="across")
        there = {"target-agency": str(far.project.pk), "target-vault": str(vault.pk)}
        return [target, self.alice.sends(target, **there)]

    def settle(self) -> None:
        """Until no work is under way; what was begun here is done."""
        wait_for(lambda: not Job.objects.live().exists(), "work does not end")
        assert not Job.objects.filter(created_at__gte=self.begun).exclude(state=Job.State.DONE).exists()
