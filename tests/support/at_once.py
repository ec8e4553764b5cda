"""Several people at once: real threads, each with a connection of its own.

    outcomes = at_once(lambda: stop_server(server, actor=bob), lambda: delete_server(server, actor=alice, …))
    assert sorted(outcomes) == [DONE, "server-busy"]

Needs `@pytest.mark.django_db(transaction=True)`. Whatever is no expected error, is raised.
"""

import threading
from collections.abc import Callable, Sequence

from django.db import connection

from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of

DONE = "done"
MOST_CONNECTIONS = 40  # PostgreSQL's default is 100, and two of us may be running


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Run all calls at the same moment; of each `done`, or the code of the error it ended with."""
    outcomes: list[str] = [""] * len(calls)
    surprises: list[BaseException] = []
    waiting = iter(list(enumerate(calls)))  # each is taken by one thread
    gate = threading.Barrier(min(len(calls), MOST_CONNECTIONS))

    def go() -> None:
        try:
            connection.ensure_connection()
            gate.wait(60)
            for number, call in waiting:
                outcomes[number] = outcome_of(call)
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            surprises.append(error)
        finally:
            connection.close()

    _run([threading.Thread(target=go) for _ in range(gate.parties)])
    if surprises:
        raise surprises[0]
    return outcomes


def outcome_of(call: Callable[[], object]) -> str:
    """`done`, or the code of the error; one without a sentence is a failure of the test."""
    error = None
    try:
        call()
    except ImsError as expected:
        error = expected
    assert error is None or sentence_of(error) != error.code, f"{error} has no sentence"
    return error.code if error else DONE


def _run(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
