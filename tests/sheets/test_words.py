"""What the words of headers and status cells mean."""

import pytest

from billing.deck import options_from
from billing.sheets.change_words import CLOSED, ORDINARY, REMOVED, UNKNOWN, change_of
from billing.sheets.class_words import price_class_of
from billing.sheets.header_words import role_of

HEADERS = {
    "code": "Code|Dial Code|Dialed Digits|PREFIX|Destination Code|Vorwahl|Indicatif|Prefijo|"
    "Prefisso|Código|Код|区号|NPANXX|DialCodes",
    "country_code": "Country Code|CC|Landesvorwahl|Indicatif pays|Código de país|Код страны",
    "area_code": "Area Code|City code|NPA|Ortsvorwahl",
    "exchange": "NXX",
    "code_end": "Dial code to|Range end|End code",
    "destination": "Destination|Destination Name|Zone|Description|Zielgebiet|Destino|Destinazione|"
    "Направление|目的地|Operator",
    "country": "Country|Land|Pays|País|Страна|国家",
    "price": "Rate|New Rate (USD)|Price per min|Rate/Min|Preis|Tarif|Precio|Prezzo|Prix|Preço|"
    "Cena|Цена|费率|USD|USD/min|Cents per second",
    "old_price": "Old Rate|Previous price|Alter Preis|Ancien tarif|Precio anterior|Старая цена",
    "first_price": "Initial rate|first_rate",
    "connect_fee": "Connection Fee|Setup fee|Connect charge|Verbindungsentgelt",
    "increments": "Increments|Billing Increment|Billing interval|Rounding|Taktung|Pulse|"
    "Тарификация",
    "minimum": "Minimum duration|Min. time",
    "first_increment": "First increment|Initial Interval|1st billing increment|Interval 1",
    "next_increment": "Next increment|Subsequent interval|Additional billing increment|Interval N",
    "effective": "Effective Date|Valid from|Start date|Gültig ab|Date d'effet|Vigencia|Decorrenza|"
    "Дата начала действия|生效日期|Date",
    "end": "End Date|Valid to|Expiry date|Valid until|gültig bis|Date de fin|Hasta|Scadenza",
    "change": "Status|Forbidden|"
    "Change|Rate change|Comments|Remarks|Änderung|Estado|Stato|Изменение",
    "currency": "Currency|Währung|Devise|Moneda|Валюта|Currency code",
    "ignore": "% change|LCR rank|ASR|No.",
    "": "Foo|Peak",
}


@pytest.mark.parametrize("role", HEADERS)
def test_headers(role: str) -> None:
    assert {header: role_of(header) for header in HEADERS[role].split("|")} == dict.fromkeys(
        HEADERS[role].split("|"), role
    )


@pytest.mark.parametrize(
    ("header", "classes"),
    [
        ("Peak rate", ("peak", "any")),
        ("Off-Peak", ("off-peak", "any")),
        ("Weekend price", ("weekend", "any")),
        ("Nebenzeit", ("off-peak", "any")),
        ("EEA", ("any", "EEA")),
        ("Rate non-EEA", ("any", "non-EEA")),
        ("Rate, origin outside EU", ("any", "non-EEA")),
        ("Intra EEA rate", ("any", "EEA")),
        ("Interstate", ("any", "interstate")),
        ("Intra-state rate", ("any", "intrastate")),
        ("IJD", ("any", "indeterminate")),
        ("Invalid CLI", ("any", "missing")),
        ("Rate EUR", ("any", "any")),
        ("Rate", ("any", "any")),
    ],
)
def test_classes_that_headers_name(header: str, classes: tuple[str, str]) -> None:
    assert price_class_of(header, options_from({})) == classes


def test_a_class_of_the_deck_is_named_as_the_deck_spells_it() -> None:
    options = options_from(
        {
            "time_classes": {"default": "Off peak", "Gold hours": ["mon 08:00-09:00"]},
            "origin_classes": {"eea": ["49"], "Balkans": ["381"]},
        }
    )
    assert price_class_of("Off-peak rate", options).time_class == "Off peak"
    assert price_class_of("Rate gold hours", options).time_class == "Gold hours"
    assert price_class_of("EEA origin", options).origin_class == "eea"
    assert price_class_of("Balkans", options).origin_class == "Balkans"


STATUS = {
    CLOSED: "Blocked|BLOCKED - no service|closed|Gesperrt|Not supported|Закрыто|suspended",
    REMOVED: "Deleted|Removed|Code discontinued|gelöscht|Удален",
    ORDINARY: "Increase|decrease|New|No change|unblocked|re-opened|Not blocked|Повышение",
    UNKNOWN: "see below|x",
}


@pytest.mark.parametrize("meaning", STATUS)
def test_status_cells(meaning: str) -> None:
    words = STATUS[meaning].split("|")
    assert {word: change_of(word) for word in words} == dict.fromkeys(words, meaning)
