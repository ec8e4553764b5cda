"""Addresses of accounts: project, me."""

from django.urls import path

from imsconsole.accounts import openid
from imsconsole.accounts.views import agencies, doors, invitations, kept, me, members, project, saved_views

urlpatterns = [
    path("project/", project.project, name="project"),
    path("project/invite/", invitations.invite, name="invite"),
    path(
        "project/invitations/<uuid:pk>/withdraw/", invitations.withdraw_invitation, name="withdraw-invitation"
    ),
    path("project/members/<int:pk>/", members.change_role, name="change-role"),
    path("project/members/<int:pk>/remove/", members.remove_member, name="remove-member"),
    path("project/agencies/create/", agencies.create_agency, name="create-agency"),
    path("project/agencies/<uuid:agency_id>/revoke/", agencies.revoke_agency, name="revoke-agency"),
    path("project/leave/", members.leave_account, name="leave-account"),
    path("invitations/<str:secret>/", invitations.invitation, name="invitation"),
    path("forms/leave/", kept.leave_form, name="leave-form"),
    path("me/", me.me, name="me"),
    path("me/language/", me.set_language, name="set-language"),
    path("views/<str:room>/", saved_views.list_views, name="views"),
    path("views/<str:room>/save/", saved_views.save_view, name="save-view"),
    path("views/<str:room>/columns/", saved_views.choose_columns, name="choose-columns"),
    path("views/<uuid:view_id>/change/", saved_views.change_view, name="change-view"),
    path("views/<uuid:view_id>/default/", saved_views.set_default_view, name="set-default-view"),
    path("views/<uuid:view_id>/delete/", saved_views.delete_view, name="delete-view"),
    # before allauth's own
    path("accounts/password/reset/", doors.reset_password),
    path("accounts/email/", doors.email),
    path("accounts/oidc/<str:provider_id>/login/callback/", openid.callback),
]
