"""The first page."""

from django.http import HttpResponse
from django.shortcuts import render

from images.quotas import OF_TYPE
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.accounts.resources import TITLES
from imsconsole.audit.models import Event
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import quota_lines, used_by
from imsconsole.overview.needs import needs_of
from imsconsole.overview.plots import storage_of
from imsconsole.overview.steps import first_steps

JOBS, EVENTS = 5, 8


@page_view
def overview(request: ActorRequest) -> HttpResponse:
    actor = request.actor
    used = used_by(actor.project, (*TITLES, *OF_TYPE.values()))
    quotas = {line.resource: line for line in quota_lines(actor.project, used=used)}
    context = {
        "active": "overview",
        "needs": needs_of(actor),
        "steps": [] if quotas["servers"].used else first_steps(actor, quotas["images"].used),
        "jobs": Job.objects.visible_to(actor).live()[:JOBS],
        "storage": storage_of(used),
        "quotas": quotas.values(),
        "stored": quotas["store_bytes"],
        "events": Event.objects.visible_to(actor)[:EVENTS],
    }
    return render(request, "overview/overview.html", context)
