"""Buckets: list, create, delete, and the page of one with its folders and objects. Objects: upload, look at, download,
hand out by a link, delete one or many, CSV.
"""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.kept_forms import back_with
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.buckets.actions import BUCKET_ACTIONS, BUCKET_LIST_ACTIONS, OBJECT_ACTIONS
from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.buckets.filters import BucketFilter, buckets_of
from imsconsole.cloud.buckets.forms import BucketForm, LinkForm, UploadForm
from imsconsole.cloud.buckets.listing import (
    MOST_FOLDERS,
    chosen_objects,
    crumbs_of,
    folders_at,
    objects_at,
    place_of,
)
from imsconsole.cloud.buckets.rules import (
    can_create_bucket,
    can_delete_bucket,
    can_delete_object,
    can_link_object,
    can_upload_object,
)
from imsconsole.cloud.buckets.sending import object_of, send_object, token_of
from imsconsole.cloud.buckets.services import create_bucket, delete_bucket, delete_object, link_object
from imsconsole.cloud.buckets.tables import BUCKET_COLUMNS, OBJECT_COLUMNS, BucketTable, ObjectTable
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.actions import Bar, chosen_for, offered
from imsconsole.core.csv import csv_response, dated_name
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.htmx import render_page
from imsconsole.core.now import now
from imsconsole.core.paging import Total
from imsconsole.core.project_urls import bare_url
from imsconsole.core.query_string import state_of
from imsconsole.core.selection import chosen_elsewhere, split_by
from imsconsole.core.streamed import StreamedFile, streaming
from imsconsole.core.summary import Summary
from imsconsole.core.tables import paged
from imsconsole.jobs.quotas import quota_lines

LIST = ListView(
    ListName.BUCKETS,
    lambda request: buckets_of(request.actor),
    BucketFilter,
    BucketTable,
    BUCKET_COLUMNS,
    ngettext_lazy("%(n)s bucket", "%(n)s buckets", "n"),
    BUCKET_LIST_ACTIONS,
)
MOST_AT_ONCE = 500
DELETED = ngettext_lazy("%(n)s object was deleted.", "%(n)s objects were deleted.", "n")


def find_bucket(request: ActorRequest, bucket_id: uuid.UUID) -> Bucket:
    """The actor's bucket with its facts, or 404."""
    buckets = Bucket.objects.visible_to(request.actor).with_facts()
    return get_object_or_404(buckets.select_related("project__region", "created_by"), pk=bucket_id)


list_buckets = page_view(LIST.page)
export_buckets = page_view(LIST.csv)


@form_view
def create(request: ActorRequest) -> HttpResponse:
    form = BucketForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        bucket = create_bucket(**form.cleaned_data, actor=request.actor)
        messages.success(request, _("The bucket “%(name)s” was created.") % {"name": bucket.name})
        return redirect(back_with(request, bucket.pk) or bucket)
    context = {"active": "buckets", "form": form, "verdict": can_create_bucket(request.actor)}
    context["summary"] = Summary(quota={"buckets": 1, "bucket_bytes": 0}, follows=False)
    return render(request, "cloud/buckets/create.html", context, status=422 if form.errors else 200)


@page_view
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
        "table": paged(ObjectTable, objects, request),
        "state": state_of(request.GET).urlencode() or "q=",
        "offers": offered(BUCKET_ACTIONS, bucket, request.actor, prefix=prefix),
        "bar": Bar(
            OBJECT_ACTIONS,
            reverse("buckets:selection", args=[bucket.pk]),
            keep=f"objects {bucket.pk}",
            args=(bucket.pk,),
            verdict=may_write(request.actor),
        ),
        "quota": quota_lines(request.actor.project, {"bucket_bytes": 0}),
    }
    return render_page(request, "cloud/buckets/detail.html", "cloud/buckets/_objects.html", context)


