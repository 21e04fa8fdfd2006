"""The memory of a worker is bounded over all exports that it sends."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exports.room import Room

SECONDS = 5


class Held:
    """Batches that are held until they are let go; `most` were held at once."""

    def __init__(self, room: Room) -> None:
        self.room, self.now, self.most = room, 0, 0
        self.go = threading.Event()
        self._lock = threading.Lock()
        self._entered = threading.Semaphore(0)

    def hold(self, identifiers: int) -> None:
        with self.room.taken(identifiers):
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
            self._entered.release()
            assert self.go.wait(SECONDS)
            with self._lock:
                self.now -= 1

    def entered(self, timeout=SECONDS) -> bool:
        return self._entered.acquire(timeout=timeout)


@pytest.mark.parametrize(("sizes", "at_once"), [([100_000] * 6, 3), ([900_000] * 3, 1)])
def test_large_batches_wait_for_room_and_all_have_their_turn(sizes, at_once):
    held = Held(Room(300_000))
    with ThreadPoolExecutor(len(sizes)) as pool:
        under_way = [pool.submit(held.hold, size) for size in sizes]
        for _ in range(at_once):
            assert held.entered()
        assert not held.entered(timeout=0.2)
        held.go.set()
        for each in under_way:
            each.result(SECONDS)
    assert held.most == at_once


def test_a_small_batch_never_waits_behind_large_ones():
    held = Held(Room(300_000))
    with ThreadPoolExecutor(3) as pool:
        large = pool.submit(held.hold, 300_000)
        assert held.entered()
        small = pool.submit(held.hold, 1_000)
        assert held.entered()
        held.go.set()
        large.result(SECONDS), small.result(SECONDS)


def test_room_is_given_back_whatever_happens():
    room = Room(300_000)
    for _ in range(3):
        with pytest.raises(ValueError, match="cut"), room.taken(300_000):
            raise ValueError("cut")
    with room.taken(300_000):
        pass
