"""The screen and the serial console of a server in the browser: their pages, and the bridge (`manage.py run_screens`) to QEMU."""
