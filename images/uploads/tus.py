"""The words of the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload): headers in, headers out."""

import base64
import binascii
import re
from collections.abc import Callable
from functools import wraps
from pathlib import PurePath
from typing import Concatenate, ParamSpec
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from images.models import Upload
from images.receiving.limits import limit_file_bytes
from images.receiving.progress import head_digest, progress_of
from images.uploads.append import Checksum
from imsconsole.accounts.access import ActorRequest
from imsconsole.core.errors import ImsError
from imsconsole.core.fullness import fullness_said
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import sentence_of

P = ParamSpec("P")
VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
ALGORITHMS = ("sha256", "sha1")
CHUNK_TYPE = "application/offset+octet-stream"
GONE = ("upload-expired", "upload-refused")
# what the protocol's clients understand; another refusal is 403, for 409 would be tried again
STATUSES = {"file-too-large": 413, "quota-upload-bytes": 413, "no-room": 507, **dict.fromkeys(GONE, 410)}


class BadRequest(ImsError):
    """A header is missing or cannot be read."""

    http_status = 400
    default_code = "upload-header"


class WrongVersion(ImsError):
    """The client speaks another version of the protocol, or another protocol."""

    http_status = 412
    default_code = "upload-version"


def status_of(error: ImsError) -> int:
    """The status of an error; the protocol has some of its own."""
    if isinstance(error, Refused):
        return STATUSES.get(error.code, 403)
    return {"upload-busy": 423, "upload-longer": 413}.get(error.code, error.http_status)


def speaks_tus(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[ActorRequest, P], HttpResponse]:
    """Answers in the protocol's way: its version in every answer, a sentence with every error.

    The sentence is also in the header IMS-Reason, percent-encoded: an answer to HEAD has no body.
    """

    @wraps(view)
    def answer(request: ActorRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            with fullness_said():
                response = view(request, *args, **kwargs)
        except ImsError as error:
            response = _refusal(error)
        response["Tus-Resumable"] = VERSION
        return response

    return answer


def _refusal(error: ImsError) -> HttpResponse:
    said = sentence_of(error)
    response = HttpResponse(said, content_type="text/plain; charset=utf-8", status=status_of(error))
    response["IMS-Reason"] = quote(said)
    if isinstance(error, WrongVersion):
        response["Tus-Version"] = VERSION
    response.ims_error = error  # type: ignore[attr-defined]
    return response


def method_of(request: HttpRequest) -> str:
    """The method; a POST may stand for another (the protocol wants that). Nothing else may: POST has the CSRF check."""
    if request.method == "POST":
        return request.headers.get("X-HTTP-Method-Override", "POST").upper()
    return request.method or ""


def require_version(request: HttpRequest) -> None:
    """Every request but OPTIONS names the version. Raises WrongVersion."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion(version=VERSION)


def number(request: HttpRequest, header: str) -> int:
    """A header's number of bytes. Raises BadRequest."""
    value = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise BadRequest(header=header)
    return int(value)


def metadata(request: HttpRequest) -> dict[str, str]:
    """Upload-Metadata: keys and their values, which come in base64. Raises BadRequest."""
    found = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadRequest(header="Upload-Metadata") from error
    return found


def announced(request: HttpRequest) -> dict[str, str]:
    """What the metadata say of the file, as `start_upload` takes it. Raises BadRequest."""
    given = metadata(request)
    name = "".join(sign for sign in PurePath(given.get("filename", "")).name if sign.isprintable())
    sha256 = given.get("sha256", "").lower()
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BadRequest(header="Upload-Metadata")
    return {
        "name": name or "upload",
        "claimed_format": given.get("format", "")[:8],
        "claimed_sha256": sha256,
    }


def claim(request: HttpRequest, upload: Upload) -> None:
    """Ours: IMS-Format, the format the user names now; it may have been another when the upload was begun."""
    claimed = request.headers.get("IMS-Format", upload.claimed_format)[:8]
    if claimed != upload.claimed_format:
        Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).update(claimed_format=claimed)


def checksum(request: HttpRequest) -> Checksum | None:
    """Upload-Checksum, if there is one. Raises BadRequest, also for an algorithm we do not know."""
    if not (value := request.headers.get("Upload-Checksum", "")):
        return None
    algorithm, _, digest = value.partition(" ")
    try:
        if algorithm in ALGORITHMS:
            return Checksum(algorithm, base64.b64decode(digest, validate=True))
    except binascii.Error:
        pass
    raise BadRequest(header="Upload-Checksum")


def options() -> HttpResponse:
    """What this server can."""
    return HttpResponse(
        status=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(limit_file_bytes()),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        },
    )


def told(upload: Upload, status: int, **headers: str) -> HttpResponse:
    """An answer about an upload, with the time until which it is kept."""
    response = HttpResponse(
        status=status, headers={name.replace("_", "-"): headers[name] for name in headers}
    )
    response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return response


def progress(upload: Upload) -> HttpResponse:
    """The answer to HEAD. Ours: IMS-Head, length and SHA-256 of the first MiB; IMS-Busy, when somebody sends."""
    so_far = progress_of(upload)
    length, digest = head_digest(upload, so_far.received_bytes)
    name = base64.b64encode(upload.name.encode()).decode()
    response = told(
        upload,
        200,
        Upload_Offset=str(so_far.received_bytes),
        Upload_Length=str(max(upload.size_bytes, so_far.received_bytes)),  # of an archive less is its own
        Upload_Metadata=f"filename {name}",
        IMS_Head=f"{length} {digest}",
    )
    if so_far.is_busy:
        response["IMS-Busy"] = "yes"
    return response
