"""The words of the support desk, and which goes with which: queues, kinds, evidence, findings, messages, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRIORITIES = ("low", "normal", "high", "urgent")
TIERS = ("standard", "business")

QUEUES: Mapping[str, tuple[str, ...]] = {
    "general": ("question",),
    "billing": ("overcharged",),
    "logistics": ("not_received", "damaged"),
    "technical": ("login", "outage"),
    "trust": ("fraud", "privacy"),
    "key_accounts": ("question", "overcharged", "not_received", "damaged", "login", "outage", "fraud", "privacy"),
}
"""The kinds that a queue takes. `key_accounts` takes business customers only."""

KINDS = QUEUES["key_accounts"]
KEY = "key_accounts"

SOURCES: Mapping[str, str] = {
    "overcharged": "invoices",
    "not_received": "tracking",
    "damaged": "photos",
    "login": "logs",
    "outage": "logs",
    "fraud": "account",
    "privacy": "account",
}
"""Where the evidence on a kind is; a question needs none."""

FINDINGS = ("confirmed", "unfounded", "suspicious", "defect", "sensitive")
SPECIALISTS: Mapping[str, str] = {"suspicious": "fraud_desk", "defect": "engineering", "sensitive": "legal"}
"""Who takes a finding that can't be resolved here."""

REFUNDED = ("overcharged", "not_received", "damaged")
"""The kinds on which money can be paid back."""

TEMPLATES: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "ask_details": {},
    "answer": {"finding": ("confirmed", "unfounded")},
    "declined": {"finding": ("unfounded",)},
    "refund_paid": {"refund_state": ("paid",)},
}
"""The messages, each with what the ticket has to show before it is sent."""

OUTCOMES: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "answered": {"refund_state": ("none", "cancelled")},
    "declined": {"finding": ("unfounded",)},
    "refunded": {"refund_state": ("paid",)},
}
"""The outcomes, each with what the ticket has to show before it is resolved so."""

METHODS = ("email_code", "callback")
PAYOUTS = ("card", "bank_transfer", "voucher")
