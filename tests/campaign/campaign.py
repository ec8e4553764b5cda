"""The course of a campaign: set the stage, load and faults, rest, comparison, table."""

import re
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection

from imsconsole.accounts.actor import Operator, actor_for
from imsconsole.accounts.models import User
from imsconsole.cloud.models import Flavor
from imsconsole.core.now import now
from imsconsole.demo.furnish import furnish_flavors, furnish_people, furnish_places
from imsconsole.jobs.models import ClockEntry, Job
from market.models import Price
from market.prices.services import set_price
from market.publishers.services import apply_as_publisher, approve_publisher
from tests.campaign.compare import LEFT, LOST, STUCK, WRONG, Campaign, Trouble, troubles
from tests.campaign.contents import Contents
from tests.campaign.faults import GUESTS, Faults
from tests.campaign.load import Load
from tests.campaign.site import Site
from tests.support.console import KEPT, PASSWORD
from tests.support.file_server import serving
from tests.support.works import all_kinds

REST_S = 420
SWEEPS = 2  # rounds of all periodic work after the last job


def run(site: Site, seed: str, minutes: float) -> bool:
    """Whether nothing was lost, left over or stuck, and every kind of work was begun."""
    with serving() as publisher:
        contents = Contents(site.base / "contents", publisher, seed)
        (site.base / "catalogue.toml").write_text(contents.catalogue())
        contents.convert_all()
        furnish(site)
        site.serve()
        load, faults = Load(site.url, contents, seed), Faults(site, seed)
        load.prepare()
        rest()
        load.make_servers()
        rest()
        load.start()
        faults.go_on_until(time.monotonic() + minutes * 60)
        load.stop()
        faults.end()
        connection.close()  # it may have been lost with the others
        rest()
        load.finish()
        rest()
        stuck = sweep()
        found = [*stuck, *troubles(Campaign(load.notes, contents, tuple(faults.windows), guests_of(site)))]
    unused = sorted({kind.kind for kind in all_kinds()} - set(Job.objects.values_list("kind", flat=True)))
    show(load, faults, found, unused)
    connection.close()
    return not (found or unused or load.errors or faults.errors)


def furnish(site: Site) -> None:
    """Places, people, a tiny flavor, prices, publishers."""
    (site.data / "cache").mkdir(exist_ok=True)
    for path in (
        path for path in KEPT.glob("*") if path.is_dir()
    ):  # else they are fetched from the archive of Debian
        (site.data / "cache" / path.name).symlink_to(path)
    furnish_places()
    furnish_people(PASSWORD)
    furnish_flavors()
    tiny, _ = Flavor.objects.get_or_create(
        name="t6-tiny-1", defaults={"series": "t6", "vcpus": 1, "memory_mb": 64}
    )
    operator = Operator(User.objects.get(username="admin"))
    set_price(Price(of=Price.Of.FLAVOR, flavor=tiny, unit=Price.Unit.HOUR, amount="0.36"), actor=operator)
    set_price(Price(of=Price.Of.DISK, unit=Price.Unit.GB_MONTH, amount="0.7"), actor=operator)
    for name in ("alice", "carol"):
        user = User.objects.get(username=name)
        project = user.memberships.get().account.projects.get(region="cn-north-4")
        actor = actor_for(user, project)
        assert actor is not None
        typed = {"name": f"Software of {name}", "description": "Servers.", "contact": f"{name}@example.test"}
        approve_publisher(apply_as_publisher(**typed, actor=actor), actor=operator)


def rest() -> None:
    """Until no job is at work, for a while at most."""
    deadline = time.monotonic() + REST_S
    while Job.objects.live().exists() and time.monotonic() < deadline:
        time.sleep(0.5)


def sweep() -> list[Trouble]:
    """The clock does all it does in a day; what it does not."""
    deadline = time.monotonic() + REST_S
    for _ in range(SWEEPS):
        since = now()
        with suppress(OperationalError, InterfaceError):
            ClockEntry.objects.update(due_at=since)
        while (
            late := list(ClockEntry.objects.exclude(finished_at__gt=since))
        ) or Job.objects.live().exists():
            if time.monotonic() > deadline:
                return [Trouble(f"periodic work {entry} does not run", STUCK) for entry in late]
            time.sleep(1)
    return []


def guests_of(site: Site) -> frozenset[str]:
    """The servers whose processes run; twice the same is named twice, which no row is."""
    found: Counter[str] = Counter()
    for pid in site.called(*GUESTS):
        with suppress(OSError):
            if guest := re.search(r"guest=([0-9a-f-]{36})", Path(f"/proc/{pid}/cmdline").read_text()):
                found[guest[1]] += 1
    return frozenset(
        name if number == 0 else f"{name} once more" for name in found for number in range(found[name])
    )


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def show(load: Load, faults: Faults, found: list[Trouble], unused: list[str]) -> None:
    say(f"\n{'kind of job':24}{'begun':>7}{'done':>7}{'failed':>7}{'cancelled':>11}  codes")
    codes: dict[str, Counter[str]] = {}
    states: dict[str, Counter[str]] = {}
    for job in Job.objects.all():
        states.setdefault(job.kind, Counter())[job.state] += 1
        past = [each["code"] for each in job.past_errors]
        codes.setdefault(job.kind, Counter()).update(
            [*past, *([job.error_code] if job.state == "failed" else [])]
        )
    for kind, of in sorted(states.items()):
        said = ", ".join(f"{code} {many}" for code, many in codes[kind].most_common())
        say(f"{kind:24}{of.total():7}{of['done']:7}{of['failed']:7}{of['cancelled']:11}  {said}")
    total = sum(states.values(), Counter())
    say(f"{'all':24}{total.total():7}{total['done']:7}{total['failed']:7}{total['cancelled']:11}")
    say("\nfaults:    " + ", ".join(f"{name} {many}" for name, many in faults.times.most_common()))
    say("answers:   " + ", ".join(f"{status} {many}" for status, many in load.notes.answers.most_common()))
    say("refusals:  " + ", ".join(f"{what} {many}" for what, many in load.notes.refusals.most_common(25)))
    say("deeds:     " + ", ".join(f"{what} {many}" for what, many in load.done.most_common()))
    say(f"acknowledged {len(load.notes.told)}, downloads compared {load.contents.downloads}")
    for at, what in load.notes.broken:
        say(f"500 at {at:%H:%M:%S}: {what}")
    for error in (*load.errors, *faults.errors):
        say(f"error of the campaign: {error}")
    for kind in unused:
        say(f"never begun: {kind}")
    for trouble in found:
        say(trouble)
    counts = Counter(trouble.how for trouble in found)
    say("\n" + ", ".join(f"{how}: {counts[how]}" for how in (LOST, LEFT, STUCK, WRONG)))
