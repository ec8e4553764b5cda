"""A server's OS is changed, reinstalled, brought back."""
