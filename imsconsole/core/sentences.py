"""From an error's code and values to its sentence, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from imsconsole.core.errors import ImsError
from imsconsole.core.rules import Refused, Verdict
from imsconsole.core.sentences_cloud import CLOUD_SENTENCES
from imsconsole.core.sentences_download import DOWNLOAD_SENTENCES
from imsconsole.core.sentences_engine import ENGINE_SENTENCES
from imsconsole.core.sentences_image import IMAGE_SENTENCES
from imsconsole.core.sentences_keys import KEY_SENTENCES
from imsconsole.core.sentences_market import MARKET_SENTENCES
from imsconsole.core.sentences_messages import MESSAGE_SENTENCES
from imsconsole.core.sentences_sharing import SHARING_SENTENCES
from imsconsole.core.sentences_upload import UPLOAD_SENTENCES

COMMON_SENTENCES = {
    "unexpected": _(
        "Something went wrong that we did not expect. Please try again; if it happens again, tell the "
        "operator the reference %(reference)s."
    ),
    "worker-killed": _(
        "The work was interrupted %(times)s times and was given up. Please try again; if it happens again, "
        "ask the operator to look at the worker's log."
    ),
    "cancelled": _("It was cancelled."),
    "key-pair-gone": _("The key pair %(name)s was deleted in the meantime. Choose another one."),
    "not-found": _("It does not exist, or it is not visible in this project."),
    "conflict": _("It was changed by someone else in the meantime. Please look at it again and repeat."),
    "contended": _(
        "Others were changing the same things at the same moment, so nothing was done. Please try again."
    ),
    "subject-busy": _("Other work on %(name)s is still running. Please wait until it has finished."),
    "no-space": _(
        "The disk of the service is full. Please tell the operator; the work can be repeated afterwards."
    ),
    "demo-image-not-built": _("The demo image could not be built from Debian's packages: %(detail)s."),
    "bytes-missing": _("Its file in the store is missing. Please tell the operator."),
    "bytes-damaged": _(
        "Its stored bytes are no longer what they were, so nobody can use it. Please tell the operator: once the "
        "right file is back, it can be verified again and is usable as before."
    ),
    "unavailable": _("The service is not available right now. Please try again in a moment."),
    "bad-image": _(
        "The image cannot be used as it is: its content is not what it should be. Check the file and import it again."
    ),
    "unsupported": _("The host of this region cannot do that. Please ask the operator what it lacks."),
}

SENTENCES: Mapping[str, Any] = {
    **COMMON_SENTENCES,
    **CLOUD_SENTENCES,
    **DOWNLOAD_SENTENCES,
    **ENGINE_SENTENCES,
    **IMAGE_SENTENCES,
    **KEY_SENTENCES,
    **MARKET_SENTENCES,
    **MESSAGE_SENTENCES,
    **SHARING_SENTENCES,
    **UPLOAD_SENTENCES,
}


UNKNOWN = _(
    "It did not work, for a reason this version has no words for. Please ask the operator to look at it."
)


# The name under which `lasting_values` keeps a refusal's own sentence: no keyword and no place can be called so.
OWN_SENTENCE = "own sentence"


class _Values(dict[str, Any]):
    """Values of an error that was kept before its sentence got another place: what is missing is a dash."""

    def __missing__(self, _name: str) -> str:
        return "–"


def sentence(code: str, values: Mapping[str, Any]) -> str:
    """The sentence of an error or a message. Never a bare code.

    It is that of the code; a refusal whose code has none was kept with its own (rows of before 1.0: as `reason`).
    """
    try:
        return str(SENTENCES[code]) % values
    except KeyError:
        own = values.get(OWN_SENTENCE) or values.get("reason")
        return str(own or str(SENTENCES.get(code, UNKNOWN)) % _Values(values))


def lasting_values(error: ImsError) -> dict[str, Any]:
    """The values of an error that is kept for readers of any language.

    A refusal's own sentence is in the language of whoever met it: kept only when its code has no other.
    """
    if isinstance(error, Refused) and error.code not in SENTENCES:
        return {**error.values, OWN_SENTENCE: str(error.verdict.reason)}
    return dict(error.values)


def refuse_as(code: str, **values: Any) -> Verdict:
    """A refusal in the sentence of an error's code: one that may be kept for readers of any language."""
    return Verdict(code, sentence(code, values), values)


def sentence_of(error: ImsError) -> str:
    """The sentence of an error that was just raised: a refusal has its own."""
    return str(error.verdict.reason) if isinstance(error, Refused) else sentence(error.code, error.values)
