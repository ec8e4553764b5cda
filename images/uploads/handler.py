"""A plain form's file, streamed to the receiver: nothing is buffered, nothing is left when it goes wrong."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from images.models import Upload
from images.receiving.receivers import AnyReceiver, receiver_of
from images.uploads.conclusion import conclude, examining, turn_away
from images.uploads.services import discard_upload, start_upload
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.rules import may_write
from imsconsole.core.errors import Conflict, ImsError
from imsconsole.core.streamed import StreamedFile, streaming

P = ParamSpec("P")


class UploadRequest(ActorRequest):
    """A request whose file, if there is one, went to `streamed`."""

    streamed: "StreamedUpload"


class StreamedUpload(StreamedFile[AnyReceiver]):
    """The form's file on its way to a receiver; `finish` makes an upload of it."""

    def __init__(self, request: ActorRequest) -> None:
        super().__init__(request, self._receiver)
        self.actor = request.actor

    def _receiver(self, name: str, announced_bytes: int) -> AnyReceiver:
        upload = start_upload(name=name, size_bytes=announced_bytes, actor=self.actor)
        return receiver_of(upload, examining(self.actor))

    @property
    def begun(self) -> bool:
        """Whether the form carried a file."""
        return bool(self.name)

    def finish(self, *, claimed: str = "", sha256: str = "") -> Upload:
        """The finished upload, or one that is examined. Raises why there is none; then nothing of it is left."""
        if self.sink is None or self.error is not None or not self.is_whole:
            raise self._turned_away(self.error or Conflict("upload-broken", name=self.name))
        try:
            upload = conclude(self.sink, claimed=claimed, sha256=sha256, actor=self.actor)
        except ImsError:
            self.sink = None  # it is settled, this way or that
            raise
        self.sink = None
        return upload

    def _turned_away(self, error: ImsError) -> ImsError:
        if self.sink is not None:
            turn_away(self.sink, error, actor=self.actor)
            self.sink = None
        return error

    def clear(self) -> None:
        """Leave nothing of a file that nobody took: a wrong token, a broken connection, an error."""
        if self.sink is not None:
            upload = self.sink.upload
            super().clear()
            discard_upload(upload, actor=self.actor)


def takes_upload(
    view: Callable[Concatenate[UploadRequest, P], HttpResponseBase],
) -> Callable[Concatenate[ActorRequest, P], HttpResponseBase]:
    """The request's file goes to `request.streamed`.

    The view is exempt from the middleware's CSRF check and has its own inside: see `core.streamed`.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def receive(request: ActorRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        streamed = request.streamed = StreamedUpload(request)  # type: ignore[attr-defined]
        if request.method == "POST":
            may_write(request.actor).require()
        with streaming(request, streamed):
            return protected(cast(UploadRequest, request), *args, **kwargs)

    return receive
