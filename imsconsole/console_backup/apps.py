from django.apps import AppConfig


class ConsoleBackupConfig(AppConfig):
    name = "imsconsole.console_backup"
