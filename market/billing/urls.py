"""Addresses of what things cost: before, and after."""

from django.urls import path

from market.billing import costs_page, views

urlpatterns = [
    path("billing/", views.show_billing, name="billing"),
    path("billing/export.csv", views.export_billing, name="export-billing"),
    path("billing/lines.csv", views.export_lines, name="export-lines"),
    path("billing/income/", views.show_income, name="income"),
    path("billing/income.csv", views.export_income, name="export-income"),
    path("market/cost/", costs_page.show_cost, name="cost"),
]
