"""What a task at the support desk is to achieve, checked on the final state of the tickets."""

from __future__ import annotations

from dataclasses import dataclass

from bridle.environments.enterprise.support.ticket import Ticket


@dataclass(frozen=True, kw_only=True)
class Target:
    """One ticket and what is to become of it. What is empty or None may be anything.

    `messages` are exactly those that are to be sent in this session, in order. `refund` is the amount in cents that is
    to be requested, and paid where `pay` says so. `needs_person` says who has to look at it; then it is met by handing
    it over to anybody, as it was.
    """

    ticket_id: str
    state: str
    kind: str = ""
    priority: str = ""
    queue: str = ""
    assignee: str = ""
    finding: str = ""
    source: str = ""
    specialist: str = ""
    outcome: str = ""
    messages: tuple[str, ...] = ()
    refund: int | None = None
    pay: bool = False
    into: str = ""
    needs_person: str = ""

    @property
    def label(self) -> str:
        """How results speak of it."""
        return f"{self.ticket_id} {self.state}"

    def met(self, ticket: Ticket) -> bool:
        """Whether the ticket is as it is to be."""
        stated = (
            (self.state, ticket.state),
            (self.kind, ticket.kind),
            (self.priority, ticket.priority),
            (self.queue, ticket.queue),
            (self.assignee, ticket.assignee),
            (self.finding, ticket.finding),
            (self.specialist, ticket.specialist),
            (self.outcome, ticket.outcome),
            (self.into, ticket.merged_into),
        )
        if any(wanted and wanted != given for wanted, given in stated) or self.messages != tuple(ticket.sent):
            return False
        if self.refund is None:
            return True
        made = ticket.refund_case
        return made is not None and made.cents == self.refund and (made.state == "paid") is self.pay


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Every target has to be met, or handed over after the policy denied a call on it; nothing else may be changed."""

    targets: tuple[Target, ...]
