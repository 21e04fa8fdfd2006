"""SHA-256 by the processor's own instructions for it (x86-64's SHA extensions), two texts in turn.

One text's rounds wait for each other, so a second text's are worked on meanwhile. The state of lane
`j` is at `8 * j`, in the order in which the instructions keep it: F, E, B, A, then H, G, D, C.
The steps are those of Intel's "New instructions supporting the Secure Hash Algorithm" (2013).
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from exports.engine.vectorized.compiled import inlined, intrinsic
from exports.engine.vectorized.fips180 import CONSTANTS, START
from exports.engine.vectorized.vectors import reversed_bytes

LANES = 16
Words = NDArray[np.uint32]
# Where the state has each of the words A to H.
_ORDER = np.array((3, 2, 7, 6, 1, 0, 5, 4), dtype=np.int64)
_START = np.array(START, dtype=np.uint32)

_WORD = ir.IntType(32)
_FOUR = ir.VectorType(_WORD, 4)


def are_there() -> bool:
    """Say whether this processor has the instructions, and the compiler writes for it."""
    told = vars(numba.config)
    if told["CPU_NAME"] or told["CPU_FEATURES"]:
        # For some other processor, of which nothing is known here.
        return False
    return bool(llvm.get_host_cpu_features().get("sha"))


class _Text:
    """What is being computed of one text: its last sixteen words, and its state in two halves."""

    def __init__(self, writer: _Writer, state: Any, words: Any) -> None:
        self._writer = writer
        self._state = state
        self.before = [writer.load(state, place) for place in (0, 4)]
        self.first, self.second = self.before
        self.words = [writer.turned(writer.load(words, place)) for place in (0, 4, 8, 12)]

    def four_rounds(self, number: int) -> None:
        """Do rounds `4 * number` and the three after it."""
        writer, builder = self._writer, self._writer.builder
        word = self.words[number] if number < 4 else self._following()
        if number >= 4:
            self.words = [*self.words[1:], word]
        constants = CONSTANTS[4 * number : 4 * number + 4]
        added = builder.add(word, ir.Constant(_FOUR, list(constants)))
        self.second = writer.call("rnds2", self.second, self.first, added)
        higher = writer.shuffled(added, added, (2, 3, 0, 0))
        self.first = writer.call("rnds2", self.first, self.second, higher)

    def _following(self) -> Any:
        """Return the next four words of the schedule."""
        writer, builder = self._writer, self._writer.builder
        oldest, older, newer, newest = self.words
        early = writer.call("msg1", oldest, older)
        sum_ = builder.add(early, writer.shuffled(newer, newest, (1, 2, 3, 4)))
        return writer.call("msg2", sum_, newest)

    def keep(self) -> None:
        """Add what the state was before, and keep it."""
        builder = self._writer.builder
        for half, before, place in zip((self.first, self.second), self.before, (0, 4), strict=True):
            self._writer.store(builder.add(half, before), self._state, place)


class _Writer:
    """Writes the instructions."""

    def __init__(self, context: Any, builder: Any) -> None:
        self._context = context
        self.builder = builder

    def words(self, array_type: Any, array: Any, at: Any) -> Any:
        """Return where words of an array begin."""
        data = self._context.make_array(array_type)(self._context, self.builder, array).data
        return self.builder.gep(data, [at])

    def load(self, pointer: Any, place: int) -> Any:
        return self.builder.load(self._at(pointer, place), align=4)

    def store(self, vector: Any, pointer: Any, place: int) -> None:
        self.builder.store(vector, self._at(pointer, place), align=4)

    def _at(self, pointer: Any, place: int) -> Any:
        there = self.builder.gep(pointer, [ir.Constant(_WORD, place)])
        return self.builder.bitcast(there, _FOUR.as_pointer())

    def turned(self, vector: Any) -> Any:
        """Turn the bytes of each word around: the standard writes the highest first."""
        kind = ir.FunctionType(_FOUR, [_FOUR])
        function = self.builder.module.declare_intrinsic("llvm.bswap.v4i32", fnty=kind)
        return self.builder.call(function, [vector])

    def shuffled(self, first: Any, second: Any, places: tuple[int, ...]) -> Any:
        mask = ir.Constant(ir.VectorType(_WORD, 4), list(places))
        return self.builder.shuffle_vector(first, second, mask)

    def call(self, name: str, *arguments: Any) -> Any:
        kind = ir.FunctionType(_FOUR, [_FOUR] * len(arguments))
        function = self.builder.module.declare_intrinsic(f"llvm.x86.sha256{name}", fnty=kind)
        return self.builder.call(function, arguments)


@intrinsic
def _compress_two(typing: Any, states: Any, lane: Any, texts: Any, first: Any, second: Any) -> Any:
    """Take 64 bytes each of two texts, from these words on, into the states of two lanes."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        states, lane, texts, first, second = arguments
        writer = _Writer(context, builder)
        both = []
        for number, begin in enumerate((first, second)):
            at = builder.mul(
                builder.add(lane, ir.Constant(lane.type, number)), ir.Constant(lane.type, 8)
            )
            state = writer.words(signature.args[0], states, at)
            both.append(_Text(writer, state, writer.words(signature.args[2], texts, begin)))
        for number in range(16):
            for each in both:
                each.four_rounds(number)
        for each in both:
            each.keep()
        return context.get_dummy_value()

    return types.void(states, types.int64, texts, types.int64, types.int64), code


@inlined
def begin(state: Words) -> None:
    """Begin anew in all lanes."""
    for lane in range(LANES):
        for number in range(8):
            state[8 * lane + _ORDER[number]] = _START[number]


@inlined
def take_block(state: Words, words: Words, texts: Words, stride: int, start: int) -> None:
    """Take 64 bytes of each text from `start` on; that of lane `j` is at `j * stride`, in words."""
    for lane in range(0, LANES, 2):
        at = lane * stride + start
        _compress_two(state, lane, texts, at, at + stride)


@inlined
def write_digest(state: Words, lane: int, into: Words, row: int, at: int) -> None:
    """Write the digest of one lane."""
    for number in range(8):
        into[row, at + number] = reversed_bytes(state[8 * lane + _ORDER[number]])
