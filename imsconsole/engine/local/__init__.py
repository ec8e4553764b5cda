"""The embedded engine: `qemu-img`, QEMU and a folder per region, without a daemon.

store.py keeps files, machine.py runs one guest, engine.py speaks the
protocol of `engine.api`.
"""

from imsconsole.engine.local.engine import LocalEngine

__all__ = ["LocalEngine"]
