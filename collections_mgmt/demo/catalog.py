"""Fixed material of the demonstration books: names, places, goods and wording.

Everything is made up. Mail domains are reserved for examples, phone numbers repeat
"555", tax numbers lie in ranges the authorities have not reached.
"""

from decimal import Decimal

from .book_types import Company, Product, Term, TermPart, Unit
from .tax_ids import tax_id

COUNTRY_CHILE = "CL"
COUNTRY_MEXICO = "MX"
COUNTRY_COLOMBIA = "CO"
COUNTRY_PERU = "PE"
COUNTRY_SPAIN = "ES"

CURRENCY = "CLP"

COMPANY = Company(
    name="Distribuidora Andina SpA",
    vat=tax_id(COUNTRY_CHILE, 1),
    country=COUNTRY_CHILE,
    currency=CURRENCY,
    email="cobranzas@andina.example.com",
    units=(
        Unit(
            "SCL",
            "Distribuidora Andina SpA",
            "CL-RM",
            "Santiago",
            "Avenida de los Ejemplos 1200",
            "+56 2 2555 0100",
        ),
        Unit(
            "VLP",
            "Distribuidora Andina Valparaíso",
            "CL-VS",
            "Valparaíso",
            "Calle Ficticia 45, Cerro Barón",
            "+56 32 255 0100",
        ),
        Unit(
            "CCP",
            "Distribuidora Andina Concepción",
            "CL-BI",
            "Concepción",
            "Camino Imaginario 780",
            "+56 41 255 0100",
        ),
    ),
)

TAX_PERCENT = 19

TERM_IMMEDIATE = "immediate"
TERM_15 = "15"
TERM_30 = "30"
TERM_60 = "60"
TERM_THIRDS = "30/60/90"
TERM_HALVES = "50/50"


def _term(key, name, *parts):
    return Term(
        key, name, tuple(TermPart(Decimal(percent), days) for percent, days in parts)
    )


TERMS = (
    _term(TERM_IMMEDIATE, "Contado", ("100", 0)),
    _term(TERM_15, "15 días", ("100", 15)),
    _term(TERM_30, "30 días", ("100", 30)),
    _term(TERM_60, "60 días", ("100", 60)),
    _term(
        TERM_THIRDS,
        "3 cuotas a 30, 60 y 90 días",
        ("33.33", 30),
        ("33.33", 60),
        ("33.34", 90),
    ),
    _term(TERM_HALVES, "50 % contado, 50 % a 30 días", ("50", 0), ("50", 30)),
)

# Net prices are whole hundreds of pesos, so that 19 % of any total is a whole number.
PRODUCTS = (
    Product("HAR", "Harina de trigo, saco de 25 kg", Decimal(17900)),
    Product("ACE", "Aceite vegetal, caja de 12 botellas", Decimal(28600)),
    Product("CON", "Conservas surtidas, pallet mixto", Decimal(214500)),
)

# Mean price of a currency in pesos; the dated series walks around it.
REFERENCE_RATES = {
    "USD": Decimal(945),
    "EUR": Decimal(1035),
    "MXN": Decimal("50.5"),
}

# country: ((state code, city, street), ...)
PLACES = {
    COUNTRY_CHILE: (
        ("CL-RM", "Santiago", "Calle Los Aromos"),
        ("CL-RM", "Maipú", "Avenida Las Acacias"),
        ("CL-RM", "Puente Alto", "Pasaje El Quillay"),
        ("CL-VS", "Valparaíso", "Subida Las Gaviotas"),
        ("CL-VS", "Viña del Mar", "Calle Doce Oriente"),
        ("CL-BI", "Concepción", "Calle Los Copihues"),
        ("CL-BI", "Talcahuano", "Avenida La Bahía"),
        ("CL-CO", "La Serena", "Calle El Faro"),
        ("CL-AN", "Antofagasta", "Avenida Los Minerales"),
        ("CL-AR", "Temuco", "Calle Los Canelos"),
        ("CL-LL", "Puerto Montt", "Calle El Estuario"),
        ("CL-ML", "Talca", "Avenida Las Viñas"),
        ("CL-LI", "Rancagua", "Calle La Herradura"),
        ("CL-MA", "Punta Arenas", "Avenida Los Vientos"),
    ),
    COUNTRY_MEXICO: (
        ("CMX", "Ciudad de México", "Calle Las Jacarandas"),
        ("JAL", "Guadalajara", "Avenida Los Agaves"),
        ("NLE", "Monterrey", "Calle El Mirador"),
    ),
    COUNTRY_COLOMBIA: (
        ("DC", "Bogotá", "Carrera 900"),
        ("ANT", "Medellín", "Calle 900"),
        ("VAC", "Cali", "Avenida 900"),
    ),
    COUNTRY_PERU: (
        ("15", "Lima", "Jirón Las Retamas"),
        ("04", "Arequipa", "Calle El Sillar"),
        ("13", "Trujillo", "Avenida Los Laureles"),
    ),
    COUNTRY_SPAIN: (
        ("M", "Madrid", "Calle de los Olmos"),
        ("B", "Barcelona", "Carrer dels Tarongers"),
        ("SE", "Sevilla", "Calle del Azahar"),
    ),
}

