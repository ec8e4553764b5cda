"""All of the people at work at once."""

import threading
import time
from collections import Counter
from contextlib import suppress

from django.db import close_old_connections

from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import ImsError
from imsconsole.jobs.models import Job
from tests.campaign.contents import Contents
from tests.campaign.deeds import disks, images, jobs, market, servers  # noqa: F401 - so that they are known
from tests.campaign.doing import DOINGS, WRITERS, Doing, Stage
from tests.campaign.people import NoAnswer, NotNow, Person


class Load(Stage):
    """Each in a thread, until told to stop."""

    def __init__(self, url: str, contents: Contents, seed: str) -> None:
        super().__init__(url, contents, seed)
        self.done, self.errors = Counter[str](), list[str]()
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []

    def prepare(self) -> None:
        """What is there before things go wrong: vaults, buckets, an agency, an image for everybody."""
        for person in self.people:
            person.sign_in()
            if person.name in ("alice", "carol"):
                person.post("/vaults/create/", {"name": "daily", "capacity_gb": "1000"})
                person.post("/buckets/create/", {"name": f"of-{person.name}", "storage_class": "standard"})
            if person.name == "alice":
                grantee = {"grantee": str(person.project.pk)}
                person.post("/project/agencies/create/", grantee, project=self.far)
            if person.name in WRITERS:
                images.import_image(self, person, "boot1")
                images.import_image(self, person, "data1")

    def make_servers(self) -> None:
        for person in self.people:
            if person.name in ("alice", "carol"):
                servers.create_server(self, person)

    def start(self) -> None:
        self.threads = [
            threading.Thread(target=self._work, args=(person,), daemon=True) for person in self.people
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Nobody begins anything any more."""
        self.stopping.set()
        deadline = time.monotonic() + 150
        for thread in self.threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            if thread.is_alive():
                self.errors.append(f"{thread.name} still waits for an answer")

    def finish(self) -> None:
        """When nothing goes wrong any more: what failed is tried again, every object is downloaded."""
        for person in self.people:
            if person.name == "bob":
                continue  # alice does it for the project
            for job in Job.objects.unsettled().filter(project=person.project):
                with suppress(NotNow):
                    jobs.retry_job(person, job)
            for row in BucketObject.objects.stored().filter(bucket__project=person.project):
                jobs.download_object(self, person, row)

    def _work(self, person: Person) -> None:
        mine = [doing for doing in DOINGS if person.name in doing.who]
        while not self.stopping.is_set():
            close_old_connections()
            doing = self._next(person, mine)
            try:
                doing.do(self, person)
                self.done[doing.do.__name__] += 1
            except (NotNow, NoAnswer, ImsError):
                pass
            except Exception as error:  # noqa: BLE001 - the campaign goes on, and says so in the end
                self.errors.append(f"{person.name} {doing.do.__name__}: {error!r}"[:300])
            self.stopping.wait(person.rng.uniform(0, 3 if person.name == "admin" else 0.3))

    def _next(self, person: Person, mine: list[Doing]) -> Doing:
        """What was done least, or anything."""
        if person.rng.random() < 0.4:
            return person.rng.choice(mine)
        least = sorted(mine, key=lambda doing: (self.done[doing.do.__name__], person.rng.random()))
        return person.rng.choice(least[:6])
