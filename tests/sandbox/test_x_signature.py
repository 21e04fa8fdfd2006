"""The sandbox's own signatures, by X's published example."""

import pytest

from sandbox.platforms.x.signature import base_string, encoded, signature

# https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature
PARAMETERS = [
    ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ("include_entities", "true"),
    ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
    ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
    ("oauth_signature_method", "HMAC-SHA1"),
    ("oauth_timestamp", "1318622958"),
    ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
    ("oauth_version", "1.0"),
]
CLIENT_SECRET = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
TOKEN_SECRET = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="),
        ("api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="),
    ],
)
def test_the_published_example_has_its_signature(host, right):
    url = f"https://{host}/1.1/statuses/update.json"
    for order in (PARAMETERS, PARAMETERS[::-1]):
        assert signature(base_string("post", url, order), CLIENT_SECRET, TOKEN_SECRET) == right


def test_all_but_the_unreserved_characters_are_encoded():
    assert encoded("azAZ09-._~") == "azAZ09-._~"
    assert encoded("a b+c/d:é☃!*'(),") == "a%20b%2Bc%2Fd%3A%C3%A9%E2%98%83%21%2A%27%28%29%2C"


def test_parameters_of_one_name_are_sorted_by_value():
    pairs = [("a", "2"), ("b", ""), ("a", "1")]
    assert base_string("GET", "http://h/p", pairs).endswith("a%3D1%26a%3D2%26b%3D")
