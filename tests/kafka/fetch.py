"""Where the tests' Apache Kafka is: its jars, the Java that runs them, and why not if not.

`bash deploy/install.sh tests` fetches the jars; TOLLWIRE_TEST_KAFKA may name a folder of jars
instead.
"""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / ".cache" / "kafka"
JAVA_MIN = 17


def jars() -> Path:
    """The folder of jars, whether it is there or not."""
    return Path(os.environ.get("TOLLWIRE_TEST_KAFKA", FETCHED))


@cache
def missing() -> str:
    """Why no Apache Kafka can be started here; empty if one can."""
    if not any(jars().glob("kafka_*.jar")):
        return f"no Apache Kafka in {jars()}: fetch it with `bash deploy/install.sh tests`"
    java = shutil.which("java")
    if java is None:
        return f"Apache Kafka needs Java {JAVA_MIN} or later, and there is none"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA_MIN:
        return f"Apache Kafka needs Java {JAVA_MIN} or later: {said.splitlines()[:1]}"
    return ""
