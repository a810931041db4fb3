"""What is asked, what is only read back, what is in doubt, and how long is waited."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import ModelFault
from bridle.journal import Journal
from bridle.models.model import Completion, Request, Usage
from bridle.models.retry import Retry
from bridle.synthesis.ledger import Ledger, OutOfCalls

FIRST, SECOND = Request(prompt="first"), Request(prompt="second")


def reply(text: str, tokens: int | None = 3, usd: float | None = 0.5) -> Completion:
    return Completion(
        text=text,
        model="m-1",
        usage=None if tokens is None else Usage(input_tokens=tokens, output_tokens=tokens),
        usd=usd,
        seconds=1.5,
    )


class Killed(BaseException):
    """The process dies in the middle of a call."""


@dataclass
class Speaker:
    """A model that gives, or raises, what it is told to."""

    answers: list[Completion | BaseException]
    name: str = "speaker"
    asked: list[str] = field(default_factory=list)

    def complete(self, request: Request) -> Completion:
        self.asked.append(request.prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened


def ledger(journal: Journal, model: Speaker, *, allowance: int = 9, waits: list[float] | None = None) -> Ledger:
    slept = [] if waits is None else waits
    return Ledger(journal, model, expansion=4, allowance=allowance, retry=Retry(attempts=3), sleep=slept.append)


def test_a_call_is_journalled_intent_before_and_result_after(journal: Journal) -> None:
    class Looking(Speaker):
        def complete(self, request: Request) -> Completion:
            assert [e.kind for e in journal.events()] == ["call.intent"]
            return super().complete(request)

    book = ledger(journal, Looking([reply("yes")]))
    assert book.complete(FIRST) == reply("yes")
    assert [e.kind for e in journal.events()] == ["call.intent", "call.result"]
    assert (book.bill.calls, book.bill.tokens, book.bill.usd, book.bill.in_doubt) == (1, 6, 0.5, 0)


def test_what_is_recorded_is_never_asked_again_and_bills_the_same(journal: Journal) -> None:
    waits: list[float] = []
    model = Speaker([ModelFault("busy"), reply("one"), reply("two", tokens=None, usd=None)])
    book = ledger(journal, model, waits=waits)
    told = [book.complete(FIRST), book.complete(SECOND)]
    assert len(waits) == 1
    silent = Speaker([])
    again = ledger(journal, silent, waits=waits)
    assert [again.complete(FIRST), again.complete(SECOND)] == told
    assert again.bill == book.bill
    assert (again.bill.unknown, again.bill.unpriced) == (2, 2)  # "busy" may have been billed: nobody said
    assert silent.asked == []
    assert len(waits) == 1  # nobody waits for what is past


def test_attempts_that_may_be_billed_are_bounded_apart_from_those_that_can_not_be(journal: Journal) -> None:
    def fault(billable: bool) -> ModelFault:
        return ModelFault("no", billable=billable)

    model = Speaker([fault(False), fault(False), reply("one")])
    book = Ledger(journal, model, expansion=1, allowance=9, billable=1, retry=Retry(attempts=3), sleep=lambda _: None)
    assert book.complete(FIRST).text == "one"
    assert (book.bill.calls, book.bill.answers, book.bill.unknown) == (3, 1, 0)
    with pytest.raises(OutOfCalls):
        book.complete(SECOND)
    model = Speaker([fault(True), fault(True), reply("never")])
    book = Ledger(journal, model, expansion=2, allowance=9, billable=2, retry=Retry(attempts=9), sleep=lambda _: None)
    with pytest.raises(ModelFault):
        book.complete(FIRST)
    assert (book.bill.calls, book.bill.answers, book.bill.unknown) == (2, 2, 2)
    again = Ledger(journal, Speaker([]), expansion=2, allowance=9, billable=2, retry=Retry(attempts=9))
    with pytest.raises(ModelFault):
        again.complete(FIRST)
    assert again.bill == book.bill


def test_a_call_in_doubt_is_counted_apart_and_made_anew(journal: Journal) -> None:
    for _ in range(2):
        with pytest.raises(Killed):
            ledger(journal, Speaker([Killed()])).complete(FIRST)
    model = Speaker([reply("one"), Killed()])
    book = ledger(journal, model)
    assert book.complete(FIRST).text == "one"
    assert (book.bill.calls, book.bill.in_doubt) == (1, 2)
    with pytest.raises(Killed):
        book.complete(SECOND)
    last = ledger(journal, Speaker([reply("two")]))
    assert [last.complete(FIRST).text, last.complete(SECOND).text] == ["one", "two"]
    assert (last.bill.calls, last.bill.in_doubt) == (2, 3)


def test_an_answer_to_another_request_is_no_answer_to_this_one(journal: Journal) -> None:
    ledger(journal, Speaker([reply("one")])).complete(FIRST)
    model = Speaker([reply("two")])
    assert ledger(journal, model).complete(SECOND).text == "two"
    assert ledger(journal, Speaker([])).complete(SECOND).text == "two"
    assert ledger(journal, Speaker([])).complete(FIRST).text == "one"


def test_an_erased_answer_is_asked_for_again(journal: Journal) -> None:
    ledger(journal, Speaker([reply("one")])).complete(FIRST)
    event = journal.last("call.result")
    assert event is not None
    journal.erase(event.seq)
    book = ledger(journal, Speaker([reply("again")]))
    assert book.complete(FIRST).text == "again"
    assert book.bill.in_doubt == 0


def test_another_expansions_calls_are_its_own(journal: Journal) -> None:
    ledger(journal, Speaker([reply("one")])).complete(FIRST)
    other = Ledger(journal, Speaker([reply("other")]), expansion=41, allowance=1)
    assert other.complete(FIRST).text == "other"


def test_waits_are_the_retry_policys_and_honour_the_provider(journal: Journal) -> None:
    waits: list[float] = []
    book = ledger(
        journal, Speaker([ModelFault("busy"), ModelFault("later", retry_after=17.0), reply("yes")]), waits=waits
    )
    assert book.complete(FIRST).text == "yes"
    assert waits == [1.0, 17.0]


@pytest.mark.parametrize(
    "fault", [ModelFault("wrong key", permanent=True), ModelFault("in an hour", retry_after=3600.0)]
)
def test_what_asking_again_can_not_help_is_raised_at_once_and_recorded(journal: Journal, fault: ModelFault) -> None:
    model = Speaker([fault])
    with pytest.raises(ModelFault, match=str(fault)):
        ledger(journal, model).complete(FIRST)
    silent = Speaker([])
    with pytest.raises(ModelFault, match=str(fault)) as caught:
        ledger(journal, silent).complete(FIRST)
    assert (caught.value.permanent, caught.value.retry_after) == (fault.permanent, fault.retry_after)
    assert silent.asked == []


def test_the_attempts_end(journal: Journal) -> None:
    model = Speaker([ModelFault("busy")] * 9)
    with pytest.raises(ModelFault, match="busy"):
        ledger(journal, model).complete(FIRST)
    assert len(model.asked) == 3


def test_the_allowance_bounds_every_attempt(journal: Journal) -> None:
    model = Speaker([ModelFault("busy"), reply("one"), reply("two")])
    book = ledger(journal, model, allowance=2)
    assert book.complete(FIRST).text == "one"
    with pytest.raises(OutOfCalls):
        book.complete(SECOND)
    assert len(model.asked) == 2
    model = Speaker([ModelFault("busy")] * 2)
    with pytest.raises(ModelFault):
        Ledger(journal, model, expansion=5, allowance=1).complete(FIRST)
    assert len(model.asked) == 1


STEPS = st.lists(st.sampled_from(["answer", "fault", "permanent", "kill"]), min_size=1, max_size=12)


@settings(max_examples=40)  # each is a dozen durable writes
@given(steps=STEPS, allowance=st.integers(1, 6))
def test_however_often_it_is_killed_nothing_recorded_is_asked_again(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], allowance: int
) -> None:
    """Three requests in a row, by processes that die at any call: the last one reads back what the others recorded."""
    requests = [Request(prompt=f"request {number}") for number in range(3)]
    plan = iter(steps)
    made: list[str] = []

    class Fickle:
        name = "fickle"

        def complete(self, request: Request) -> Completion:
            step = next(plan, "answer")
            if step == "kill":
                raise Killed
            made.append(step)
            if step != "answer":
                raise ModelFault("fault", permanent=step == "permanent")
            return reply(f"{request.prompt}, answer {len(made)}")

    with Journal(tmp_path_factory.mktemp("ledger") / "journal.sqlite") as journal:

        def run(book: Ledger) -> list[str]:
            told = []
            for request in requests:
                try:
                    told.append(book.complete(request).text)
                except (ModelFault, OutOfCalls) as error:
                    told.append(type(error).__name__)
            return told

        while True:
            book = Ledger(journal, Fickle(), expansion=1, allowance=allowance, sleep=lambda seconds: None)
            try:
                told = run(book)
                break
            except Killed:
                continue
        asked = len(made)
        again = Ledger(journal, Fickle(), expansion=1, allowance=allowance, sleep=lambda seconds: None)
        assert run(again) == told
        assert again.bill == book.bill
        assert len(made) == asked == book.bill.calls <= allowance
        intents = len(list(journal.events("call.intent")))
        assert intents == asked + book.bill.in_doubt
