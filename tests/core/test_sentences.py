from imsconsole.core.errors import BadImage, Conflict, NoSpace, NotFound, Unavailable, Unsupported
from imsconsole.core.sentences import SENTENCES, sentence, sentence_of


def test_an_error_says_its_sentence_with_its_values():
    assert sentence("subject-busy", {"name": "web"}).startswith("Other work on web is still running.")


def test_a_reason_goes_before_the_code():
    assert sentence("conflict", {"reason": "Because."}) == "Because."


def test_neither_an_unknown_code_nor_a_missing_value_shows_what_is_inside():
    assert sentence("no-such-code", {}).startswith("It did not work")
    assert sentence("subject-busy", {}).startswith("Other work on – is still running.")


def test_every_kind_of_error_has_a_sentence():
    for kind in (BadImage, Conflict, NoSpace, NotFound, Unavailable, Unsupported):
        assert kind.default_code in SENTENCES
        assert sentence_of(kind()) != kind.default_code


def test_an_error_tells_a_developer_its_code_and_values():
    assert str(Conflict("image-busy", name="web")) == "image-busy (name=web)"
    assert str(Conflict()) == "conflict"
