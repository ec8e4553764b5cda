from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "imsconsole.demo"
    label = "demo"
