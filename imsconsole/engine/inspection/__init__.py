"""What a file really is, and whether it is safe to open.

`Inspector` looks at the bytes while they arrive, `inspect_file` at the finished file. Every refusal
is a `BadImage` with its own code; the sentences are in `images.uploads.sentences`.
"""

from imsconsole.engine.inspection.examine import WARNINGS
from imsconsole.engine.inspection.finished import QemuImg, inspect_file
from imsconsole.engine.inspection.stream import Inspector
from imsconsole.engine.inspection.system import System, find_system, with_system

__all__ = ["WARNINGS", "Inspector", "QemuImg", "System", "find_system", "inspect_file", "with_system"]
