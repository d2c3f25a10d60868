"""One process in the foreground, by name."""

from pathlib import Path

from deploy.runtime import logs
from deploy.runtime.settings import Settings, host_port


def serve(process: str, settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError, BrokerDown, ClickHouseDown at start."""
    logs.configure(process, settings.log_level)
    if process == "broker":
        from deploy import broker  # noqa: PLC0415

        broker.serve(settings)
    elif process == "clickhouse":
        from clickhouse import embedded  # noqa: PLC0415

        host, port = host_port(settings.clickhouse, "TOLLWIRE_CLICKHOUSE")
        embedded.serve(host, port, settings.data_dir / "clickhouse")
    elif process == "rater":
        from deploy.reference import hand_over_again  # noqa: PLC0415
        from streams import worker  # noqa: PLC0415

        worker.serve(settings, lambda: hand_over_again(settings))
    elif process == "controls":
        from streams import controls  # noqa: PLC0415

        controls.serve(settings)
    elif process == "fraud":
        from deploy.fraud import read_rules  # noqa: PLC0415
        from streams import fraud  # noqa: PLC0415

        fraud.serve(
            settings, read_rules(Path(settings.fraud_rules) if settings.fraud_rules else None)
        )
    elif process == "rerate":
        from rerate import worker as rerate_worker  # noqa: PLC0415

        rerate_worker.serve(settings)
    elif process == "webhooks":
        from streams.webhooks import process as webhooks  # noqa: PLC0415

        webhooks.serve(settings)
    elif process == "console":
        from dashboards import app  # noqa: PLC0415

        app.serve(settings)
    else:
        from deploy import gentle  # noqa: PLC0415

        gentle.serve(settings)
