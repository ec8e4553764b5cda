import pytest

from imsconsole.core.rules import ALLOWED, Refused, Verdict, first_refusal, refuse
from imsconsole.core.sentences import sentence_of

PROTECTED = refuse("image-protected", "The image is protected.")


def test_a_verdict_is_true_only_when_it_allows():
    assert ALLOWED
    assert Verdict()
    assert not PROTECTED


def test_the_first_refusal_speaks():
    busy = refuse("image-busy", "Work on it is still running.")
    assert first_refusal([ALLOWED, PROTECTED, busy]) is PROTECTED
    assert first_refusal([ALLOWED, ALLOWED]) is ALLOWED
    assert first_refusal([]) is ALLOWED


def test_requiring_an_allowed_verdict_does_nothing():
    ALLOWED.require()


def test_requiring_a_refused_verdict_raises_its_own_sentence():
    with pytest.raises(Refused) as caught:
        PROTECTED.require()
    assert caught.value.code == "image-protected"
    assert caught.value.http_status == 409
    assert sentence_of(caught.value) == "The image is protected."
