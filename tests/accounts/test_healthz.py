"""What a load balancer asks."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_it_answers_without_signing_in() -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"ok": True, "database": True, "data_dir": True}


@pytest.mark.django_db
def test_a_data_folder_that_is_gone_is_said(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "database": True, "data_dir": False}
