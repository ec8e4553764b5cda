"""All pages of the help, and one of them."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from imsconsole.accounts.access import UserRequest, page_view
from imsconsole.help.pages import PAGES, page_of


@page_view.for_person
def list_pages(request: UserRequest) -> HttpResponse:
    return render(request, "help/list.html", {"active": "help", "pages": [page_of(name) for name in PAGES]})


@page_view.for_person
def show_page(request: UserRequest, page: str) -> HttpResponse:
    if page not in PAGES:
        raise Http404
    return render(request, "help/page.html", {"active": "help", "page": page_of(page)})
