from django.contrib.admin.apps import AdminConfig


class OperatorAdminConfig(AdminConfig):
    """Django's admin with our frame around it."""

    default_site = "imsconsole.operator.site.OperatorSite"
