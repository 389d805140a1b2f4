# syntax=docker/dockerfile:1
# sluicegate's worker and commands. RUNTIME is `cpu` or `gpu`: the two exclude one another;
# `cpu,grpc` answers Envoy's ext_authz over gRPC as well, `cpu,train` trains and explains.
#   docker build --build-arg RUNTIME=gpu -t sluicegate:gpu .

FROM python:3.12-slim AS build
ARG RUNTIME=cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/sluicegate
WORKDIR /src
COPY . .
RUN /opt/sluicegate/bin/pip install ".[${RUNTIME}]"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sluicegate \
  && install -d -o sluicegate /var/lib/sluicegate/audit
COPY --from=build /opt/sluicegate /opt/sluicegate
ENV PATH=/opt/sluicegate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ORT_DISABLE_TELEMETRY=1
USER sluicegate
# Faust makes its data folder in the working directory.
WORKDIR /tmp
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('SLUICEGATE_WEB_PORT', '6066') + '/healthz', timeout=2)"]
ENTRYPOINT ["sluicegate"]
CMD ["worker"]
