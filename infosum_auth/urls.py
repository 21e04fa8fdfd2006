"""Every address of the product, by room."""

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="destinations:list"), name="home"),
    path("", include("organizations.urls")),
    path("authorizations/", include("authorizations.urls")),
    path("destinations/", include("destinations.urls")),
    path("exports/", include("exports.urls")),
]
