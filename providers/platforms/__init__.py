"""One module a platform. The registry finds them by looking here; nothing lists them."""
