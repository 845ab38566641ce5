"""Settings: what is given is read, and what cannot be used is refused by its name."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from api.options import Options, Provider
from qazyna.errors import StartupError
from qazyna.settings import PROJECT, Settings


def test_nothing_has_to_be_set() -> None:
    settings = Settings.read({"HOME": "/home/aigerim"})
    assert settings == Settings()
    assert settings.database_url is None
    assert settings.data == PROJECT / ".data"


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = Settings.read(
        {
            "QAZYNA_DATABASE_URL": "postgres://qazyna:secret@db.example/treasury?sslmode=verify-full",
            "QAZYNA_DATA": str(tmp_path),
            "QAZYNA_HOST": "::1",
            "QAZYNA_PORT": "443",
            "QAZYNA_POOL": "16",
            "QAZYNA_LANGUAGE": "kk",
            "QAZYNA_SECURE_COOKIES": "Yes",
            "QAZYNA_TRUSTED_PROXIES": "127.0.0.1, 10.1.0.0/16",
            "QAZYNA_LOGS": "json",
            "QAZYNA_METRICS_TOKEN": "sesame-open-sesame",
        }
    )
    assert settings == Settings(
        database_url="postgresql://qazyna:secret@db.example/treasury?sslmode=verify-full",
        data=tmp_path,
        host="::1",
        port=443,
        pool=16,
        language="kk",
        secure_cookies=True,
        trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.1.0.0/16")),
        logs="json",
        metrics_token="sesame-open-sesame",
    )
    shown = settings.shown()
    assert (shown["QAZYNA_DATABASE_URL"], shown["QAZYNA_METRICS_TOKEN"]) == ("db.example/treasury", "***")
    assert not any("secret" in value or "sesame" in value for value in shown.values())
    assert "s3cret" not in str(Settings(smtp_url="smtp://post:s3cret@mail.example:587").shown())


def test_what_is_offered_outside_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "client"
    secret.write_text("s3cret\n")
    settings = Settings.read(
        {
            "QAZYNA_PUBLIC_URL": "https://qazyna.example.kz/",
            "QAZYNA_NCALAYER": "on",
            "QAZYNA_TRUST_STORE": str(tmp_path),
            "QAZYNA_OIDC_ISSUER": "https://id.example.kz/realm",
            "QAZYNA_OIDC_CLIENT_ID": "qazyna",
            "QAZYNA_OIDC_CLIENT_SECRET_FILE": str(secret),
            "QAZYNA_OIDC_LABEL": "Egov",
        }
    )
    provider = Provider("https://id.example.kz/realm", "qazyna", "Egov", "s3cret")
    assert settings.options() == Options("https://qazyna.example.kz", "wss://127.0.0.1:13579", provider)
    assert "s3cret" not in f"{settings.shown()} {settings.options()}"
    assert Settings.read({"QAZYNA_NCALAYER": "no"}).ncalayer is None
    assert Settings.read({"QAZYNA_NCALAYER": "ws://127.0.0.1:4711"}).ncalayer == "ws://127.0.0.1:4711"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"QAZYNA_OIDC_ISSUER": "https://id.example.kz"}, "QAZYNA_OIDC_CLIENT_ID is not"),
        (
            {
                "QAZYNA_OIDC_ISSUER": "https://id.example.kz",
                "QAZYNA_OIDC_CLIENT_ID": "q",
                "QAZYNA_OIDC_CLIENT_SECRET_FILE": "nowhere",
            },
            "QAZYNA_OIDC_CLIENT_SECRET_FILE cannot be read",
        ),
    ],
)
def test_a_provider_that_is_half_set_is_refused(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(StartupError, match=sentence):
        Settings.read(settings).options()


def test_an_empty_variable_is_not_set() -> None:
    assert Settings.read({"QAZYNA_DATABASE_URL": "", "QAZYNA_PORT": " "}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "QAZYNA_NCALAYER",
            "wss://evil.example",
            "QAZYNA_NCALAYER is wss://evil.example, but yes, no or an address like wss://127.0.0.1:13579 is expected.",
        ),
        ("QAZYNA_OIDC_ISSUER", "http://id.example", "but an address with https:// is expected."),
        ("QAZYNA_OIDC_ISSUER", "http://[x", "but an address with https:// is expected."),
        ("QAZYNA_PUBLIC_URL", "qazyna", "QAZYNA_PUBLIC_URL is qazyna, but an address is expected"),
        ("QAZYNA_TRUST_STORE", "nowhere", "but a folder is expected."),
        ("QAZYNA_PORT", "http", "QAZYNA_PORT is http, but a whole number from 1 to 65535 is expected."),
        ("QAZYNA_PORT", "70000", "QAZYNA_PORT is 70000, but a whole number from 1 to 65535 is expected."),
        ("QAZYNA_PORT", "9" * 5000, "but a whole number from 1 to 65535 is expected."),
        ("QAZYNA_POOL", "0", "QAZYNA_POOL is 0, but a whole number from 1 to 80 is expected."),
        ("QAZYNA_POOL", "81", "from 1 to 80"),
        ("QAZYNA_POOL", "٨", "but a whole number from 1 to 80 is expected."),
        ("QAZYNA_LANGUAGE", "fr", "QAZYNA_LANGUAGE is fr, but kk, ru or en is expected."),
        ("QAZYNA_HOST", "a b", "QAZYNA_HOST is a b, but an address or a host name"),
        ("QAZYNA_LOGS", "loud", "QAZYNA_LOGS is loud, but quiet, console or json is expected."),
        ("QAZYNA_METRICS_TOKEN", "short", "QAZYNA_METRICS_TOKEN is not a token: at least 16 letters and digits"),
        ("QAZYNA_DATA", __file__, "which is a file: a folder is expected."),
        (
            "QAZYNA_TRUSTED_PROXIES",
            "nginx",
            "QAZYNA_TRUSTED_PROXIES is nginx, but addresses are expected, like 127.0.0.1, 10.1.0.0/16.",
        ),
        ("QAZYNA_SECURE_COOKIES", "maybe", "QAZYNA_SECURE_COOKIES is maybe, but yes or no is expected."),
        ("QAZYNA_PROT", "80", "There is no setting QAZYNA_PROT: did you mean QAZYNA_PORT?"),
        ("QAZYNA_WEATHER", "", "There is no setting QAZYNA_WEATHER: the settings are QAZYNA_DATABASE_URL, "),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(name: str, value: str, expected: str) -> None:
    with pytest.raises(StartupError) as refused:
        Settings.read({name: value})
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["secret", "mysql://root:secret@db/erp", "postgresql://root:secret@db", "postgresql://[secret", "secret@db/erp"],
)
def test_a_refused_database_address_is_not_repeated(address: str) -> None:
    with pytest.raises(StartupError, match="QAZYNA_DATABASE_URL is not the address") as refused:
        Settings.read({"QAZYNA_DATABASE_URL": address})
    assert "secret" not in str(refused.value)


def test_a_refusal_can_be_said_in_another_language() -> None:
    with pytest.raises(StartupError) as refused:
        Settings.read({"QAZYNA_LANGUAGE": "fr"})
    assert refused.value.template.format(**refused.value.fields) == str(refused.value)
    assert refused.value.fields == {"found": "fr"}
