"""What was charged: to buyers, and as the income of sellers. Every page and file is of the actor's project."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.cloud.servers.usage import settled_until
from imsconsole.core.csv import Columns, csv_response, dated_name
from imsconsole.core.htmx import render_page
from imsconsole.core.now import now
from imsconsole.core.tables import paged
from market.billing.plot import plot_of
from market.billing.questions import (
    Month,
    Rows,
    by_day,
    by_image,
    by_month,
    by_server,
    charges_of,
    income_of,
    months_of,
    total_income,
    totals_of,
)
from market.billing.tables import (
    IMAGE_COLUMNS,
    INCOME_COLUMNS,
    LINE_COLUMNS,
    MONTH_COLUMNS,
    SERVER_COLUMNS,
    FeesTable,
    ImageFees,
    IncomeTable,
    MonthFees,
    ServerFees,
)
from market.models import Listing


@dataclass(frozen=True)
class Section:
    """One of the ways to look at the charges; `of_month`: of one month only."""

    title: str | Promise
    rows: Callable[[Any], Rows]
    table: type[FeesTable]
    columns: Columns
    of_month: bool = True


SECTIONS = {
    "server": Section(_("By server"), by_server, ServerFees, SERVER_COLUMNS),
    "image": Section(_("By image"), by_image, ImageFees, IMAGE_COLUMNS),
    "month": Section(_("By month"), by_month, MonthFees, MONTH_COLUMNS, of_month=False),
}


@page_view
def show_billing(request: ActorRequest) -> HttpResponse:
    """A month of the project by server or image, with a plot of its days; or all months."""
    tab, month = _looked_at(request)
    of_month, section = charges_of(request.actor, month), SECTIONS[tab]
    rows = section.rows(of_month if section.of_month else charges_of(request.actor))
    context = {
        "active": "billing",
        "tab": tab,
        "sections": [(key, each.title) for key, each in SECTIONS.items()],
        "of_month": section.of_month,
        "month": month,
        "months": months_of(request.actor),
        "totals": totals_of(of_month),
        "plot": plot_of(month, by_day(of_month)),
        "table": paged(section.table, rows, request),
        "settled_until": settled_until(),
        "sells": Listing.objects.filter(project=request.actor.project).exists(),
        "query": request.GET.urlencode(),
    }
    return render_page(request, "market/billing.html", "components/table.html", context)


@page_view
def export_billing(request: ActorRequest) -> HttpResponseBase:
    """The sums that the page shows, all rows."""
    tab, month = _looked_at(request)
    section = SECTIONS[tab]
    rows = section.rows(charges_of(request.actor, month if section.of_month else None))
    name = dated_name(request.actor.project, "charges", *([month] if section.of_month else []))
    return csv_response(section.columns, rows.order_by("-total"), name)


@page_view
def export_lines(request: ActorRequest) -> HttpResponseBase:
    """Every line of the ledger in a month, to be reckoned again."""
    _tab, month = _looked_at(request)
    lines = charges_of(request.actor, month).select_related("server", "image", "price__listing")
    name = dated_name(request.actor.project, "ledger", month)
    return csv_response(LINE_COLUMNS, lines.order_by("hour", "pk"), name)


@page_view
def show_income(request: ActorRequest) -> HttpResponse:
    """What the project's listings earned; never from whom."""
    rows = income_of(request.actor)
    context = {
        "active": "market",
        "table": paged(IncomeTable, rows, request),
        "settled_until": settled_until(),
        "month": Month.of(now()),
        "total": total_income(request.actor),
        "this_month": total_income(request.actor, Month.of(now())),
    }
    return render_page(request, "market/income.html", "components/table.html", context)


@page_view
def export_income(request: ActorRequest) -> HttpResponseBase:
    """All of it."""
    rows = income_of(request.actor).order_by("-month", "title", "listing")
    return csv_response(INCOME_COLUMNS, rows, dated_name(request.actor.project, "income"))


def _looked_at(request: ActorRequest) -> tuple[str, Month]:
    """The tab and the month of the address; the usual ones where it names none."""
    tab = request.GET.get("tab", "")
    return (tab if tab in SECTIONS else "server"), Month.read(request.GET.get("month", ""))
