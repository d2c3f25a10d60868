"""Every setting of every process, read once from `TOLLWIRE_*` variables and then frozen.

Built in `main()` and passed down; nothing reads the environment at import or later.
"""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Addresses, sizes and limits. The defaults run everything on one machine."""

    model_config = SettingsConfigDict(env_prefix="TOLLWIRE_", frozen=True, extra="ignore")

    broker: str = Field(default="127.0.0.1:9092", description="Kafka bootstrap address, HOST:PORT")
    clickhouse: str = Field(default="http://127.0.0.1:8123", description="ClickHouse HTTP address")
    clickhouse_user: str = "default"
    clickhouse_password: str = ""
    database: str = Field(default="tollwire", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
    console: str = Field(
        default="127.0.0.1:8000", description="address of the web pages, HOST:PORT"
    )
    rater_metrics: str = Field(
        default="127.0.0.1:9101", description="Prometheus metrics of the rater"
    )
    data_dir: Path = Field(
        default=Path("data"), description="where the embedded ClickHouse keeps its files"
    )
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
    rebalance_timeout_s: float = Field(
        default=4.0,
        ge=2,
        le=600,
        description="how long workers may take to join; 60 with real Kafka",
    )
    traffic_cps: float = Field(
        default=40.0, gt=0, le=5_000, description="calls per second of `run`"
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")


class SettingsError(Exception):
    """A setting is wrong; the message names the variable, the value and what is allowed."""


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError naming each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"TOLLWIRE_{str(e['loc'][0]).upper()}={e.get('input')!r}: {e['msg']}"
            for e in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None


def host_port(address: str, setting: str) -> tuple[str, int]:
    """Split HOST:PORT (a leading http:// is allowed). Raises SettingsError naming the setting."""
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise SettingsError(f"{setting}={address!r}: expected HOST:PORT")
    return host, int(port)
