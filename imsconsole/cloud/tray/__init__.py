"""The tray of a server: an ISO for its running system, mounted and ejected. Which ISOs may come is asked in `images.mount`."""
