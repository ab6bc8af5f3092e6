"""What the process may be started with."""

import pytest

from marianne_api.settings import LOOPBACK, ApiSettings, ServerSettings, SettingsError, read_settings

TLS = {"MARIANNE_API_TLS_CERT": "/tls/tls.crt", "MARIANNE_API_TLS_KEY": "/tls/tls.key"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"MARIANNE_API_INSECURE": "false"},
        {"MARIANNE_API_TLS_CERT": "/tls/tls.crt"},
        {"MARIANNE_API_TLS_CERT": "/tls/tls.crt", "MARIANNE_API_INSECURE": "true"},
        {**TLS, "MARIANNE_API_PORT": "https"},
        {**TLS, "MARIANNE_API_LOG_FORMAT": "xml"},
    ],
)
def test_no_start_without_tls_or_on_half_a_truth(environ):
    with pytest.raises(SettingsError, match="MARIANNE_API_"):
        ServerSettings.of(environ)


def test_where_it_listens():
    assert ServerSettings.of(TLS).port == 8443
    assert ServerSettings.of({"MARIANNE_API_INSECURE": "true", "MARIANNE_API_PORT": "80"}).certificate is None


def test_defaults_serve_nobody_from_outside():
    assert read_settings({}) == ApiSettings()
    assert ApiSettings().allowed_hosts == LOOPBACK
    assert ApiSettings().cors_origins == ()


def test_lists_and_rates():
    settings = read_settings(
        {
            "MARIANNE_API_ALLOWED_HOSTS": "API.example, other.example ,",
            "MARIANNE_API_NAMESPACES": "songs",
            "MARIANNE_API_READS_PER_SECOND": "1",
            "MARIANNE_API_WRITES_PER_SECOND": "0.1",
        }
    )
    assert settings.allowed_hosts == ("api.example", "other.example")
    assert settings.bound == "songs"
    assert (settings.limits.reads_at_once, settings.limits.writes_at_once) == (3, 1)
    assert ApiSettings(namespaces=("a", "b")).bound is None


@pytest.mark.parametrize(
    "environ",
    [
        {"MARIANNE_API_CORS_ORIGINS": "*"},
        {"MARIANNE_API_READS_PER_SECOND": "0"},
        {"MARIANNE_API_WRITES_PER_SECOND": "-1"},
        {"MARIANNE_API_WRITES_PER_SECOND": "nan"},
    ],
)
def test_what_would_open_or_close_everything(environ):
    with pytest.raises(SettingsError, match="MARIANNE_API_"):
        read_settings(environ)
