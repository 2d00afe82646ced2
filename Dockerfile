# Installs only locked versions. Runs as an unprivileged user and writes only to /data and /config.
# `make image` runs these steps without Docker.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements requirements
# pip and the build tools of feedgen and of this package stay in this stage.
RUN python -m venv --without-pip /opt/aggregator \
 && python -m pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
      --target /build/tools -r requirements/build.lock
RUN PYTHONPATH=/build/tools python -m pip --python /opt/aggregator/bin/python install --no-cache-dir \
      --no-deps --require-hashes --no-build-isolation --only-binary :all: --no-binary feedgen \
      -r requirements/scale.lock
COPY pyproject.toml README.md LICENSE ./
COPY docs/man docs/man
COPY aggregator aggregator
RUN PYTHONPATH=/build/tools python -m pip --python /opt/aggregator/bin/python install --no-cache-dir \
      --no-deps --no-build-isolation . \
 && /opt/aggregator/bin/aggregator --version

FROM python:3.13-slim
LABEL org.opencontainers.image.title="aggregator" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 aggregator \
 && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin aggregator \
 && install -d -o 10001 -g 10001 /data /config
COPY --from=build /opt/aggregator /opt/aggregator
COPY config/docker.yaml /opt/aggregator/share/aggregator.yaml
COPY config/docker-entrypoint /opt/aggregator/bin/docker-entrypoint
ENV PATH=/opt/aggregator/bin:/usr/local/bin:/usr/bin:/bin \
    AGGREGATOR_CONFIG=/config/aggregator.yaml \
    PUBLIC_URL=http://127.0.0.1:8080/ \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME ["/data", "/config"]
EXPOSE 8080
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["docker-entrypoint"]
CMD ["aggregator", "run", "--host", "*"]
