#!/usr/bin/env bash
# Makes .venv (no argument), or adds what only the tests need (tests): a Chromium, a CUDA compiler,
# an Apache Kafka; or the last alone (kafka), as benchmarks do. The tests on Kafka skip and say why where Java or Maven's repository is missing.
# On Debian as root it installs the missing Debian package; otherwise it says which one is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

debian_package() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
    else
        echo "error: needs the Debian package(s) $*: sudo apt-get install $*" >&2
        exit 1
    fi
}

java_17() { java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])'; }

fetch_kafka() {
    local jars=.cache/kafka
    [ -z "${TOLLWIRE_TEST_KAFKA:-}" ] || return 0
    java_17 || (debian_package default-jre-headless) || return 0
    ! cmp -s tests/kafka/pom.xml "$jars/pom.xml" || return 0
    command -v mvn >/dev/null || (debian_package maven) || return 0
    rm -rf "$jars" && mkdir -p "$jars"
    echo "fetching Apache Kafka for the tests"
    if timeout 600 mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$PWD/$jars" >"$jars/mvn.log" 2>&1; then
        cp tests/kafka/pom.xml "$jars"
    else
        rm -f "$jars"/*.jar
        echo "Maven cannot fetch Apache Kafka ($jars/mvn.log): the tests on it will be skipped" >&2
    fi
}

if [ "${1:-}" = kafka ]; then
    fetch_kafka
    exit 0
fi

if [ "${1:-}" = tests ]; then
    fetch_kafka
    command -v chromium >/dev/null || debian_package chromium
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/cuda.txt
    exit 0
fi

python=${PYTHON:-python3}
command -v "$python" >/dev/null || debian_package python3
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
    echo "error: Python 3.11 to 3.13 is needed, $python is $("$python" --version); set PYTHON=" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || debian_package python3-venv
rm -rf .venv
"$python" -m venv .venv
echo "installing pinned packages into .venv"
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "compiling the rating kernels (once)"
.venv/bin/python -c 'import kernels; kernels.warm()'
touch .venv/installed
