"""How seldom a process looks for garbage that refers to itself."""

import atexit
import gc

NEW = 50_000  # objects, of which one loads some 200,000


def collect_seldom() -> None:
    """What a command loads stays until it ends: looking at it all the time, and once more at the end, is half of its work."""
    gc.set_threshold(NEW)
    atexit.register(gc.freeze)  # what is frozen is not looked at