# country: (mobile, landline); both take a number below one thousand.
PHONES = {
    COUNTRY_CHILE: ("+56 9 5555 1{:03d}", "+56 2 2555 1{:03d}"),
    COUNTRY_MEXICO: ("+52 55 5550 1{:03d}", "+52 81 5550 1{:03d}"),
    COUNTRY_COLOMBIA: ("+57 300 555 1{:03d}", "+57 601 555 1{:03d}"),
    COUNTRY_PERU: ("+51 955 551 {:03d}", "+51 1 555 1{:03d}"),
    COUNTRY_SPAIN: ("+34 655 551 {:03d}", "+34 915 551 {:03d}"),
}

LANG_LATIN_AMERICA = "es_419"
LANG_SPAIN = "es"
LANG_ENGLISH = "en_US"

COMPANY_SUFFIXES = {
    COUNTRY_CHILE: ("Ltda.", "SpA", "S.A.", "EIRL"),
    COUNTRY_MEXICO: ("S.A. de C.V.", "S. de R.L. de C.V."),
    COUNTRY_COLOMBIA: ("S.A.S.", "Ltda."),
    COUNTRY_PERU: ("S.A.C.", "E.I.R.L."),
    COUNTRY_SPAIN: ("S.L.", "S.A."),
}

TRADES = (
    "Supermercado",
    "Panadería",
    "Minimarket",
    "Comercial",
    "Restaurante",
    "Pastelería",
    "Almacenes",
    "Hotel",
    "Casino",
    "Abarrotes",
    "Importadora",
    "Rotisería",
    "Provisiones",
)

TRADES_ABROAD = ("Importadora", "Comercial", "Provisiones", "Almacenes")

TRADE_NAMES = (
    "El Volcán",
    "Los Alerces",
    "La Araucaria",
    "Puerto Claro",
    "Río Hondo",
    "Santa Marina",
    "Las Camelias",
    "El Chucao",
    "Bahía Serena",
    "Don Anselmo",
    "La Ñusta",
    "Tres Esteros",
    "Cordillera Blanca",
    "El Pehuén",
    "Doña Ignacia",
    "Valle Quieto",
    "Mar de Fondo",
    "Los Peñones",
    "Cóndor Real",
    "La Güira",
    "Sol de Mayo",
    "El Aljibe",
    "Luna Nueva",
    "San Telésforo",
    "Punta Redonda",
)

FIRST_NAMES = (
    "Camila",
    "Rodrigo",
    "Valentina",
    "Matías",
    "Fernanda",
    "Ignacio",
    "Javiera",
    "Sebastián",
    "Catalina",
    "Joaquín",
    "Antonia",
    "Benjamín",
    "Josefa",
    "Nicolás",
)

LAST_NAMES = (
    "Aravena",
    "Bustamante",
    "Cárcamo",
    "Donoso",
    "Espinoza",
    "Fuenzalida",
    "Gutiérrez",
    "Huenchumilla",
    "Ibáñez",
    "Leiva",
    "Muñoz",
    "Núñez",
    "Oyarzún",
    "Peñaloza",
    "Quiñones",
    "Riquelme",
)

AWKWARD_COMPANY_NAME = "Comercial Núñez & Hijos <Abarrotes Ñuñoa> Ltda."
LONG_PERSON_NAME = (
    "María de los Ángeles Concepción Errázuriz-Goycoolea y Fernández de la "
    "Reguera, viuda de Undurraga Larraín"
)

INVOICE_CONTACT_NAME = "Cuentas por Pagar"
DELIVERY_CONTACT_NAME = "Sucursal {city}"

PAYMENT_MEMOS = ("Transferencia", "Depósito", "Cheque al día", "Transferencia", "PAC")
ON_ACCOUNT_MEMO = "Abono a cuenta, sin detalle de facturas"

CREDIT_REASONS = (
    "Devolución de mercadería",
    "Diferencia de precio",
    "Descuento por volumen",
    "Mercadería dañada en el transporte",
)

COMPLAINTS = (
    "Recibimos 12 cajas de aceite y nos facturaron 18. Adjuntamos la guía de despacho "
    "firmada. No vamos a pagar esta factura mientras no emitan la nota de crédito.",
    "El precio no corresponde a la cotización que aceptamos: debía incluir el "
    "descuento por volumen. Por favor corregir la factura.",
    "El pallet llegó con humedad y tuvimos que botar la mitad. Su chofer dejó "
    "constancia en la guía. Solicitamos que retiren la mercadería.",
    "Esta factura está duplicada: es el mismo pedido que ya pagamos el mes pasado. "
    "Favor anularla.",
    "No reconocemos esta compra. La orden de compra que citan no existe en nuestro "
    "sistema y nadie de nuestra bodega firmó la recepción.",
    "Pedimos entrega en la sucursal y la dejaron en la casa matriz; pagamos un flete "
    "aparte que esperamos que descuenten.",
)
