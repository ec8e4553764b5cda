"""The screen of a server in the browser: noVNC on its page, and the bridge (`manage.py run_screens`) to QEMU.

The page asks for a token (`services.open_screen`), the bridge takes it (`admission.admit`) and passes bytes.
Who may is said by `rules.can_operate_screen`; how they find each other by `place`: `docs/screen.md`.
"""
