"""Destinations: an audience at a platform, reached through a named authorization."""
