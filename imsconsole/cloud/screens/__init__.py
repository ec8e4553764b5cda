"""The screen of a server in the browser: noVNC on its page, and the bridge (`manage.py run_screens`) to QEMU."""
