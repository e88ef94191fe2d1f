"""A message's story, and the hand on one that waits."""

from uuid import UUID

from shared.contracts.lanes import LANES
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog, AuditRepository
from shared.runtime.operations.audit.schemas import AuditLine
from shared.runtime.operations.dead_letters.schemas import DeadLetter
from shared.runtime.operations.messages.errors import MessageNotFound, MessageNotWaiting, NothingToUndo, UndoNotFound
from shared.runtime.operations.messages.repository import MessageControl, MessageRepository
from shared.runtime.operations.messages.schemas import (
    INBOX_WORDS,
    OUTBOX_WORDS,
    MessageStory,
    ReceivedMessage,
    SentMessage,
    Touched,
)
from shared.runtime.operations.tables import AnyRow


async def tell(messages: MessageRepository, audit: AuditRepository, message_id: UUID, *, with_body: bool) -> MessageStory:
    """Everything that this service knows of a message. Raises MessageNotFound when that is nothing."""
    sent = await messages.sent(message_id, with_body=with_body)
    received = await messages.received(message_id, with_body=with_body)
    letters = await messages.letters(message_id, with_body=with_body)
    if not sent and received is None and not letters:
        raise _unknown()
    lines = await audit.of([str(message_id), *(str(letter.id) for letter in letters)])
    return MessageStory(
        id=message_id,
        outbox=[SentMessage.model_validate(row) for row in sent],
        inbox=ReceivedMessage.model_validate(received) if received is not None else None,
        dead_letters=[DeadLetter.model_validate(row) for row in letters],
        audit=[AuditLine.model_validate(row) for row in lines],
    )


class MessageOperations:
    """Changes by one operator in one unit of work."""

    def __init__(self, messages: MessageRepository, control: MessageControl, past: AuditRepository, audit: AuditLog) -> None:
        self._messages = messages
        self._control = control
        self._past = past
        self._audit = audit

    async def cancel(self, message_id: UUID, reason: str) -> Touched:
        """Cancel it wherever it waits in this service. Raises MessageNotFound and MessageNotWaiting."""
        undo_id = uuid7()
        outbox, inbox = await self._control.cancel(message_id, undo_id)
        if not outbox and not inbox:
            raise await self._refusal(message_id)
        await self._audit.write("message.cancel", str(message_id), reason, undo_id=undo_id, outbox=outbox, inbox=inbox)
        return Touched(outbox=outbox, inbox=inbox, undo_id=undo_id)

    async def retry(self, message_id: UUID, reason: str) -> Touched:
        """Make it due now. Raises MessageNotFound and MessageNotWaiting."""
        outbox, inbox = await self._control.hurry(message_id)
        if not outbox and not inbox:
            raise await self._refusal(message_id)
        await self._audit.write("message.retry", str(message_id), reason, outbox=outbox, inbox=inbox)
        return Touched(outbox=outbox, inbox=inbox)

    async def undo(self, undo_id: UUID, reason: str) -> Touched:
        """Put back what a cancellation or a purge took out. Raises UndoNotFound and NothingToUndo."""
        outbox, inbox = await self._control.restore(undo_id)
        if not outbox and not inbox:
            if await self._past.knows_undo(undo_id):
                raise NothingToUndo("it has been undone already, or its messages were cleaned away after seven days")
            raise UndoNotFound("no cancellation or purge of this service has this undo id; /audit lists those that there are")
        await self._audit.write("undo", str(undo_id), reason, outbox=outbox, inbox=inbox)
        return Touched(outbox=outbox, inbox=inbox)

    async def _refusal(self, message_id: UUID) -> MessageNotFound | MessageNotWaiting:
        received, sent = await self._messages.received(message_id), await self._messages.sent(message_id)
        if received is not None:
            return MessageNotWaiting(_about_received(received), state=INBOX_WORDS[received.state])
        if sent:
            return MessageNotWaiting(_about_sent(sent[0]), state=OUTBOX_WORDS[sent[0].state])
        return _unknown()


def _unknown() -> MessageNotFound:
    return MessageNotFound("no such message is here: ask its producer and its consumer; what is done is kept for 30 days")


def _about_received(row: AnyRow) -> str:
    match INBOX_WORDS[row.state]:
        case "done" | "dropped" as word:
            return f"it is {word} since {row.finished_at:%Y-%m-%d %H:%M:%S} UTC; nothing of it waits any more"
        case "leased":
            return f"a worker is carrying it out right now (attempt {row.attempt}); wait until that has ended, then look again"
        case "dead":
            return "it has failed for good; replay or discard its dead letter instead"
        case "cancelled":
            return f"it is cancelled already; undo that with /undo/{row.undo_id}"
        case _:
            return "the relay or a worker has it in its hands at this moment; look again in a second"


def _about_sent(row: AnyRow) -> str:
    match OUTBOX_WORDS[row.state]:
        case "sent":
            owner = LANES[row.lane].owner if row.lane in LANES else "consumer"
            return f"it has been sent to {row.lane}; ask the {owner} service, whose it is now"
        case "cancelled":
            return f"it is cancelled already; undo that with /undo/{row.undo_id}"
        case _:
            return "the relay is sending it at this moment; look again in a second"
