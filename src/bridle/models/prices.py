"""What a call cost, by the price table that genai-prices carries with it. Nothing is ever fetched.

A price is known only where both the server's address and the model stand in the table: the same model's name on
somebody's own server costs something else, or nothing, so a name alone proves no price.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bridle.models.model import Usage


def table() -> str | None:
    """The price table's name and version, for the record; None where none is installed (extra `models`)."""
    try:
        return f"genai-prices {version('genai-prices')}"
    except PackageNotFoundError:
        return None


def price(usage: Usage, model: str, url: str, *, cached: int = 0) -> float | None:
    """US dollars for one call to `model` at the API address `url`; None where the price is unknown.

    `cached` is how many of the input tokens the provider says it had in its cache.
    """
    try:
        from genai_prices import Usage as Tokens
    except ImportError:
        return None
    tokens = Tokens(input_tokens=usage.input_tokens, cache_read_tokens=cached, output_tokens=usage.output_tokens)
    return price_in_detail(tokens, model, url)


def price_in_detail(tokens: Any, model: str, url: str) -> float | None:
    """As `price`, for an object with the attributes of genai-prices' `Usage`."""
    try:
        from genai_prices import calc_price
    except ImportError:
        return None
    try:
        found = calc_price(tokens, model, provider_api_url=url)
    except (LookupError, ValueError):
        # No such server or model in the table, or a usage that it can't price.
        return None
    if found.model_price.input_mtok is None or found.model_price.output_mtok is None:
        # A model that stands in the table without a price of tokens would come out as $0, which nobody knows.
        return None
    return float(found.total_price)
