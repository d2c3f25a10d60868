"""Decimal texts of one column, filled up so that their points stand below one another. Pure."""

from collections.abc import Callable, Iterable


def lined(column: Iterable[str]) -> Callable[[str], str]:
    """What fills a text of a column up with zeros to the most decimals that the column has."""
    places = max((len(text.partition(".")[2]) for text in column), default=0)

    def filled(text: str) -> str:
        whole, _, rest = text.partition(".")
        return f"{whole}.{rest:0<{places}}" if places else whole

    return filled
