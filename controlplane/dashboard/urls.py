"""The pages, and what their scripts read."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from controlplane.dashboard.views import (
    actions,
    csv,
    decisions,
    errors,
    live,
    overview,
    savings,
    session,
    workload,
)

_of = "workloads/<str:name>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("frame/live", live.frame_live, name="frame-live"),
    path("overview/live", overview.overview_live, name="overview-live"),
    path(_of, workload.workload, name="workload"),
    path(f"{_of}/live", workload.workload_live, name="workload-live"),
    path(f"{_of}/<str:what>.csv", csv.workload_csv, name="workload-csv"),
    path(f"{_of}/evaluate", actions.evaluate, name="workload-evaluate"),
    path(f"{_of}/override", actions.override, name="workload-override"),
    path(f"{_of}/lift", actions.lift, name="workload-lift"),
    path(f"{_of}/pause", actions.pause, name="workload-pause"),
    path(f"{_of}/resume", actions.resume, name="workload-resume"),
    path(f"{_of}/surge", actions.demo_surge, name="workload-surge"),
    path(f"{_of}/mode", actions.mode, name="workload-mode"),
    path("decisions", decisions.decisions, name="decisions"),
    path("decisions/<str:public_id>.json", decisions.decision_json, name="decision-json"),
    path("decisions/<str:public_id>", decisions.decision, name="decision"),
    path("savings", savings.savings, name="savings"),
    path("savings/figure", savings.savings_figure_json, name="savings-figure"),
    path("savings.csv", savings.savings_csv, name="savings-csv"),
    path("scaling/pause", actions.pause_all, name="pause-all"),
    path("scaling/resume", actions.resume_all, name="resume-all"),
    path("favicon.ico", errors.favicon),
    path("login", session.LoginPage.as_view(), name="login"),
    path("login/<str:secret>", session.login_by_link, name="login-link"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("choose", session.choose, name="choose"),
    path("choose/team", session.choose_team, name="choose-team"),
    path("i18n/", include("django.conf.urls.i18n")),  # set_language: language in a cookie
]
