# Built from the locked versions alone; runs as nobody in particular, writes to /data alone.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements requirements
RUN python -m venv /opt/aggregator \
 && /opt/aggregator/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
# what builds the wheel stays in this stage
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements/dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY aggregator aggregator
RUN /opt/tools/bin/hatchling build -t wheel -d dist \
 && /opt/aggregator/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim
LABEL org.opencontainers.image.title="aggregator" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin aggregator \
 && install -d -o aggregator -g aggregator /data
COPY --from=build /opt/aggregator /opt/aggregator
COPY config/docker.yaml /etc/aggregator/aggregator.yaml
ENV PATH=/opt/aggregator/bin:$PATH \
    AGGREGATOR_CONFIG=/etc/aggregator/aggregator.yaml \
    PUBLIC_URL=http://127.0.0.1:8080/ \
    PYTHONUNBUFFERED=1
USER aggregator
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
CMD ["aggregator", "run", "--host", "0.0.0.0"]
