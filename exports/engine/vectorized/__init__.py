"""Prepare by whole columns of a block, wherever that surely gives what row by row would.

What is not certain is read and judged by the reference: a value by `exports.engine.values`, a
block's rows by `exports.engine.records`. Import it only in the process that works: DataFusion,
once used, hangs after a fork.
"""
