"""Adapters that only the benchmarks use, dropped in as any other is (`benchmarks.settings`)."""
