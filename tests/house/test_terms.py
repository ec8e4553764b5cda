"""The words of the product stand where people look for them, one thing has one word, and a page is called as what opens it.

Read before: the terms of the overview of the product and of ims-facts §2.26 and §6.
"""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from images.uploads.actions import UPLOAD_ACTIONS
from imsconsole.audit.words import ACTIONS
from imsconsole.cloud.buckets.actions import OBJECT_ACTIONS
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of

ROOT = Path(settings.BASE_DIR)
MARKUP = re.compile(r"<head>.*?</head>|<[^>]*>", re.DOTALL)
LANGUAGES = ("zh-hans", "en")
# term, its English, and the page where who looks for it would look
TERMS = [
    ("异构弹性云服务器", "heterogeneous", "/help/create-server/"),
    ("异构弹性云服务器", "heterogeneous", "/images/os-versions/boot-modes/"),
    ("初始化插件", "initialisation plug-in", "/help/images/"),
    ("初始化插件", "initialisation plug-in", "/help/import/"),
    ("接受方", "recipient", "/help/sharing/"),
    ("快速发放", "fast provisioning", "/help/create-server/"),
    ("快速发放", "fast provisioning", "image"),
    ("复制共享镜像", "copying a shared image", "/help/copy/"),
    ("复制共享镜像", "copy the shared image", "received"),
    ("管理公共镜像", "managing public images", "/help/images/"),
    ("管理公共镜像", "managing public images", "/images/?tab=public"),
    ("计费标准", "billing standard", "/help/market/"),
    ("计费标准", "billing standard", "/billing/"),
    ("计费标准", "billing standard", "/images/choose/"),
    ("任务中心", "task center", "/jobs/"),
    ("任务中心", "task center", "/"),
]
# what has another word: 接受方, 创建
GONE = re.compile("接受者|申请(云)?服务器|申请(数据盘|磁盘|云硬盘)")
# ims-facts §2.26
TRAIL = {
    "createImage": ("Create image", "创建镜像"),
    "updateImage": ("Modify image", "修改镜像"),
    "deleteImage": ("Delete image", "删除镜像"),
    "copyImage": ("Copy image", "复制镜像"),
    "exportImage": ("Export image", "导出镜像"),
    "addMember": ("Add member", "新增成员"),
    "updateMember": ("Update member", "修改成员"),
    "deleteMember": ("Delete member", "删除成员"),
    "addTag": ("Add tag", "新增标签"),
    "deleteTag": ("Delete tag", "删除标签"),
}


@pytest.fixture
def places(people: SimpleNamespace) -> dict[str, str]:
    """The addresses of pages that need an image."""
    received = factories.ImageFactory(project=people.carol.project, name="theirs")
    factories.ShareFactory(image=received, project=people.bob.project, status="accepted")
    own = factories.ImageFactory(project=people.bob.project)
    return {"image": own.get_absolute_url(), "received": reverse("images:copy", args=[received.pk])}


def page_of(people: SimpleNamespace, address: str, language: str) -> str:
    client = client_of(people.bob)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def words_of(page: str) -> str:
    return " ".join(unescape(MARKUP.sub(" ", page)).split()).casefold()


@pytest.mark.django_db
@pytest.mark.parametrize(("chinese", "english", "place"), TERMS)
def test_a_term_stands_where_one_looks_for_it(people, places, chinese, english, place) -> None:
    for language, term in zip(LANGUAGES, (chinese, english), strict=True):
        assert term in words_of(page_of(people, places.get(place, place), language)), language


def test_one_thing_has_one_word() -> None:
    with (ROOT / "imsconsole/locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        said = {str(message.id): str(message.string) for message in read_po(file, locale="zh_Hans")}
    said |= {
        path.name: path.read_text() for path in (ROOT / "imsconsole/templates/help/zh-hans").glob("*.md")
    }
    assert {name: GONE.findall(text) for name, text in said.items() if GONE.search(text)} == {}
    assert [text for text in said if re.search("[Aa]pply for (a )?server", text)] == []


def test_copying_to_the_clipboard_is_not_copying_an_image() -> None:
    with translation.override("zh-hans"):
        texts = render_to_string("components/_texts.html")
        assert gettext("Copy") == "复制"
    assert re.findall('data-cop(?:y|ied)="([^"]*)"', texts) == ["拷贝", "已拷贝"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_import_image_opens_import_image(people, language) -> None:
    upload = factories.UploadFactory(
        project=people.bob.project, user=people.bob.user, expires_at=now() + timedelta(hours=1)
    )
    with translation.override(language):
        called = gettext("Import image")
        actions = [str(action.label) for action in (*UPLOAD_ACTIONS, *OBJECT_ACTIONS)]
        assert actions.count(called) == 2
    assert called in page_of(people, reverse("images:list") + "?tab=private", language)
    for address in (
        reverse("images:create"),
        f"{reverse('images:create')}?upload={upload.pk}",
        reverse("images:create-from-object"),
    ):
        page = page_of(people, address, language)
        assert re.findall(r"<h1[^>]*>\s*(.*?)\s*</h1>", page, flags=re.DOTALL) == [called]
        assert f"<title>{called} · " in page
    assert called not in re.findall(
        r"<h1[^>]*>\s*(.*?)\s*</h1>", page_of(people, reverse("images:create-from-server"), language)
    )


@pytest.mark.parametrize(("action", "titles"), TRAIL.items())
def test_the_trail_has_the_names_of_the_product(action, titles) -> None:
    for language, title in zip(("en", "zh-hans"), titles, strict=True):
        with translation.override(language):
            assert str(ACTIONS[action]) == title
