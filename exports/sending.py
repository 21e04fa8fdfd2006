"""Send batches of one export for a while: several at once, their rows written together.

A message begins a stint. It claims as many batches as it has slots, and again as they end, until
its time is over; then the next look at the export tells another worker, behind whoever else waits.
A slot takes another batch only once the receipt of the one before is kept, so what a killed worker
sends again is at most what it had in flight.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from django.db import connections

from exports import delivery, rates
from exports.claims import Claim
from exports.in_flight import room_for
from exports.models import Export
from organizations import fence
from providers.values import Receipt

logger = logging.getLogger(__name__)

# Batches that one stint has in flight.
SLOTS = 48
# Others wait so long for their turn at most, and for the requests then under way. Each stint's end
# leaves slots empty for a part of an answer's time.
STINT_SECONDS = 6.0
# A token and an audience are looked at anew after so long.
_WAY_LASTS = 1.0
# Answers come one by one, and are kept together: more of them are waited for, until half of them
# are there, for so small a part of their usual time, or for so many times as keeping them takes.
_LINGER = 0.1
_KEEPINGS = 3
_LONGEST_LINGER = 0.05


def send_for_a_while(
    organization_id: uuid.UUID,
    export_id: uuid.UUID,
    *,
    ask_for_help: Callable[[], None] = lambda: None,
) -> bool:
    """Send what is due of an export, for a stint; say whether to look at it at once again.

    Else there was nothing, or it is looked at when what holds it back may be over. `ask_for_help`
    is called once all slots are taken: there may be more than one stint can do.
    Harmless to call again, and by many at once. Outside the fence.
    """
    with fence.inside(organization_id):
        export = Export.objects.filter(pk=export_id).first()
    if export is None:
        return False
    with ThreadPoolExecutor(SLOTS, thread_name_prefix="sending") as slots:
        return _Stint(export, slots, ask_for_help).run()


@dataclass
class _Stint:
    export: Export
    slots: ThreadPoolExecutor
    ask_for_help: Callable[[], None]
    has_asked: bool = False
    way: delivery.Way | None = None
    way_until: float = 0.0
    # As many as found a place in the rate last time, and some: what finds none is given back.
    width: int = SLOTS
    is_held_by_rate: bool = False
    # How long an answer took lately, and to keep those that came, in seconds.
    usual: float = 0.0
    keeping: float = 0.0
    under_way: dict[Future[Receipt | None], Claim] = field(default_factory=dict)
    began_at: dict[Future[Receipt | None], float] = field(default_factory=dict)

    def run(self) -> bool:
        ends_at = time.monotonic() + STINT_SECONDS
        received: Sequence[tuple[Claim, Receipt]] = ()
        did_anything, goes_on = False, True
        while True:
            began = time.monotonic()
            goes_on = goes_on and began < ends_at
            claimed = self._keep_and_claim(received, claims=goes_on)
            self.keeping = time.monotonic() - began
            if claimed:
                goes_on = self._begin(claimed)
                did_anything = did_anything or not self._is_held_back()
            if not self.under_way:
                return did_anything
            received = self._received()

    def _keep_and_claim(
        self, received: Sequence[tuple[Claim, Receipt]], *, claims: bool
    ) -> list[Claim]:
        """Keep receipts and claim what fills the free slots, in one transaction."""
        way = self._way() if claims else None
        if way is None and not received:
            return []
        with fence.inside(self.export.organization_id):
            delivery.note_receipts(received)
            if way is None:
                return []
            free = min(SLOTS - len(self.under_way), self.width)
            return delivery.claim_on(way, self.export.pk, at_most=free)

    def _way(self) -> delivery.Way | None:
        if time.monotonic() > self.way_until:
            self.way = delivery.way_of(self.export)
            is_probe = self.way is not None and self.way.is_probe
            self.way_until = time.monotonic() + (0.0 if is_probe else _WAY_LASTS)
            if self.way is not None:
                # What would find no place is not claimed, only to be given back.
                self.width = min(self.width, rates.places_ahead(self.way.sender) or SLOTS)
        return self.way

    def _begin(self, claimed: list[Claim]) -> bool:
        """Send claimed batches; say whether it makes sense to claim more when these have ended."""
        way = self.way
        if way is None:
            raise RuntimeError("Nothing is claimed without a way to send it.")
        placed = delivery.placed(way, claimed)
        self.is_held_by_rate |= len(placed) < len(claimed)
        if self.is_held_by_rate:
            some = len(placed) == len(claimed)
            self.width = max(1, min(SLOTS, len(placed) + some))
        else:
            self.width = min(SLOTS, 2 * self.width)
        if len(self.under_way) + len(placed) == SLOTS:
            self._share()
        for claim, wait_for in placed:
            future = self.slots.submit(_deliver, claim, way, wait_for)
            self.under_way[future] = claim
            self.began_at[future] = time.monotonic() + wait_for
        return bool(placed or self.under_way) and way.is_open

    def _share(self) -> None:
        """Ask for help, once, where more may be in flight than this stint has slots for.

        Before the slots have something to do: among them it would wait for Python's lock. And not
        earlier: an idle worker is quicker to take the message than this one.
        """
        if self.has_asked:
            return
        self.has_asked = True
        with fence.inside(self.export.organization_id):
            is_room = room_for(self.export) > 0
        if is_room:
            self.ask_for_help()

    def _is_held_back(self) -> bool:
        """Say whether none of an export's batches can be sent just now, however often it is tried.

        No token is to be had, or the platform wants nobody to ask for a while.
        """
        if self.way is None or not self.way.is_open:
            return True
        return not self.under_way and rates.is_held(self.way.sender)

    def _received(self) -> list[tuple[Claim, Receipt]]:
        """Wait for answers; return those that are good. What else there was is noted already."""
        done, left = wait(self.under_way, return_when=FIRST_COMPLETED)
        until = time.monotonic() + min(
            max(_LINGER * self.usual, _KEEPINGS * self.keeping), _LONGEST_LINGER
        )
        while len(done) < len(left) and (more := until - time.monotonic()) > 0:
            also, left = wait(left, timeout=more, return_when=FIRST_COMPLETED)
            done |= also
        now = time.monotonic()
        found = []
        for future in done:
            claim = self.under_way.pop(future)
            self.usual = now - self.began_at.pop(future)
            try:
                receipt = future.result()
            except Exception:
                # Its lease ends by itself; the receipts of the others are to be kept.
                logger.exception("batch %s: nothing could be noted", claim.batch.pk)
                continue
            if receipt is not None:
                found.append((claim, receipt))
        return found


def _deliver(claim: Claim, way: delivery.Way, wait_for: float) -> Receipt | None:
    try:
        return delivery.deliver(claim, way, wait_for)
    finally:
        # Only trouble is written from here, and a slot has no connection to keep for it.
        connections.close_all()
