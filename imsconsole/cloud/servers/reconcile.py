"""A server's state is what its machine does: found out by the clock, at start-up, and while somebody has its page open."""

from collections import defaultdict
from functools import partial

from django.conf import settings
from django.db import transaction

from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.engines import state_of
from imsconsole.cloud.hosts import answering, asking
from imsconsole.cloud.models import AccountCloud, Server
from imsconsole.cloud.servers.boot_check import SILENT, heard_of, is_watched, tell_of_silence
from imsconsole.cloud.servers.services import start_server
from imsconsole.cloud.servers.states import change_status, reached_at
from imsconsole.core.bounded import Asking
from imsconsole.core.contention import retried
from imsconsole.core.errors import ImsError
from imsconsole.core.fullness import fullness_said
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import lasting_values
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Power, ServerState
from imsconsole.jobs.models import Job

DOWN = (Server.Status.STOPPED, Server.Status.CHANGE_FAILED, Server.Status.REINSTALL_FAILED)
_STATES: Asking[tuple[str, str]] = Asking()
SETTLED = (Server.Status.RUNNING, *DOWN)


def reconcile_all() -> None:
    """Every settled server, each place's in one call. A place that does not answer does not keep the others waiting."""
    there: defaultdict[tuple[str, str], dict[str, Server]] = defaultdict(dict)
    servers = Server.objects.existing().filter(status__in=SETTLED).exclude(ref="")
    own = {(row.region_id, row.account_id): row for row in AccountCloud.objects.all()}
    for server in servers.select_related("project__region", "project__account"):
        row = own.get((server.project.region_id, server.project.account_id))
        if row is None or not row.error_code:
            there[server.project.region_id, row.cloud if row else ""][server.ref] = server
    answer = answering({region for region, _cloud in there})
    asked = {
        (region, cloud): asking(region, partial(_states, [*by_ref]), cloud)
        for (region, cloud), by_ref in there.items()
        if region in answer
    }
    failure: ImsError | None = None
    for place, states in _STATES.answers(asked, settings.IMS_CLOUD_TIMEOUT_S).items():
        if isinstance(states, ImsError):
            failure = states
            continue
        for ref, found in states.items():
            try:
                _reconciled(there[place][ref], found)
            except ImsError as error:
                failure = error
    if failure:
        raise failure


def _states(refs: list[str], engine: Engine) -> dict[str, ServerState]:
    return engine.states(refs)


def reconcile_server(server: Server) -> Server:
    """Bring the row to what the machine does; the row as it is then.

    A server with a job on it belongs to the job; one that is said to be worked on but has none is
    brought back as well. One that starts with the host and went down with it is started again.
    """
    if server.status in (Server.Status.FAILED, Server.Status.NO_MACHINE, Server.Status.DELETED):
        return server
    return _reconciled(server, state_of(server) if server.ref else ServerState(Power.MISSING))


@fullness_said()
def _reconciled(server: Server, found: ServerState) -> Server:
    if _agree(server, found):
        return _listened(server)
    if not _write(server, found):
        return server
    server.refresh_from_db()
    if found.reason == "host-rebooted" and server.auto_start:
        return _start_again(server)
    return server


def _agree(server: Server, found: ServerState) -> bool:
    if found.power is Power.RUNNING:
        return server.status == Server.Status.RUNNING and _is_reached_at(server, found)
    if found.power is Power.MISSING:
        return server.status == Server.Status.STOPPED
    return server.status in DOWN


def _is_reached_at(server: Server, found: ServerState) -> bool:
    return all(getattr(server, name) == value for name, value in reached_at(found.ssh).items())


@retried
@transaction.atomic
def _write(seen: Server, found: ServerState) -> bool:
    """Write what was found, unless the row or a job moved on since it was read."""
    server = locked(Server.objects.all(), seen.pk)
    moved_on = (server.status, server.status_since) != (seen.status, seen.status_since)
    if moved_on or Job.objects.live().about(server.pk).exists():
        return False
    at = found.since if found.since and found.since > server.status_since else now()
    if found.power is Power.RUNNING:
        change_status(server, Server.Status.RUNNING, at=at, **reached_at(found.ssh))
    else:
        status = Server.Status.STOPPED if server.ref else Server.Status.FAILED
        code = "machine-missing" if found.power is Power.MISSING else found.reason or "killed"
        change_status(server, status, code=code, at=at, ssh_port=None)
    return True


def _listened(server: Server) -> Server:
    """Write what was heard of a system that was exchanged (R137), unless the row moved on. Its engine is asked for its console."""
    if is_watched(server) and (code := heard_of(server, state_of(server))) != server.status_code:
        seen = {name: getattr(server, name) for name in ("status", "status_since", "status_code")}
        with transaction.atomic():
            if Server.objects.filter(pk=server.pk, **seen).update(status_code=code) and code == SILENT:
                tell_of_silence(server)
        server.refresh_from_db()
    return server


def _start_again(server: Server) -> Server:
    """Start with the host; when that is refused, the reason is the server's."""
    try:
        return start_server(server, actor=service_actor(server.project))
    except Refused as refused:
        Server.objects.filter(pk=server.pk, status=Server.Status.STOPPED).update(
            status_code=refused.code, status_values=lasting_values(refused)
        )
    server.refresh_from_db()
    return server
