"""Columns of real programs' exports: what each is recognized as."""

import hashlib
import io

import pytest

from exports.engine.columns import recognized
from exports.engine.reading import look_at
from providers import identifier_types, identifiers
from providers.platforms.amazon_ads.cleaning import identifiers_of
from providers.platforms.x.form import IDENTIFIERS as OF_X

KINDS = (
    identifier_types.email("EMAIL", identifiers.email),
    identifier_types.phone("PHONE", identifiers.phone_e164),
    identifier_types.mobile_ad_id("MAID", identifiers.ad_id_lower),
)
HASH = hashlib.sha256(b"jane@x.com").hexdigest()
OTHER = hashlib.sha256(b"+447700900123").hexdigest()
MAID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
MAID_HASH = hashlib.sha256(MAID.encode()).hexdigest()

# Header, a row, and the names of the columns that are meant.
EXPORTS = {
    "Salesforce contacts": (
        (
            "Id,AccountId,LastName,FirstName,MailingStreet,MailingPostalCode,Phone,Fax,MobilePhone,Email,"
            "HasOptedOutOfEmail,EmailBouncedDate,CreatedDate"
        ),
        (
            "0035g00000XyZ12AAB,0015g00000AbCd,Doe,Jane,1 Main St,75236,,(214) 555-0100,"
            "+12145550101,jane@x.com,false,,2026-01-02T10:00:00.000Z"
        ),
        {"email": "Email", "phone": "MobilePhone"},
    ),
    "HubSpot contacts": (
        (
            "Record ID,First Name,Email,Email Domain,Additional email addresses,Phone Number,"
            "Mobile Phone Number,Marketing emails bounced,Create Date,Lifecycle Stage"
        ),
        "10151,Jane,jane@x.com,x.com,j@y.com;d@z.com,+1 214-555-0100,,0,2026-01-02 10:00,Lead",
        {"email": "Email", "phone": "Phone Number"},
    ),
    "Shopify customers": (
        (
            "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Zip,"
            "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders"
        ),
        "'6940095644',Jane,Doe,jane@x.com,yes,75236,+12145550100,,no,199.00,3",
        {"email": "Email", "phone": "Default Address Phone"},
    ),
    "Shopify without phones": (
        "Customer ID,Email,Accepts Email Marketing,Default Address Zip,Total Spent,Created At",
        "6940095644,jane@x.com,yes,75236-9599,1990000.00,2026-01-02",
        {"email": "Email"},
    ),
    "Klaviyo profiles": (
        (
            "Email,Klaviyo ID,Phone Number,Email Marketing Consent,Email Marketing "
            "Consent Timestamp,SMS Marketing Consent,First Active"
        ),
        "jane@x.com,01HXYZ,+12145550100,SUBSCRIBED,2026-01-02 10:00:00,NEVER_SUBSCRIBED,2026-01-02",
        {"email": "Email", "phone": "Phone Number"},
    ),
    "Mailchimp members": (
        "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,LEID,EUID,NOTES,TAGS",
        "jane@x.com,Jane,2,2026-01-02 10:00:00,192.168.100.200,458372910,0a1b2c3d4e,,vip",
        {"email": "Email Address"},
    ),
    "Stripe customers": (
        "id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Last4,Phone",
        "cus_N1,,jane@x.com,Jane,2026-01-02 10:00,FALSE,card_1,4242,+12145550100",
        {"email": "Email", "phone": "Phone"},
    ),
    "WooCommerce orders": (
        "order_id;order_number;order_date;billing_email;billing_phone;shipping_phone;order_total",
        "1048576;20261048576;2026-01-02;jane@x.com;0171 1234567;;49,90",
        {"email": "billing_email", "phone": "billing_phone"},
    ),
    "a list for Facebook": (
        "email,email,phone,phone,madid,fn,ln,zip,ct,st,country,dob,doby,gen,age,uid",
        f"jane@x.com,j@y.com,1-214-555-0100,,{MAID},Jane,Doe,75236,Dallas,TX,US,01/02/90,1990,F,36,",
        {"email": "email", "phone": "phone", "mobile_ad_id": "madid"},
    ),
    "a list for Google Ads": (
        "Email,Phone,First Name,Last Name,Country,Zip",
        f"{HASH},{OTHER},{HASH},{OTHER},US,75236",
        {"email": "Email", "phone": "Phone"},
    ),
    "a clean room's hashes": (
        "user_key\thashed_email_address\tSHA256(phone)\tmobile_ad_id_sha256\tsegment",
        f"{HASH[:32]}\t{HASH.upper()}\t{OTHER}\t{MAID_HASH}\t7",
        {
            "email": "hashed_email_address",
            "phone": "SHA256(phone)",
            "mobile_ad_id": "mobile_ad_id_sha256",
        },
    ),
    "a German shop": (
        (
            "Kundennr.;Anrede;Vorname;Nachname;Straße;PLZ;Ort;E-Mail-Adresse;Telefon (privat);"
            "Telefax;Handynummer;Geburtsdatum;Newsletter"
        ),
        (
            "100048576;Frau;Jana;Groß;Hauptstr. 1;01067;Dresden;jana@x.de;;0351 12345;"
            "0171 / 1234567;02.01.1990;ja"
        ),
        {"email": "E-Mail-Adresse", "phone": "Handynummer"},
    ),
    "a French CRM": (
        (
            "N° client;Civilité;Prénom;Nom;Adresse;Code postal;Ville;Courriel;N° de téléphone;"
            "Portable;Date d'inscription"
        ),
        "200048576;Mme;Zoé;Brontë;1 rue X;75001;Paris;zoe@x.fr;06 12 34 56 78;;2026-01-02",
        {"email": "Courriel", "phone": "N° de téléphone"},
    ),
    "a Spanish CRM": (
        "DNI,Nombre,Apellidos,Dirección,Código postal,Correo electrónico,Teléfono móvil,Alta",
        "12345678Z,Ana,García,Calle X 1,28001,ana@x.es,612 34 56 78,2026-01-02",
        {"email": "Correo electrónico", "phone": "Teléfono móvil"},
    ),
    "an Italian one": (
        "Codice,Nome,Posta elettronica,Cellulare",
        "100200300,Ada,ada@x.it,347 1234567",
        {"email": "Posta elettronica", "phone": "Cellulare"},
    ),
    "a warehouse": (
        "customer_id,event_ts,contact,msisdn,device_advertising_id",
        f"100200300,1767348000,jane@x.com,447700900123,{MAID.upper()}",
        {"email": "contact", "phone": "msisdn", "mobile_ad_id": "device_advertising_id"},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_of_a_real_program_is_recognized(name):
    header, row, expected = EXPORTS[name]
    shape = look_at(io.BytesIO(f"{header}\n{row}\n".encode()))
    found = recognized(shape, KINDS)
    assert {key: shape.column_names[number] for key, number in found.items()} == expected
    # Of two columns of one name the first is meant.
    assert all(shape.column_names.index(expected[key]) == found[key] for key in expected)


def test_words_and_ids_are_recognized_by_their_names_alone():
    header = "id,city_name,capacity,country,twitter_handle,email_status"
    shape = look_at(io.BytesIO(f"{header}\n2244994945,Dallas,40,US,@jane,ok\n".encode()))
    assert recognized(shape, OF_X) == {"handle": 4}
    found = recognized(shape, identifiers_of("US"))
    assert found == {"city": 1}
