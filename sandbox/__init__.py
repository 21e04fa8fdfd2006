"""Advertising platforms, emulated from their fact sheets. Imports nothing of the product."""
