import json

from django.utils import translation
from django.utils.translation import gettext_lazy

from imsconsole.core.errors import BadImage, Conflict, NoSpace, NotFound, Unavailable, Unsupported
from imsconsole.core.rules import Refused, refuse
from imsconsole.core.sentences import lasting_values, refuse_as, sentence, sentence_of, sentences


def test_an_error_says_its_sentence_with_its_values():
    assert sentence("subject-busy", {"name": "web"}).startswith("Other work on web is still running.")


def test_no_value_stands_for_the_sentence_of_a_code():
    values = {"listing": "Web server 1.0", "reason": "no good", "own sentence": "Another."}
    assert sentence("listing-rejected", values) == "The operator has rejected Web server 1.0: no good"


def test_a_refusal_says_its_own_sentence_now_and_when_it_was_kept_for_readers_of_any_language():
    text = gettext_lazy("“%(name)s” is uploaded completely.")
    error = Refused(refuse("code-of-its-own", text, name=gettext_lazy("Images")))
    kept = json.loads(json.dumps(lasting_values(error)))
    assert sentence_of(error) == sentence(error.code, kept) == "“Images” is uploaded completely."
    with translation.override("zh-hans"):
        assert sentence_of(error) == sentence(error.code, kept) == "“镜像”已全部上传。"
    assert lasting_values(Refused(refuse_as(error.code, **kept))) == kept


def test_a_refusal_that_was_kept_in_one_language_is_said_in_it():
    kept = {"own sentence": "镜像受保护。"}
    assert sentence("code-of-its-own", kept) == refuse_as("code-of-its-own", **kept).reason == "镜像受保护。"


def test_a_refusal_in_the_sentence_of_a_code_is_kept_for_readers_of_any_language():
    error = Refused(refuse_as("subject-busy", name="web"))
    assert lasting_values(error) == {"name": "web"}
    with translation.override("zh-hans"):
        assert sentence(error.code, lasting_values(error)).startswith("“web”有其他任务")


def test_a_refusal_that_a_former_version_kept_says_its_reason():
    assert sentence("code-of-its-own", {"reason": "Because."}) == "Because."
    assert sentence("subject-busy", {"reason": "Because."}) == "Because."  # nor did it keep the values
    assert sentence("subject-busy", {"reason": "Because.", "name": "web"}).startswith("Other work on web")


def test_neither_an_unknown_code_nor_a_missing_value_shows_what_is_inside():
    assert sentence("no-such-code", {}).startswith("It did not work")
    assert sentence("subject-busy", {}).startswith("Other work on – is still running.")


def test_every_kind_of_error_has_a_sentence():
    for kind in (BadImage, Conflict, NoSpace, NotFound, Unavailable, Unsupported):
        assert kind.default_code in sentences()
        assert sentence_of(kind()) != kind.default_code


def test_an_error_tells_a_developer_its_code_and_values():
    assert str(Conflict("image-busy", name="web")) == "image-busy (name=web)"
    assert str(Conflict()) == "conflict"
