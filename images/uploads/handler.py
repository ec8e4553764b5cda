"""A plain form's file, streamed to the receiver: nothing is buffered, nothing is left when it goes wrong."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponseBase
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from images.models import Upload
from images.uploads.conclusion import conclude, turn_away
from images.uploads.receiver import Receiver
from images.uploads.services import discard_upload, start_upload
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.rules import may_write
from imsconsole.core.errors import Conflict, ImsError
from imsconsole.engine.types import MIB

P = ParamSpec("P")
FIELD = "file"


class UploadRequest(ActorRequest):
    """A request whose file, if there is one, went to `streamed`."""

    streamed: "StreamedUpload"


class StreamedUpload(FileUploadHandler):
    """Feeds the form's field `file` to a receiver. A refused file is read to its end, and thrown away:
    a browser reads our answer only when it has sent everything.
    """

    chunk_size = MIB

    def __init__(self, request: ActorRequest) -> None:
        super().__init__(request)
        self.actor = request.actor
        self.announced_bytes = 0
        self.name = ""
        self.error: ImsError | None = None
        self.receiver: Receiver | None = None
        self.whole = False
        self.settled = False

    @property
    def begun(self) -> bool:
        """Whether the form carried a file."""
        return bool(self.name)

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        self.announced_bytes = content_length

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        if field_name != FIELD or self.begun:
            raise SkipFile
        self.name = file_name
        try:
            upload = start_upload(name=file_name, size_bytes=self.announced_bytes, actor=self.actor)
            self.receiver = Receiver(upload)
        except ImsError as error:
            self.error = error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.receiver is None or self.error is not None:
            return
        try:
            self.receiver.eat(raw_data)
        except ImsError as error:
            self.error = error
            self.receiver.abandon()

    def file_complete(self, file_size: int) -> None:
        self.whole = True

    def finish(self, *, claimed: str = "", sha256: str = "") -> Upload:
        """The finished upload. Raises why there is none; then nothing of it is left."""
        if self.error is None and not self.whole:
            self.error = Conflict("upload-broken", name=self.name)
        if self.error is not None or self.receiver is None:
            raise self._refused(self.error or Conflict("upload-broken", name=self.name))
        try:
            upload = conclude(self.receiver, claimed=claimed, sha256=sha256, actor=self.actor)
        except ImsError:
            self.settled = True
            raise
        self.settled = True
        return upload

    def _refused(self, error: ImsError) -> ImsError:
        if self.receiver is not None:
            turn_away(self.receiver, error, actor=self.actor)
        self.settled = True
        return error

    def clear(self) -> None:
        """Leave nothing of a file that nobody took: a wrong token, a broken connection, an error."""
        if self.receiver is not None and not self.settled:
            self.receiver.abandon()
            discard_upload(self.receiver.upload, actor=self.actor)
            self.settled = True


def takes_upload(
    view: Callable[Concatenate[UploadRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For signed-in people; the request's file goes to `request.streamed`.

    The handler must be in place before the body is read, and the CSRF check reads the body: so the
    view is exempt from the middleware's check and has its own inside (as Django's documentation says).
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @signed_in
    @wraps(view)
    def receive(request: ActorRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        streamed = request.streamed = StreamedUpload(request)  # type: ignore[attr-defined]
        if request.method == "POST":
            may_write(request.actor).require()
            request.upload_handlers = [streamed]
        try:
            return protected(cast(UploadRequest, request), *args, **kwargs)
        except UnreadablePostError as error:
            raise Conflict("upload-broken", name=streamed.name) from error
        finally:
            streamed.clear()

    return receive
