"""Well-formed tax numbers of persons and companies that do not exist."""

_RUT_MODULUS = 11
_NIT_WEIGHTS = (41, 37, 29, 23, 19, 17, 13, 7, 3)
_RUC_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

_CHILE_COMPANY_BASE = 99_999_000
_CHILE_PERSON_BASE = 39_999_000
_COLOMBIA_BASE = 999_999_000
_PERU_BASE = 2_099_999_000
_SPAIN_BASE = 9_999_000


def tax_id(country, number, is_company=True):
    """Return the tax number of a country's ``number``-th (0 to 999) made-up debtor."""
    return _BUILDERS[country](number, is_company)


def _chile(number, is_company):
    base = number + (_CHILE_COMPANY_BASE if is_company else _CHILE_PERSON_BASE)
    total = sum(
        int(digit) * (2 + position % 6)
        for position, digit in enumerate(reversed(str(base)))
    )
    return f"{base}-{'0K987654321'[total % _RUT_MODULUS]}"


def _mexico(number, _is_company):
    return f"DEM010101{number:03d}"


def _colombia(number, _is_company):
    digits = str(_COLOMBIA_BASE + number)
    return digits + "01987654321"[_weighted(digits, _NIT_WEIGHTS) % 11]


def _peru(number, _is_company):
    digits = str(_PERU_BASE + number)
    return digits + str((11 - _weighted(digits, _RUC_WEIGHTS) % 11) % 10)


def _spain(number, _is_company):
    digits = str(_SPAIN_BASE + number)
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in digits[::2])
    plain = sum(int(digit) for digit in digits[1::2])
    return f"B{digits}{-(doubled + plain) % 10}"


def _weighted(digits, weights):
    return sum(
        int(digit) * weight for digit, weight in zip(digits, weights, strict=True)
    )


_BUILDERS = {
    "CL": _chile,
    "MX": _mexico,
    "CO": _colombia,
    "PE": _peru,
    "ES": _spain,
}