@form_view
def confirm_delete(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    bucket = find_bucket(request, bucket_id)
    if request.method == "POST":
        delete_bucket(bucket, actor=request.actor)
        messages.success(request, _("The bucket “%(name)s” was deleted.") % {"name": bucket.name})
        return redirect("buckets:list")
    context = {"active": "buckets", "bucket": bucket, "verdict": can_delete_bucket(bucket, request.actor)}
    return render(request, "cloud/buckets/delete.html", context)


def find_object(request: ActorRequest, object_id: uuid.UUID) -> BucketObject:
    """The actor's object, or 404."""
    objects = BucketObject.objects.visible_to(request.actor)
    return get_object_or_404(objects.select_related("bucket__project__region", "created_by"), pk=object_id)


def address_at(bucket: Bucket, prefix: str) -> str:
    """The page of a bucket at a folder."""
    return bucket.get_absolute_url() + (f"?{urlencode({'prefix': prefix})}" if prefix else "")


@form_view.with_files()
@csrf_exempt  # checked inside, once the file can go where it belongs (`core.streamed`)
def upload(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponseBase:
    """The form for a file, and the file."""
    bucket = find_bucket(request, bucket_id)
    if request.method != "POST":
        return _upload_page(request, bucket, UploadForm(initial={"folder": request.GET.get("prefix", "")}))
    can_upload_object(bucket, request.actor).require()

    def begin(name: str, announced_bytes: int) -> Arrival:
        return Arrival(bucket, key=name, size_bytes=announced_bytes, actor=request.actor)

    with streaming(request, StreamedFile(request, begin)) as streamed:
        return csrf_protect(_keep_upload)(request, bucket, streamed)


def _keep_upload(request: ActorRequest, bucket: Bucket, streamed: StreamedFile[Arrival]) -> HttpResponseBase:
    form = UploadForm(request.POST, file_name=streamed.name)
    arrival = streamed.take()
    if not form.is_valid():
        arrival.abandon()
        return _upload_page(request, bucket, form)
    kept = arrival.keep(form.cleaned_data["key"])
    messages.success(request, _("“%(name)s” was uploaded.") % {"name": kept.key})
    return redirect(address_at(bucket, kept.prefix))


def _upload_page(request: ActorRequest, bucket: Bucket, form: UploadForm) -> HttpResponse:
    context = {
        "active": "buckets",
        "bucket": bucket,
        "form": form,
        "verdict": can_upload_object(bucket, request.actor),
        "summary": Summary([(_("Bucket"), bucket.name)], {"bucket_bytes": 0}, follows=False),
    }
    return render(request, "cloud/buckets/upload.html", context, status=422 if form.errors else 200)


@page_view
def show_object(request: ActorRequest, object_id: uuid.UUID) -> HttpResponse:
    bucket_object = find_object(request, object_id)
    return render(request, "cloud/buckets/object.html", _about(request, bucket_object, LinkForm()))


def _about(request: ActorRequest, bucket_object: BucketObject, form: LinkForm) -> dict[str, object]:
    return {
        "active": "buckets",
        "object": bucket_object,
        "bucket": bucket_object.bucket,
        "folder_url": address_at(bucket_object.bucket, bucket_object.prefix),
        "form": form,
        "offers": offered(OBJECT_ACTIONS, bucket_object, request.actor),
        "can_link": can_link_object(bucket_object, request.actor),
    }


@page_view
def download(request: ActorRequest, object_id: uuid.UUID) -> HttpResponseBase:
    """The bytes, or a part of them. Whoever sees an object may read it."""
    return send_object(request, find_object(request, object_id))


@page_view.for_anyone
def linked(request: HttpRequest, token: str) -> HttpResponseBase:
    """The bytes, for whoever has the link: it says what it is for and until when."""
    return send_object(request, object_of(token))


@post_view
def link(request: ActorRequest, object_id: uuid.UUID) -> HttpResponse:
    """Make a link, and show it."""
    bucket_object = find_object(request, object_id)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "cloud/buckets/object.html", _about(request, bucket_object, form), status=422)
    until = now() + form.lasts()
    link_object(bucket_object, until=until, actor=request.actor)
    path = bare_url("buckets:linked", token_of(bucket_object, until))
    context = {"url": request.build_absolute_uri(path), "until": until}
    return render(request, "cloud/buckets/object.html", {**_about(request, bucket_object, form), **context})


@form_view
def confirm_delete_object(request: ActorRequest, object_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    bucket_object = find_object(request, object_id)
    back = address_at(bucket_object.bucket, bucket_object.prefix)
    if request.method == "POST":
        delete_object(bucket_object, actor=request.actor)
        messages.success(request, _("“%(name)s” was deleted.") % {"name": bucket_object.key})
        return redirect(back)
    context = {
        "active": "buckets",
        "object": bucket_object,
        "bucket": bucket_object.bucket,
        "back": back,
        "verdict": can_delete_object(bucket_object, request.actor),
    }
    return render(request, "cloud/buckets/delete_object.html", context)


@post_view  # IDs do not fit into an address; nothing is changed
def selection(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponse:
    """The bar that says what may be done with the chosen objects."""
    bucket = find_bucket(request, bucket_id)
    objects = chosen_objects(bucket, request.POST)
    context = {
        "choices": chosen_for(OBJECT_ACTIONS, list(objects[:MOST_AT_ONCE]), request.actor, bucket.pk),
        "total": Total.of(objects),
        "most": MOST_AT_ONCE,
        "is_matching": bool(request.POST.get("matching", "")),
        "elsewhere": chosen_elsewhere(request.POST, objects),
        "all_count": Total.of(objects_at(bucket, QueryDict(request.POST.get("state", "")))),
    }
    return render(request, "components/_selection.html", context)


@form_view
def delete_several(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponse:
    """Names the chosen objects; with `confirm` deletes them: those that were named, whatever is there by then."""
    bucket = find_bucket(request, bucket_id)
    state = request.POST.get("state", "")
    back = redirect(f"{bucket.get_absolute_url()}?{state or 'q='}")
    objects = list(chosen_objects(bucket, request.POST)[:MOST_AT_ONCE])
    if not objects:
        if request.method == "POST":
            messages.warning(request, _("No object is selected. Tick the objects you want to delete first."))
        return back
    if "confirm" in request.POST:
        outcome = do_each(objects, lambda each: delete_object(each, actor=request.actor))
        tell_each(request, outcome, done=DELETED, kept=_("%(name)s was not deleted: %(reason)s"))
        return back
    partition = split_by(objects, lambda each: can_delete_object(each, request.actor))
    context = {
        "active": "buckets",
        "bucket": bucket,
        "partition": partition,
        "pick": ",".join(str(each.pk) for each in partition.allowed),
        "state": state,
        "has_more": chosen_objects(bucket, request.POST).count() > len(objects),
        "most": MOST_AT_ONCE,
        "back_url": back.url,
    }
    return render(request, "cloud/buckets/delete_several.html", context)


@page_view
def export_objects(request: ActorRequest, bucket_id: uuid.UUID) -> HttpResponseBase:
    """What the list's query finds, as CSV."""
    bucket = find_bucket(request, bucket_id)
    name = dated_name(bucket.name, "objects")
    objects = objects_at(bucket, request.GET).select_related("created_by")
    return csv_response(OBJECT_COLUMNS, objects, name)
