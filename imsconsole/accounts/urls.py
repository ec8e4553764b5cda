"""Addresses of accounts: project, me, health."""

from django.urls import path

from imsconsole.accounts.views import doors, health, invitations, me, members, project

urlpatterns = [
    path("project/", project.project, name="project"),
    path("project/switch/", project.switch_project, name="switch-project"),
    path("project/invite/", invitations.invite, name="invite"),
    path(
        "project/invitations/<uuid:pk>/withdraw/", invitations.withdraw_invitation, name="withdraw-invitation"
    ),
    path("project/members/<int:pk>/", members.change_role, name="change-role"),
    path("project/members/<int:pk>/remove/", members.remove_member, name="remove-member"),
    path("project/leave/", members.leave_account, name="leave-account"),
    path("invitations/<str:secret>/", invitations.invitation, name="invitation"),
    path("me/", me.me, name="me"),
    path("me/language/", me.set_language, name="set-language"),
    path("healthz", health.healthz, name="healthz"),
    # before allauth's own
    path("accounts/password/reset/", doors.reset_password),
    path("accounts/email/", doors.email),
]
