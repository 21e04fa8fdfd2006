import pytest

from providers.wording import quoted, reference, word

DIGEST = "b375b7bbddb3de3298fbc7641063d9f03a38e118aa4480c8ab9f58740982e8bd"


@pytest.mark.parametrize(
    "secret",
    [
        "0.MGQCxyz123456789abcdef",
        "Atza|IQEBLjAsAhRmHjNgHpi0U-Dme37rR6CuUpSR",
        "pina_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij",
        DIGEST,
        "6253282-eWudHldSbIaelX7swmsiHImEL4KinwaGloHANdrY",
    ],
)
def test_what_may_be_a_secret_is_masked(secret):
    text = quoted(f"The token '{secret}' is wrong: token={secret}.")
    assert secret not in text
    assert not any(secret[at : at + 12] in text for at in range(len(secret) - 12))
    assert "wrong" in text


def test_a_sentence_stays_readable_and_short():
    said = "Segment name\n is too long: retention_in_days must be at most 9999"
    assert quoted(said) == "Segment name is too long: retention_in_days must be at most 9999"
    assert len(quoted("word " * 500)) == 160
    assert quoted(None) == ""


def test_a_word_keeps_only_what_a_word_may_hold():
    assert word("E3002") == "E3002"
    assert word("<b>access_denied</b>\r\n") == "baccess_deniedb"
    assert word(None) == ""
    assert word(40105) == "40105"
    assert word("lwa-invalid-redirect-uri-vendor") == "lwa-invalid-redirect-uri-vendor"
    assert word(f"bad {DIGEST}") == "bad"
    assert len(word("word " * 500)) == 60


def test_a_reference_is_kept_for_the_platforms_support():
    assert (
        reference("98e2a602-3cf4-4596-a8f9-7f034161f89a") == "98e2a602-3cf4-4596-a8f9-7f034161f89a"
    )
    assert reference(None) == ""
    assert len(reference("x" * 500)) == 120
