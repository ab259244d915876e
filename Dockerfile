# Watchkeeper as a container: docs/deployment.md says how to run it. Works with BuildKit and with the classic builder.
#
# The base needs Python 3.11 or newer with venv, and CA certificates; nothing is installed into it, so any such image
# will do: docker build --build-arg BASE=registry.example.com/python:3.13 .
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
# An index of your own, or none: with wheels/ in this folder and PIP_NO_INDEX=1, nothing is fetched. Hashes hold anyway.
ARG PIP_INDEX_URL=
ARG PIP_NO_INDEX=
ENV PIP_FIND_LINKS=/build/wheels PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
# A pattern, because the folder need not exist.
COPY requirements.txt requirements-pip.txt wheel[s] wheels/
# pip stays in a venv of its own, so that the one that is shipped has none.
RUN python3 -m venv pip \
 && pip/bin/python -m pip install --quiet --require-hashes -r wheels/requirements-pip.txt \
 && python3 -m venv --without-pip /opt/watchkeeper \
 && pip/bin/python -m pip --python /opt/watchkeeper/bin/python install --quiet --require-hashes -r wheels/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
COPY handlers handlers
# Byte code once and for all: the file system is read-only later. Some packages ship templates that do not compile.
RUN pip/bin/python -m pip --python /opt/watchkeeper/bin/python install --quiet --no-deps --no-build-isolation . \
 && pip/bin/python -m pip --python /opt/watchkeeper/bin/python uninstall --quiet --yes setuptools \
 && python3 -W ignore -m compileall -qq -j 0 --invalidation-mode unchecked-hash -x '/templates?/' /opt/watchkeeper/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Watchkeeper" \
      org.opencontainers.image.description="A self-hosted Slack ChatOps bot for teams that run vector-search platforms" \
      org.opencontainers.image.licenses="Apache-2.0"
# The number is fixed, so that folders and group_add can be prepared for it; the name is what `cli_users` calls.
RUN groupadd --gid 10001 watchkeeper \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin watchkeeper \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/watchkeeper /opt/watchkeeper
ENV PATH=/opt/watchkeeper/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    WATCHKEEPER_CONFIG=/etc/watchkeeper/watchkeeper.yaml WATCHKEEPER_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 3000
# The bot is process 1 without an init: it meets SIGTERM itself, ends its own Valkey last, and has no stray children.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-I", "-m", "bot.healthcheck"]
ENTRYPOINT ["watchkeeper"]
CMD ["serve"]
