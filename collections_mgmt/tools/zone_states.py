"""The time zones of the states of countries which have several.

By the zone descriptions of the IANA tz database (zone1970.tab) and, for the parts of
Nevada and Oregon that it leaves out, 49 CFR 71. The codes are those of
res.country.state, without the country that stands before those of Chile. A state with
parts in several zones has all of them, be it for a small island or a border town: the
people there have the same rights.
"""

_STATES = {
    "BR": {
        "America/Araguaina": "TO",
        "America/Bahia": "BA",
        "America/Belem": "AP",
        "America/Belem America/Santarem": "PA",
        "America/Boa_Vista": "RR",
        "America/Campo_Grande": "MS",
        "America/Cuiaba": "MT",
        "America/Fortaleza": "CE MA PB PI RN",
        "America/Maceio": "AL SE",
        "America/Manaus America/Eirunepe": "AM",
        "America/Porto_Velho": "RO",
        "America/Recife America/Noronha": "PE",
        "America/Rio_Branco": "AC",
        "America/Sao_Paulo": "DF ES GO MG PR RJ RS SC SP",
    },
    "CL": {
        "America/Coyhaique": "AI",
        "America/Punta_Arenas": "MA",
        "America/Santiago": "AN AP AR AT BI CO LI LL LR ML NB RM TA",
        "America/Santiago Pacific/Easter": "VS",
    },
    "EC": {
        "America/Guayaquil": (
            "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 21 22 23 24"
        ),
        "Pacific/Galapagos": "20",
    },
    "ES": {
        "Africa/Ceuta": "CE ME",
        "Atlantic/Canary": "GC TF",
        "Europe/Madrid": (
            "A AB AL AV B BA BI BU C CA CC CO CR CS CU GI GR GU H HU J L LE LO LU M MA "
            "MU NA O OR P PM PO S SA SE SG SO SS T TE TO V VA VI Z ZA"
        ),
    },
    "MX": {
        "America/Cancun": "ROO",
        "America/Chihuahua America/Ciudad_Juarez America/Ojinaga": "CHH",
        "America/Hermosillo": "SON",
        "America/Mazatlan": "BCS SIN",
        "America/Mazatlan America/Bahia_Banderas": "NAY",
        "America/Merida": "CAM YUC",
        "America/Mexico_City": (
            "AGU CHP CMX COL GRO GUA HID JAL MEX MIC MOR OAX PUE QUE SLP TAB TLA VER "
            "ZAC"
        ),
        "America/Monterrey": "DUR",
        "America/Monterrey America/Matamoros": "COA NLE TAM",
        "America/Tijuana": "BCN",
    },
    "PT": {
        "Atlantic/Azores": "20",
        "Atlantic/Madeira": "30",
        "Europe/Lisbon": "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18",
    },
    "US": {
        # The armed forces may be anywhere.
        "": "AA AE AP",
        "America/Anchorage America/Adak": "AK",
        "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
        "America/Chicago America/Denver": "KS ND NE SD TX",
        "America/Denver": "CO MT NM UT WY",
        "America/Denver America/Los_Angeles": "ID NV OR",
        "America/Los_Angeles": "CA WA",
        "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        "America/New_York America/Chicago": "FL IN KY MI TN",
        "America/Phoenix America/Denver": "AZ",
        "America/Puerto_Rico": "PR VI",
        "Pacific/Chuuk Pacific/Pohnpei": "FM",
        "Pacific/Guam": "GU MP",
        "Pacific/Honolulu": "HI",
        "Pacific/Majuro": "MH",
        "Pacific/Pago_Pago": "AS",
        "Pacific/Palau": "PW",
    },
}

# {country: {zone: communes and postal codes}}: who lives there says so in the address.
# Any other address of the country is elsewhere.
ZONES_OF_COMMUNES = {
    "CL": {"Pacific/Easter": {"isla de pascua", "rapa nui", "hanga roa", "2770000"}},
}

# {country: {state: zones}}
ZONES_OF_STATES = {
    country: {
        state: tuple(zones.split())
        for zones, states in states_of_zones.items()
        for state in states.split()
    }
    for country, states_of_zones in _STATES.items()
}
