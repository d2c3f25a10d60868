"""What the words of a header cell say a column holds, in the languages that rate sheets come in.

A header is compared in lower case, without accents, with single spaces for all that is neither
letter nor digit. The first rule that finds its words decides; so exceptions stand in front.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

HEADER_CHARS_MAX: Final = 120
"""longer cells are sentences, not headers"""
_MONEY = (
    r"(rates?|rate per|prices?|cost|charge|tariffs?|preise?|tarife?|precios?|tarifas?|prezz[oi]|"
    r"tariff[ae]|prix|tarifs?|precos?|prijs|cena|stawka|fiyat|ucret|цена|тариф|стоимость|"
    r"费率|价格|单价)"
)
_STEP = (
    r"(increments?|incr?|intervals?|pulse|period|block|durations?|takt|minimum time|charge time|"
    r"charging|seconds?|secs?|sec|интервал|шаг)"
)


def _filled(pattern: str) -> str:
    return pattern.replace("@MONEY@", _MONEY).replace("@STEP@", _STEP)


_RULES: Final = tuple(
    (role, re.compile(_filled(pattern)))
    for role, pattern in (
        ("code", r"^(prefix(es)?|codes?|dial codes?|dialing codes?|dialling codes?|digits)$"),
        (
            "first_price",
            r"^first rate$|^(rate|price) (1|first)$|^(initial|first|minimum) (rate|price|"
            r"minute rate)$",
        ),
        ("price", r"^rate per min$"),
        (
            "code_end",
            r"(codes?|prefix|digits|range|numbers?) (to|end|until|till|bis|hasta)$|"
            r"^(to|end|last) (dial )?(code|prefix|range|number)$",
        ),
        (
            "connect_fee",
            r"^(connect(ion)?|set ?up|call set ?up|call|verbindungs?)( ?(fee|charge|cost|rate|"
            r"price|entgelt|gebuhr|preis))|^connect$|connection (fee|charge)|etablissement|"
            r"establecimiento|conexion|connessione|scatto|соединени",
        ),
        (
            "ignore",
            r"(^| )(percent|variation|variance|difference|diff|delta|old code|lcr|rank|margin|"
            r"answer|asr|acd|quality|iso|mcc|mnc|trunk|id|no|nr|номер|序号)( |$)|^%|^$|"
            r"change (percent|amount)",
        ),
        ("first_increment", r"^(billing )?interval (1|first)$"),
        ("next_increment", r"^(billing )?interval (n|next|2)$"),
        ("change", r"status|^(blocked|forbidden|barred|disabled)$"),
        (
            "currency",
            r"^(billing |rate )?(currency|curr|ccy|wahrung|devise|moneda|valuta|moeda|waluta|"
            r"валюта|币种)( code)?$",
        ),
        (
            "old_price",
            r"(^| )(old|previous|prior|former|last|alte[rns]?|bisherig\w*|ancien\w*|anterior|"
            r"vecchi\w*|precedente|стар\w*|прежн\w*|旧)( .*)?@MONEY@|"
            r"@MONEY@ (anterior|precedente|ancien|vecchio)\b",
        ),
        (
            "end",
            r"(^| )(end|ends|expir\w*|valid (to|until|till|thru|through)|until|till|to date|"
            r"date to|termination date|bis|gultig bis|ende|fin|date de fin|hasta|fecha fin|"
            r"scadenza|fine|ate|koniec|bitis|окончани\w*|по|失效\w*)( |$)|discontinu\w* date|"
            r"close date|valid to",
        ),
        (
            "effective",
            r"effective|valid from|valid as of|activation date|start(ing)? (date|on)|^start$|"
            r"^begin|^from( date)?$|date from|gultig (ab|von)|^ab$|wirksam|inkraft|date d effet|"
            r"effet|en vigueur|vigencia|vigor|fecha( de)? (inicio|efectiv)|decorrenza|ingangs|"
            r"obowiazuje od|gecerlilik|^valid(ity)?$|^(date|datum|fecha|data|дата)$|дата (начала|"
            r"введения|вступ)|действует|生效",
        ),
        (
            "minimum",
            r"^(min|minimum) (duration|time|charge|charged|charging|billing|seconds|sec|"
            r"call)( .*)?$|mindest(dauer|zeit)",
        ),
        (
            "first_increment",
            r"(initial|first|1st|min(imum)?|erste\w*|initiale?|primer|primo) ?(billing |charge |"
            r"rate )?@STEP@",
        ),
        (
            "next_increment",
            r"(next|subsequent|additional|second|2nd|following|sub|folge\w*|suivant\w*|siguiente|"
            r"successiv\w*) ?(billing |charge |rate )?@STEP@",
        ),
        (
            "increments",
            r"increment|"
            r"billing (per|interval|period|unit|type|terms?|method|cycle|incr?)|^billing$|"
            r"^rounding|takt|^pulse|charging interval|intervalo|facturacion|cadence|facturation|"
            r"^interval|^incr?$|tarifierung|tariffazione|scatti|тарификаци|интервал|计费",
        ),
        (
            "country_code",
            r"country (dial(ing|ling)? )?code|^cc$|c code|landesvorwahl|landerkennzahl|"
            r"indicatif (du )?pays|codigo (de )?pais|prefisso (paese|internazionale)|код страны|"
            r"国家代码|国码",
        ),
        ("code", r"^(npa ?nxx|npanxx)( ?x)?$|^npanxx\w?$"),
        (
            "area_code",
            r"(area|city|region(al)?|national|operator|network|local|breakout|"
            r"mobile) (dial )?(codes?|prefix(es)?)|^ndc$|^npa$|ortsvorwahl|код (города|зоны)",
        ),
        ("exchange", r"^nxx$|^exchange( code)?$"),
        (
            "code",
            r"(^| )(codes?|prefix(es)?|prefixe|digits|dial(ed|led|ing|ling)?( digits?| code)?s?|"
            r"vorwahl(en)?|kennzahl(en)?|rufnummernbereich|indicatifs?|prefijos?|prefiss[oi]|"
            r"prefixos?|codigos?|kierunkowy|kod(lar)?|kody|код[ыа]?|префикс\w*|dialcodes?|区号|号码|"
            r"代码)( |$)",
        ),
        (
            "change",
            r"status|^(type of |rate |price |code )?changes?( type| indicator| status)?$|^action|"
            r"comments?|remarks?|notes?$|anderung|bemerkung|estado|cambio|observaci|stato|"
            r"изменени|примечани|commentaire|变动|备注",
        ),
        ("time_class", r"^time class$"),
        ("origin_class", r"^origin class$"),
        (
            "destination",
            r"destinat|^zielgebiet|^ziel|destino|destinazione|kierunek|направлени\w*|目的地",
        ),
        (
            "price",
            r"(^| )@MONEY@( |$)|^(usd|eur|gbp)( ((per|a) )?(min(ute)?|sec(ond)?))?$|"
            r"per (min(ute)?|sec(ond)?)\b|\bcents?\b|minutenpreis|preis",
        ),
        ("country", r"^(country|countries|land|pays|pais|paese|страна|kraj|ulke|国家)( name)?$"),
        (
            "destination",
            r"description|^name$|route|zone|country|location|operator|network|carrier|region|"
            r"beschreibung|bezeichnung|zona|descripcion|descrizione|оператор|breakout|"
            r"^area( name)?$|subdestination",
        ),
    )
)


def normalised(text: str) -> str:
    """A header as rules compare it."""
    plain = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    return re.sub(r"[\W_]+", " ", kept).strip()


@lru_cache(maxsize=4_096)
def role_of(header: str) -> str:
    """The role that a header's words name; "" for none."""
    if not header or len(header) > HEADER_CHARS_MAX:
        return ""
    words = normalised(header)
    if header.strip().startswith(("%", "#")) or header.strip().endswith("%"):
        return "ignore"
    if not words or words.replace(" ", "").isdecimal():
        return ""
    return next((role for role, rule in _RULES if rule.search(words)), "")
