"""The jobs of a project, one job, and the fragments other rooms' pages include by URL name."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, page_view, post_view
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.pages import page_of, pages_found
from imsconsole.core.project_urls import in_project
from imsconsole.jobs import services
from imsconsole.jobs.actions import JOB_ACTIONS
from imsconsole.jobs.errors import past_errors
from imsconsole.jobs.filters import JobFilter
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import quota_lines
from imsconsole.jobs.steps import step_lines
from imsconsole.jobs.tables import COLUMNS, JobTable


def _find(request: ActorRequest, job_id: UUID) -> Job:
    return get_object_or_404(
        Job.objects.visible_to(request.actor).select_related("user", "project", "target__region"), pk=job_id
    )


LIST = ListView(
    ListName.JOBS,
    lambda request: Job.objects.visible_to(request.actor).select_related("user"),
    JobFilter,
    JobTable,
    COLUMNS,
    ngettext_lazy("%(n)s job", "%(n)s jobs", "n"),
    template="jobs/list.html",
)
list_jobs = page_view(LIST.page)
export_jobs = page_view(LIST.csv)


@page_view
def show_job(request: ActorRequest, job_id: UUID) -> HttpResponse:
    job = _find(request, job_id)
    context = {
        "active": "jobs",
        "job": job,
        "steps": step_lines(job),
        "past_errors": past_errors(job),
        "subject_url": _subject_url(job, request),
        "offers": offered(JOB_ACTIONS, job, request.actor),
        "is_fragment": wants_fragment(request),
        "has_changed": request.GET.get("was", "") != job.status,
    }
    return render_page(request, "jobs/detail.html", "jobs/_job.html", context)


def _subject_url(job: Job, request: ActorRequest) -> str:
    """Where its subject is shown: in the project it is for, or here while it is there."""
    about = (job.subject_kind, str(job.subject_id))
    if job.target and job.target != request.actor.project:
        return in_project(job.target.pk, page_of(*about))
    return pages_found([about], request.actor).get(about, "")


@page_view
def show_progress(request: ActorRequest, job_id: UUID) -> HttpResponse:
    """The progress of a job, for any page; without htmx the job's page."""
    job = _find(request, job_id)
    if not wants_fragment(request):
        return redirect(job)
    return render_page(request, "jobs/_progress.html", "jobs/_progress.html", {"job": job})


@page_view
def show_about(request: ActorRequest, subject_id: UUID) -> HttpResponse:
    """The live job about a subject, else the last one if it failed, else nothing."""
    job = Job.objects.visible_to(request.actor).touching(subject_id).first()
    shown = job if job and (job.is_live or job.state == Job.State.FAILED) else None
    context = {"active": "jobs", "job": shown, "subject_id": subject_id}
    return render_page(request, "jobs/about.html", "jobs/_about.html", context)


@page_view
def show_quotas(request: ActorRequest) -> HttpResponse:
    context = {"active": "project", "quotas": quota_lines(request.actor.project)}
    return render_page(request, "jobs/quotas.html", "jobs/_quotas.html", context)


@post_view
def cancel(request: ActorRequest, job_id: UUID) -> HttpResponse:
    job = services.cancel_job(_find(request, job_id), actor=request.actor)
    messages.success(request, _("“%(job)s” is being cancelled.") % {"job": job.title})
    return redirect(job)


@post_view
def retry(request: ActorRequest, job_id: UUID) -> HttpResponse:
    job = services.retry_job(_find(request, job_id), actor=request.actor)
    messages.success(request, _("“%(job)s” goes on where it failed.") % {"job": job.title})
    return redirect(job)
