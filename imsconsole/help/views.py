"""All pages of the help, one of them, and how the reader has it beside forms."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from imsconsole.accounts.access import UserRequest, page_view, post_view
from imsconsole.accounts.models import User
from imsconsole.core.htmx import wants_fragment
from imsconsole.core.project_urls import is_path_here
from imsconsole.help.pages import PAGES, page_of


@page_view.for_person
def list_pages(request: UserRequest) -> HttpResponse:
    return render(request, "help/list.html", {"active": "help", "pages": [page_of(name) for name in PAGES]})


@page_view.for_person
def show_page(request: UserRequest, page: str) -> HttpResponse:
    if page not in PAGES:
        raise Http404
    return render(request, "help/page.html", {"active": "help", "page": page_of(page)})


@post_view.for_person
def fold(request: UserRequest, page: str) -> HttpResponse:
    """Fold the help away, or show it again, here and on all pages from now on; htmx gets it so, others go back."""
    if page not in PAGES:
        raise Http404
    is_folded = bool(request.POST.get("folded"))
    User.objects.filter(pk=request.user.pk).update(folds_help=is_folded)
    back = request.POST.get("next", "")
    if wants_fragment(request):
        context = {"page": page_of(page), "is_folded": is_folded, "next": back}
        return render(request, "help/_aside.html", context)
    return HttpResponseRedirect(back if is_path_here(back) else reverse("help:page", args=[page]))
