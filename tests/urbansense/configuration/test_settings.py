"""Settings: every problem at once, secrets never shown."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from urbansense.configuration.settings import load_settings


def problems(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(f"URBANSENSE_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return "\n".join(caught.value.problems)


def test_the_defaults_are_embedded_and_need_nothing() -> None:
    settings = load_settings()
    assert settings.embedded_parts() == ("URBANSENSE_MQTT_URL", "URBANSENSE_LOG_URL", "URBANSENSE_STORE_URL")
    assert settings.topics.telemetry("streetlight") == "telemetry.streetlight"


def test_all_problems_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(
        monkeypatch,
        MQTT_URL="http://nowhere",
        LOG_URL="redis://x",
        STORE_URL="influxdb://h:8086/org/bucket",
        DATABASE_URL="mysql://x",
        HTTP_PORT="99999",
        TIMEZONE="Mars/Olympus",
        CLOCK="simulated",
        PARTITIONS="0",
        MQTTT_URL="typo",
    )
    named = (
        "MQTT_URL",
        "LOG_URL",
        "STORE_TOKEN",
        "DATABASE_URL",
        "HTTP_PORT",
        "TIMEZONE",
        "TOPIC_PREFIX",
        "PARTITIONS",
    )
    for name in (*named, "MQTTT_URL"):
        assert f"URBANSENSE_{name}" in told


def test_a_slot_must_be_one_of_the_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GATEWAY_SLOTS=2" in problems(monkeypatch, GATEWAY_SLOT="2", GATEWAY_SLOTS="2")
    monkeypatch.setenv("URBANSENSE_GATEWAY_SLOT", "1")
    assert load_settings().gateway_slot == 1


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANSENSE_STORE_TOKEN", "s3cret")
    assert "s3cret" not in repr(load_settings())
    assert "s3cret" not in problems(monkeypatch, STORE_URL="nonsense")


def test_a_password_in_a_url_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(monkeypatch, MQTT_URL="mqtt://user:s3cret@", DATABASE_URL="mysql://user:s3cret@host/db")
    assert "s3cret" not in told


def test_a_toml_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "urbansense.toml").write_text('topic_prefix = "a."\nhttp_port = 9000\n')
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "9001")
    settings = load_settings()
    assert (settings.topic_prefix, settings.http_port) == ("a.", 9001)
    (tmp_path / "urbansense.toml").write_text("zork = 1\n")
    with pytest.raises(ConfigurationError, match=r"urbansense\.toml: zork: there is no such setting"):
        load_settings()
    (tmp_path / "urbansense.toml").write_text("not toml")
    with pytest.raises(ConfigurationError, match=r"urbansense\.toml"):
        load_settings()


def test_the_citys_policy_for_cases_is_the_shipped_one_or_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().case_policy is None
    monkeypatch.setenv("URBANSENSE_CASE_POLICY", "city/cases.yaml")
    assert load_settings().case_policy == Path("city/cases.yaml")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "urbansense.city.example"])
def test_a_listener_that_others_reach_needs_login(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(monkeypatch, HTTP_HOST=host)
    assert "URBANSENSE_HTTP_HOST" in told
    assert "URBANSENSE_LOGIN=required" in told
    monkeypatch.setenv("URBANSENSE_LOGIN", "required")
    assert host in load_settings().host_names


def test_a_provider_needs_an_id_and_what_its_groups_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(monkeypatch, OIDC_ISSUER="https://login.example", OIDC_CLIENT_SECRET="s3cret")
    assert "URBANSENSE_OIDC_CLIENT_ID" in told
    assert "URBANSENSE_OIDC_ROLES" in told
    assert "s3cret" not in told
    monkeypatch.setenv("URBANSENSE_OIDC_CLIENT_ID", "urbansense")
    monkeypatch.setenv("URBANSENSE_OIDC_ROLES", "cn=a,dc=b=operator, *=viewer")
    assert "URBANSENSE_OIDC_ROLES" in problems(monkeypatch)
    monkeypatch.setenv("URBANSENSE_OIDC_ROLES", "cn:a=operator, *=viewer")
    assert load_settings().oidc_roles == {"cn:a": "operator", "*": "viewer"}


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "ftp://login.example"])
def test_a_provider_is_reached_over_https(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "URBANSENSE_OIDC_ISSUER" in problems(monkeypatch, OIDC_ISSUER=issuer)


def test_the_public_address_is_answered_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANSENSE_PUBLIC_URL", "https://urbansense.city.example/")
    monkeypatch.setenv("URBANSENSE_ALLOWED_HOSTS", "other.example, third.example")
    names = load_settings().host_names
    assert {"127.0.0.1", "urbansense.city.example", "other.example", "third.example"} <= set(names)


def test_a_trusted_proxy_is_an_address_or_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().trusted_proxies == ()
    monkeypatch.setenv("URBANSENSE_TRUSTED_PROXIES", "10.0.0.7, 2001:db8::/32")
    assert load_settings().trusted_proxies == ("10.0.0.7", "2001:db8::/32")
    monkeypatch.setenv("URBANSENSE_TRUSTED_PROXIES", "proxy.city.example")
    with pytest.raises(ConfigurationError, match=r"'proxy\.city\.example' is no address or network"):
        load_settings()
