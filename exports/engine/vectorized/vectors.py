"""Look at 64 bytes at once, in the compiler's own vectors, which every processor has some form of.

An answer about 64 bytes is a number of 64 bits, the lowest for the first byte. What is looked at
must be readable for 64 bytes: buffers are longer by `PADDING` than what they hold.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from exports.engine.vectorized.compiled import intrinsic

PADDING = 64
_BYTE = ir.IntType(8)
_WORD = ir.IntType(64)
_LANES = ir.VectorType(_BYTE, PADDING)
_BITS = ir.VectorType(ir.IntType(1), PADDING)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """Return where 64 bytes of an array begin."""
    data = context.make_array(array_type)(context, builder, array).data
    byte = builder.gep(builder.bitcast(data, _BYTE.as_pointer()), [at])
    return builder.bitcast(byte, _LANES.as_pointer())


def _repeated(number: int) -> ir.Constant:
    return ir.Constant(_LANES, [number] * PADDING)


def _of_all(builder: Any, byte: Any) -> Any:
    """Return a vector that holds one byte in all places."""
    first = builder.insert_element(ir.Constant(_LANES, ir.Undefined), byte, cgutils.int32_t(0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), PADDING), [0] * PADDING)
    return builder.shuffle_vector(first, first, places)


@intrinsic
def equal(typing: Any, array: Any, at: Any, byte: Any) -> Any:
    """Tell which of 64 bytes are this one."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
        found = builder.icmp_unsigned(
            "==", builder.load(pointer, align=1), _of_all(builder, arguments[2])
        )
        return builder.bitcast(found, _WORD)

    return types.uint64(array, types.int64, types.uint8), code


@intrinsic
def between(typing: Any, array: Any, at: Any, low: Any, high: Any) -> Any:
    """Tell which of 64 bytes are from `low` to `high`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
        above = builder.sub(builder.load(pointer, align=1), _of_all(builder, arguments[2]))
        width = _of_all(builder, builder.sub(arguments[3], arguments[2]))
        return builder.bitcast(builder.icmp_unsigned("<=", above, width), _WORD)

    return types.uint64(array, types.int64, types.uint8, types.uint8), code


@intrinsic
def lowered(typing: Any, array: Any, at: Any, kept: Any, into: Any, there: Any) -> Any:
    """Copy 64 bytes with the letters of ASCII in lower case, and zeros where not `kept`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, _, kept, _, _ = arguments
        source = _pointer(context, builder, signature.args[0], *arguments[:2])
        letters = builder.load(source, align=1)
        from_a = builder.sub(letters, _repeated(ord("A")))
        is_upper = builder.icmp_unsigned("<", from_a, _repeated(26))
        lower = builder.select(is_upper, builder.add(letters, _repeated(32)), letters)
        found = builder.select(builder.bitcast(kept, _BITS), lower, _repeated(0))
        target = _pointer(context, builder, signature.args[3], *arguments[3:])
        builder.store(found, target, align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64, into, types.int64), code


@intrinsic
def first(typing: Any, bits: Any) -> Any:
    """Return the place of the lowest bit, 64 where there is none."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), code


@intrinsic
def count(typing: Any, bits: Any) -> Any:
    """Return how many bits are set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), code


@intrinsic
def reversed_bytes(typing: Any, word: Any) -> Any:
    """Turn the bytes of a word of 32 bits around."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint32(types.uint32), code
