from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "imsconsole.core"
    label = "core"
