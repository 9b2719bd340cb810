"""Countries: one ISO 3166-1 code for the many ways in which people write a country."""

import unicodedata
from collections.abc import Mapping
from typing import Final

# Codes and English short names of ISO 3166-1 (249 entries), in the wording that addresses use.
_NAMES: Final = """
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO
Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland Islands|AZ
Azerbaijan|BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI
Burundi|BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Caribbean Netherlands|BR Brazil|BS
Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos Islands|CD Democratic
Republic of the Congo|CF Central African Republic|CG Congo|CH Switzerland|CI Côte d'Ivoire|CK Cook Islands|CL
Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde|CW Curaçao|CX Christmas Island|CY
Cyprus|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE
Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM
Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG
Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS
South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HM Heard
Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of
Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP
Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea|KR South
Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR
Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF
Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP
Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX
Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL
Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG
Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS
Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi
Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard and
Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST São Tomé and
Príncipe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini|TC Turks and Caicos Islands|TD Chad|TF French Southern
Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR
Turkey|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying
Islands|US United States|UY Uruguay|UZ Uzbekistan|VA Vatican|VC Saint Vincent and the Grenadines|VE Venezuela|VG
British Virgin Islands|VI U.S. Virgin Islands|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|YE Yemen|YT
Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""

# Other spellings that customer lists hold, with the countries' own names.
_ALIASES: Final = """
US USA|US United States of America|US America|GB UK|GB Great Britain|GB England|GB Scotland|GB Wales|GB Northern
Ireland|DE Deutschland|NL Holland|NL The Netherlands|CZ Czech Republic|TR Türkiye|MK Macedonia|SZ Swaziland|KR
Korea|KR Republic of Korea|RU Russian Federation|VN Viet Nam|CI Ivory Coast|CV Cabo Verde|TL East Timor|MM Burma|IE
Republic of Ireland|IE Éire|VA Vatican City|VA Holy See|MO Macau|AE UAE|AE Emirates|BO Plurinational State of
Bolivia|VE Bolivarian Republic of Venezuela|IR Islamic Republic of Iran|SY Syrian Arab Republic|LA Lao People's
Democratic Republic|MD Republic of Moldova|TZ United Republic of Tanzania|BN Brunei Darussalam|CG Republic of the
Congo|CD DR Congo|GM The Gambia|BS The Bahamas|FK Falkland Islands (Malvinas)|ES España|IT Italia|AT Österreich|CH
Schweiz|CH Suisse|SE Sverige|NO Norge|DK Danmark|FI Suomi|BE België|BE Belgique|PL Polska|BR Brasil|MX México|JP
Nippon|AU Commonwealth of Australia
"""

EEA: Final = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The 27 member states of the Union with Iceland, Liechtenstein and Norway: one region for transfers (GDPR Art. 44)."""


def _entries(table: str) -> list[tuple[str, str]]:
    return [(entry.strip()[:2], " ".join(entry.split())[3:]) for entry in table.split("|")]


def _plain(name: str) -> str:
    """Letters only, without marks and case: "U.S.A." and "usa" are one."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name).casefold() if sign.isalpha())


NAMES: Final[Mapping[str, str]] = dict(_entries(_NAMES))
"""English short name by code."""

_CODES: Final = (
    {_plain(name): code for code, name in _entries(_ALIASES)}
    | {_plain(name): code for code, name in NAMES.items()}
    | {code.lower(): code for code in NAMES}
)


def iso_country(written: str) -> str | None:
    """Find the two-letter code of a country as people write it; `None` where that would be a guess."""
    return _CODES.get(_plain(written))


def together(country: str, others: frozenset[str]) -> bool:
    """Tell whether a country lies in the region of others: one of them, or with one of them in the EEA."""
    return country in others or (country in EEA and bool(EEA & others))
