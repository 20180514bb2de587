"""Of which autonomous community each province of Spain is a part.

Odoo has the provinces, the calendars of public holidays the communities: codes of
ISO 3166-2:ES without the country.
"""

PROVINCES = {
    "AN": "AL CA CO GR H J MA SE",
    "AR": "HU TE Z",
    "AS": "O",
    "CB": "S",
    "CE": "CE",
    "CL": "AV BU LE P SA SG SO VA ZA",
    "CM": "AB CR CU GU TO",
    "CN": "GC TF",
    "CT": "B GI L T",
    "EX": "BA CC",
    "GA": "C LU OR PO",
    "IB": "PM IB",
    "MC": "MU",
    "MD": "M",
    "ML": "ME ML",
    "NC": "NA",
    "PV": "VI SS BI",
    "RI": "LO",
    "VC": "A CS V",
}
REGIONS = {
    province: community
    for community, provinces in PROVINCES.items()
    for province in provinces.split()
}
