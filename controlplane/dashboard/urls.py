"""The pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from controlplane.dashboard.views import overview, session

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("login", session.LoginPage.as_view(), name="login"),
    path("login/<str:secret>", session.login_by_link, name="login-link"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("choose", session.choose, name="choose"),
    path("choose/team", session.choose_team, name="choose-team"),
    path("i18n/", include("django.conf.urls.i18n")),  # set_language: language in a cookie
]
