"""Where international revenue share fraud terminates most: the default list of prefixes.

Country codes and ranges that hijacked and shared-revenue numbers are offered in, as published fraud
surveys name them year after year. It is a start: the rule file replaces it as a whole.
"""

from typing import Final

HIGH_RISK: Final = (
    "1649", "1664", "1767", "1784", "1809", "1829", "1849", "1868", "1876",  # Caribbean
    "216", "220", "221", "222", "224", "225", "226", "231", "232", "235", "236", "239", "240",
    "245", "247", "252", "257", "261", "263", "269", "290", "291",  # Africa and its islands
    "370", "371", "372", "373", "375", "381", "387",  # Baltic states, Moldova, Belarus, Balkans
    "4470",  # personal numbers
    "500", "509", "53", "592", "597",  # Falklands, Haiti, Cuba, Guyana, Suriname
    "670", "672", "674", "675", "676", "677", "678", "679", "681", "682", "683", "685", "686",
    "687", "688", "690", "691", "692",  # Pacific
    "850", "870", "881", "882", "883", "960", "979", "992", "994",  # satellite, networks, others
)  # fmt: skip
