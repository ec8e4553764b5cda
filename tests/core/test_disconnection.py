import pytest
from django.db import OperationalError, connection


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_connection_is_kept_until_an_error_is_seen_on_it() -> None:
    connection.ensure_connection()
    kept = connection.connection
    connection.close_if_unusable_or_obsolete()
    assert connection.connection is kept
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    connection.close_if_unusable_or_obsolete()
    assert connection.connection is None
