"""Every address of the product, found by introspection: none can dodge its guard."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView


def addresses(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry)
        else:
            yield entry


def test_every_view_says_who_may_enter():
    views = list(addresses())
    unguarded = [
        str(entry.pattern)
        for entry in views
        if not hasattr(entry.callback, "member_may")
        and not hasattr(entry.callback, "signed_out_too")
        and getattr(entry.callback, "view_class", None) is not RedirectView
    ]
    assert len(views) > 10
    assert unguarded == []


def test_only_these_may_be_entered_by_anybody():
    open_to_all = {entry.name for entry in addresses() if hasattr(entry.callback, "signed_out_too")}
    assert open_to_all == {"sign_in", "sign_out", "callback"}
