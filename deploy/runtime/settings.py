"""Every setting of every process, read once from `TOLLWIRE_*` variables and then frozen.

Built in `main()` and passed down; nothing reads the environment at import or later.
"""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "TOLLWIRE_"
TESTS_OWN: Final = "TOLLWIRE_TEST_"
"""Variables that only tests read, and no process minds."""


class Settings(BaseSettings):
    """Addresses, sizes and limits. The defaults run everything on one machine."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    broker: str = Field(
        default="127.0.0.1:9092", description="Kafka bootstrap addresses, HOST:PORT[,HOST:PORT]"
    )
    clickhouse: str = Field(default="http://127.0.0.1:8123", description="ClickHouse HTTP address")
    clickhouse_user: str = Field(default="default", pattern=r"^[^\x00-\x1f]+$")
    clickhouse_password: str = Field(default="", pattern=r"^[^\x00-\x1f]*$")
    database: str = Field(default="tollwire", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
    console: str = Field(
        default="127.0.0.1:8000", description="address of the web pages, HOST:PORT"
    )
    rater_metrics: str = Field(
        default="127.0.0.1:9101", description="Prometheus metrics of the rater"
    )
    controls: str = Field(
        default="127.0.0.1:8001",
        description="where the controls answer switches that ask for credit, HOST:PORT",
    )
    controls_url: str = Field(
        default="",
        pattern=r"^(|https?://[^\s]+)$",
        description="how other controls reach this one; empty: http:// and TOLLWIRE_CONTROLS",
    )
    controls_metrics: str = Field(
        default="127.0.0.1:9103", description="Prometheus metrics of the controls"
    )
    rerate_metrics: str = Field(
        default="127.0.0.1:9104", description="Prometheus metrics of the re-rating worker"
    )
    fraud_metrics: str = Field(
        default="127.0.0.1:9105", description="Prometheus metrics of the fraud watch"
    )
    collect: str = Field(
        default="127.0.0.1:8002",
        description="where the collector takes records that switches post, HOST:PORT",
    )
    collect_metrics: str = Field(
        default="127.0.0.1:9106", description="Prometheus metrics of the collector"
    )
    collect_dir: str = Field(
        default="",
        description="where the collector keeps how far it is; empty: collect in TOLLWIRE_DATA_DIR",
    )
    fraud_rules: str = Field(
        default="", description="file of the fraud watch's rules, TOML; empty: the built-in ones"
    )
    webhooks: str = Field(
        default="", description="file of the addresses that webhooks are posted to, TOML"
    )
    webhooks_metrics: str = Field(
        default="127.0.0.1:9107", description="Prometheus metrics of the webhooks"
    )
    raters: str = Field(
        default="",
        description="metrics of all raters for the console, HOST:PORT[,HOST:PORT];"
        " empty: those of TOLLWIRE_RATER_METRICS",
    )
    data_dir: Path = Field(
        default=Path("data"), description="where the embedded ClickHouse keeps its files"
    )
    documents: str = Field(
        default="",
        pattern=r"^(|sqlite:///.+|postgresql(\+[a-z0-9]+)?://.+)$",
        description="database of the records of runs, an SQLAlchemy URL;"
        " empty: documents.db in TOLLWIRE_DATA_DIR",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(|https?://\S+)$",
        description="OpenID Connect issuer whose tokens the API takes, a URL; empty: none",
    )
    oidc_audience: str = Field(
        default="",
        pattern=r"^\S*$",
        description="audience that such a token must be for; empty: none is taken",
    )
    oidc_roles_claim: str = Field(
        default="roles", pattern=r"^\S+$", description="claim of a token with our roles"
    )
    oidc_partner_claim: str = Field(
        default="partner", pattern=r"^\S+$", description="claim of a token with a partner's account"
    )
    session_idle_min: int = Field(
        default=60,
        ge=1,
        le=1_440,
        description="minutes until an unused session ends",
    )
    session_hours: int = Field(default=16, ge=1, le=168, description="hours until any session ends")
    partitions: int = Field(
        default=4, ge=1, le=1_024, description="partitions of each stream topic"
    )
    replication: int = Field(
        default=1, ge=1, le=5, description="copies of each topic in the broker"
    )
    kernel_threads: int = Field(
        default=0, ge=0, le=1_024, description="rating threads; 0 = all cores"
    )
    linger_ms: int = Field(
        default=20, ge=1, le=10_000, description="how long the rater fills a batch"
    )
    fetch_wait_ms: int = Field(
        default=10, ge=1, le=10_000, description="how long a fetch may wait; 500 with Apache Kafka"
    )
    store_linger_ms: int = Field(
        default=100, ge=1, le=10_000, description="how long the store fills one"
    )
    dedupe_calls: int = Field(
        default=750_000, ge=400_000, le=1 << 28, description="ids kept a partition"
    )
    dedupe_window_h: int = Field(
        default=24, ge=1, le=168, description="receipts read again at a start"
    )
    dead_bytes_per_s: int = Field(
        default=1_048_576,
        ge=0,
        le=4_194_304,
        description="original bytes that dead letters of a partition carry a second",
    )
    dead_flood_records: int = Field(
        default=100, ge=0, description="dead letters a minute and partition before it is a flood"
    )
    dead_flood_percent: float = Field(
        default=5.0, ge=0, le=100, description="and their share of the records before it is one"
    )
    rebalance_timeout_s: float = Field(
        default=4.0,
        ge=2,
        le=60,
        description="how long workers may take to join; 10 with Apache Kafka",
    )
    rerate_chunk_calls: int = Field(
        default=500_000, ge=100, le=1_000_000, description="calls a re-rating worker holds at once"
    )
    traffic_cps: float = Field(
        default=40.0, gt=0, le=5_000, description="calls per second of `run`"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("broker", "raters")
    @classmethod
    def _addresses(cls, value: str, info: ValidationInfo) -> str:
        none = not value and info.field_name == "raters"
        if not none and not all(map(_host_port, value.split(","))):
            raise ValueError("expected HOST:PORT, or several of them separated by commas")
        return value

    @field_validator(
        "console",
        "rater_metrics",
        "controls",
        "controls_metrics",
        "rerate_metrics",
        "fraud_metrics",
        "collect",
        "collect_metrics",
        "webhooks_metrics",
    )
    @classmethod
    def _address(cls, value: str) -> str:
        if _host_port(value) is None:
            raise ValueError("expected HOST:PORT")
        return value

    @field_validator("clickhouse")
    @classmethod
    def _url(cls, value: str) -> str:
        found = re.fullmatch(r"https?://(\[[^\s\]]+\]|[^\s/:]+)(:([0-9]{1,5}))?/?", value)
        if not found or (found[3] and not 0 < int(found[3]) < 65_536):
            raise ValueError("expected http://HOST:PORT")
        return value

    @field_validator("data_dir")
    @classmethod
    def _folder(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():
            raise ValueError("expected a folder, this is a file")
        return value

    @field_validator("collect_dir")
    @classmethod
    def _folder_or_none(cls, value: str) -> str:
        if value and Path(value).exists() and not Path(value).is_dir():
            raise ValueError("expected a folder, this is a file")
        return value

    @field_validator("fraud_rules", "webhooks")
    @classmethod
    def _file(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError("expected a file")
        return value


class SettingsError(Exception):
    """A setting is wrong; the message names the variable, the value and what is allowed."""


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError naming each wrong or unknown variable."""
    lines = [_unknown(name) for name in os.environ if _is_unknown(name.upper())]
    try:
        found = Settings()
    except ValidationError as error:
        lines += [_refusal(str(e["loc"][0]), e.get("input"), e["msg"]) for e in error.errors()]
    if lines:
        raise SettingsError("\n".join(lines))
    return found


def _known() -> list[str]:
    return [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(TESTS_OWN) and name not in _known()


def _unknown(name: str) -> str:
    near = get_close_matches(name.upper(), _known(), 1)
    return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")


def _refusal(field: str, value: object, message: str) -> str:
    shown = "***" if "password" in field else repr(value)
    return f"{PREFIX}{field.upper()}={shown}: {message.removeprefix('Value error, ')}"


def host_port(address: str, setting: str) -> tuple[str, int]:
    """Split HOST:PORT (a leading http:// is allowed). Raises SettingsError naming the setting."""
    found = _host_port(address.removeprefix("http://").rstrip("/"))
    if found is None:
        raise SettingsError(f"{setting}={address!r}: expected HOST:PORT")
    return found


def _host_port(text: str) -> tuple[str, int] | None:
    found = re.fullmatch(r"([^\s,;/]+):([0-9]{1,5})", text)
    return (found[1], int(found[2])) if found and 0 < int(found[2]) < 65_536 else None
