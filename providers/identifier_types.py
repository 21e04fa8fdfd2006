"""The identifier types that several platforms take, in words that are the same for all of them."""

from __future__ import annotations

from collections.abc import Callable

from providers.declarations import IdentifierType

PHONE = "phone"
_EMAIL_COLUMNS = (
    *("email", "emailaddress", "mail", "hem", "hashedemail", "emailhash", "emailsha256", "em"),
    *("sha256email", "courriel", "correo", "correoelectronico", "postaelettronica", "epost"),
)
_PHONE_COLUMNS = (
    *("phone", "phonenumber", "mobile", "mobilenumber", "mobilephone", "mobilephonenumber"),
    *("telephone", "telephonenumber", "tel", "msisdn", "cell", "cellphone", "gsm", "ph"),
    *("hashedphone", "phonehash", "phonesha256", "sha256phone"),
    # German, Dutch, French, Spanish, Italian and Portuguese.
    *("telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer"),
    *("telefoon", "telefoonnummer", "mobiel", "portable", "telefono", "movil", "celular"),
    *("cellulare", "telefone", "telemovel"),
)
_AD_ID_COLUMNS = (
    "maid",
    "madid",
    "mobileadid",
    "mobileadvertisingid",
    "adid",
    "advertisingid",
    "deviceid",
    "idfa",
    "gaid",
    "aaid",
    "hashedmaid",
    "maidhash",
    "maidsha256",
    "mobileadidsha256",
)
_APPLE_COLUMNS = ("idfa", "hashedidfa", "idfahash", "idfasha256", "appleadid", "iosadid")
# Where Apple's ids have a column of their own, the general names mean Android's.
_ANDROID_COLUMNS = (
    "maid",
    "gaid",
    "aaid",
    "androidadid",
    "googleadid",
    "hashedmaid",
    "hashedgaid",
    "hashedaaid",
    "maidhash",
    "maidsha256",
    "gaidsha256",
    "aaidsha256",
)

# What these are called is no name of another type, even where it holds one: "mobile ad id".
COLUMNS_OF = {
    "email": _EMAIL_COLUMNS,
    PHONE: _PHONE_COLUMNS,
    "mobile_ad_id": _AD_ID_COLUMNS,
    "apple_ad_id": _APPLE_COLUMNS,
    "android_ad_id": _ANDROID_COLUMNS,
}


def email(wire_name: str, normalize: Callable[[str], str]) -> IdentifierType:
    """Declare e-mail addresses, by the platform's word and rule for them."""
    return IdentifierType(
        "email", "E-mail", wire_name, normalize, _EMAIL_COLUMNS, "Person@Example.com"
    )


def phone(wire_name: str, normalize: Callable[[str], str]) -> IdentifierType:
    """Declare phone numbers, by the platform's word and rule for them."""
    return IdentifierType(PHONE, "Phone", wire_name, normalize, _PHONE_COLUMNS, "+1 (706) 767-5127")


def mobile_ad_id(wire_name: str, normalize: Callable[[str], str]) -> IdentifierType:
    """Declare mobile ad ids of both systems in one column, by the platform's word and rule."""
    return IdentifierType(
        "mobile_ad_id",
        "Mobile ad id",
        wire_name,
        normalize,
        _AD_ID_COLUMNS,
        "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
    )


def apple_ad_id(wire_name: str, normalize: Callable[[str], str]) -> IdentifierType:
    """Declare Apple's advertising ids, by the platform's word and rule for them."""
    return IdentifierType(
        "apple_ad_id",
        "Apple ad id (IDFA)",
        wire_name,
        normalize,
        _APPLE_COLUMNS,
        "EA7583CD-A667-48BC-B806-42ECB2B48606",
    )


def android_ad_id(wire_name: str, normalize: Callable[[str], str]) -> IdentifierType:
    """Declare Android's advertising ids, by the platform's word and rule for them."""
    return IdentifierType(
        "android_ad_id",
        "Android ad id (MAID)",
        wire_name,
        normalize,
        _ANDROID_COLUMNS,
        "cdda802e-fb9c-47ad-9866-0794d394c912",
    )
