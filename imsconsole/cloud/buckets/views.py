"""Buckets: list, create, delete, and the page of one with its folders and objects."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.lists import chosen_columns, default_view, list_page
from imsconsole.accounts.models import Room
from imsconsole.cloud.buckets.exports import bucket_headings, bucket_rows
from imsconsole.cloud.buckets.filters import BucketFilter
from imsconsole.cloud.buckets.forms import BucketForm
from imsconsole.cloud.buckets.listing import MOST_FOLDERS, crumbs_of, folders_at, objects_at, place_of
from imsconsole.cloud.buckets.rules import can_create_bucket, can_delete_bucket, can_upload_object
from imsconsole.cloud.buckets.services import create_bucket, delete_bucket
from imsconsole.cloud.buckets.tables import BucketTable, ObjectTable
from imsconsole.cloud.models import Bucket
from imsconsole.core.csv import csv_stream, dated_name
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.queries import state_of
from imsconsole.core.tables import paged
from imsconsole.jobs.quotas import quota_lines


def find_bucket(request: ActorRequest, bucket_id: uuid.UUID) -> Bucket:
    """The actor's bucket with its facts, or 404."""
    buckets = Bucket.objects.visible_to(request.actor).with_facts()
    return get_object_or_404(buckets.select_related("project__region", "created_by"), pk=bucket_id)


@require_safe
@signed_in
def list_buckets(request: ActorRequest) -> HttpResponse:
    """Buckets of the project; filter, order and page are in the URL."""
    if opened := default_view(request, Room.BUCKETS):
        return opened
    found = BucketFilter(request.GET, queryset=Bucket.objects.visible_to(request.actor).with_facts())
    columns = chosen_columns(request, Room.BUCKETS, BucketTable)
    buckets = found.qs.select_related("created_by")
    context = {
        "active": "buckets",
        "filter": found,
        "table": paged(BucketTable, buckets, request, columns, actor=request.actor),
        "list": list_page(request, Room.BUCKETS, found),
        "export_query": state_of(request.GET, "per_page", "columns").urlencode(),
        "can_create": can_create_bucket(request.actor),
        "is_fragment": wants_fragment(request),
    }
    return render_page(request, "buckets/list.html", "buckets/_list.html", context)


@require_safe
@signed_in
def export_buckets(request: ActorRequest) -> HttpResponseBase:
    """What the list's query finds, as CSV."""
    found = BucketFilter(request.GET, queryset=Bucket.objects.visible_to(request.actor).with_facts())
    name = dated_name(request.actor.project, "buckets")
    return csv_stream(bucket_headings(), bucket_rows(found.qs), name)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: ActorRequest) -> HttpResponse:
    form = BucketForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        bucket = create_bucket(**form.cleaned_data, actor=request.actor)
        messages.success(request, _("The bucket “%(name)s” was created.") % {"name": bucket.name})
        return redirect(bucket)
    context = {"active": "buckets", "form": form, "can_create": can_create_bucket(request.actor)}
    return render(request, "buckets/create.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def detail(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponse:
    """A bucket: its facts, and what is in it at the place that the URL names."""
    bucket = find_bucket(request, bucket_id)
    prefix, text = place_of(request.GET)
    folders = folders_at(bucket, request.GET)
    objects = objects_at(bucket, request.GET).select_related("created_by")
    context: dict[str, Any] = {
        "active": "buckets",
        "bucket": bucket,
        "prefix": prefix,
        "text": text,
        "crumbs": crumbs_of(prefix),
        "folders": folders[:MOST_FOLDERS],
        "has_more_folders": len(folders) > MOST_FOLDERS,
        "table": paged(ObjectTable, objects, request, actor=request.actor),
        "state": state_of(request.GET).urlencode() or "q=",
        "place_query": f"?{urlencode({'prefix': prefix})}" if prefix else "",
        "can_upload": can_upload_object(bucket, request.actor),
        "can_delete": can_delete_bucket(bucket, request.actor),
        "quota": quota_lines(request.actor.project, {"bucket_bytes": 0}),
    }
    return render_page(request, "buckets/detail.html", "buckets/_objects.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm_delete(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    bucket = find_bucket(request, bucket_id)
    if request.method == "POST":
        delete_bucket(bucket, actor=request.actor)
        messages.success(request, _("The bucket “%(name)s” was deleted.") % {"name": bucket.name})
        return redirect("buckets:list")
    context = {"active": "buckets", "bucket": bucket, "can_delete": can_delete_bucket(bucket, request.actor)}
    return render(request, "buckets/delete.html", context)
