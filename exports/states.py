"""Where exports and their batches stand, what they do, and every move that is legal."""

from __future__ import annotations

from django.db import models


class Mode(models.TextChoices):
    """What an export does with its identifiers."""

    ADD = "add", "Add"
    REMOVE = "remove", "Remove"
    REPLACE = "replace", "Replace"


class ExportState(models.TextChoices):
    """Where an export stands."""

    DRAFT = "draft", "Draft"
    PREPARING = "preparing", "Preparing"
    SENDING = "sending", "Sending"
    WAITING = "waiting", "Waiting"
    SUCCEEDED = "succeeded", "Succeeded"
    SUCCEEDED_WITH_REJECTS = "succeeded_with_rejects", "Succeeded with rejects"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class WaitingFor(models.TextChoices):
    """For whom or what an export waits. Only `PERSON` needs somebody to say "Go on"."""

    RECONNECTION = "reconnection", "reconnection"
    DESTINATION = "destination", "its destination"
    PLATFORM = "platform", "the platform"
    PERSON = "person", "a person"
    TURN = "turn", "its turn"


FINAL = frozenset(
    {
        ExportState.SUCCEEDED,
        ExportState.SUCCEEDED_WITH_REJECTS,
        ExportState.FAILED,
        ExportState.CANCELED,
    }
)

# Every move that an export may make. "Retry failed" is what leads out of a final state.
EXPORT_MOVES: dict[ExportState, frozenset[ExportState]] = {
    ExportState.DRAFT: frozenset({ExportState.PREPARING}),
    ExportState.PREPARING: frozenset(
        {ExportState.SENDING, ExportState.FAILED, ExportState.CANCELED}
    ),
    ExportState.SENDING: frozenset({ExportState.WAITING, *FINAL}),
    ExportState.WAITING: frozenset({ExportState.SENDING, *FINAL}),
    ExportState.FAILED: frozenset({ExportState.PREPARING, ExportState.SENDING}),
}


class BatchState(models.TextChoices):
    """Where a batch stands."""

    PENDING = "pending", "Pending"
    SENDING = "sending", "Sending"
    # The platform has it, and it changes nothing before all are put in effect together.
    UPLOADED = "uploaded", "Uploaded"
    # The platform has it and works on it; what came of it is asked for later.
    TAKEN = "taken", "Being processed"
    ACCEPTED = "accepted", "Accepted"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    # Some of its rows were refused; its two halves go instead of it.
    SPLIT = "split", "Sent in halves"
    # A single identifier that the platform refuses: a reject.
    REFUSED = "refused", "Refused"


ENDED = frozenset(
    {
        BatchState.ACCEPTED,
        BatchState.FAILED,
        BatchState.CANCELED,
        BatchState.SPLIT,
        BatchState.REFUSED,
    }
)


UNENDED = (BatchState.PENDING, BatchState.SENDING, BatchState.UPLOADED, BatchState.TAKEN)


class Operation(models.TextChoices):
    """What a batch does. Only the first two are sent; the others are there for the record."""

    ADD = "add", "Add"
    REMOVE = "remove", "Remove"
    # People of a Replace who are in the audience already.
    KEEP = "keep", "Keep"
    # What several exports together have left in the audience.
    HELD = "held", "Held"


SENT = (Operation.ADD, Operation.REMOVE)


class Recorded(models.TextChoices):
    """What a batch is to the record of its audience (see `exports.record`)."""

    # Part of it, once it was sent.
    YES = "", "Yes"
    # Whether it is still there is not known any more.
    DOUBTED = "doubted", "Doubted"
    # Other batches say what it said.
    FOLDED = "folded", "Folded"
    # Its file is gone, so nobody knows whom it had.
    LOST = "lost", "Lost"
