# One image for every service; the command picks which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements-runtime.lock ./
RUN python -m venv /opt/urbansense \
 && /opt/urbansense/bin/pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY . .
RUN /opt/urbansense/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home urbansense && install -d -o urbansense /data
COPY --from=build /opt/urbansense /opt/urbansense
ENV PATH=/opt/urbansense/bin:$PATH PYTHONUNBUFFERED=1 URBANSENSE_DATA_DIR=/data
USER urbansense
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["urbansense", "probe"]
ENTRYPOINT ["urbansense"]
CMD ["up"]
