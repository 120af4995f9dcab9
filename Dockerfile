# An image with `ytxdata` as its command. Archives live in the volume /data; credentials come as YTX_… variables or as a
# file mounted over /data/ytxdata.toml, never from the image.
#
#   docker build -t ytxdata .
#   docker run --rm -v ytxdata:/data --env-file account.env ytxdata sync --archive meetings.archive

ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
COPY requirements.lock /src/
# With hashes: what was tested is what is installed, whatever an index serves today.
RUN python -m venv /opt/ytxdata \
 && /opt/ytxdata/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /src/requirements.lock
COPY . /src
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheel /src \
 && /opt/ytxdata/bin/pip install --no-cache-dir --no-deps /wheel/ytxdata-*.whl \
 && /opt/ytxdata/bin/python -m compileall -q /opt/ytxdata/lib

FROM ${PYTHON}
COPY --from=build /opt/ytxdata /opt/ytxdata
# A number, not a name: orchestrators that refuse root can tell. Matplotlib keeps its cache in the home directory.
RUN useradd --uid 10001 --create-home ytxdata && install -d -o ytxdata -g ytxdata -m 0700 /data
USER 10001
ENV PATH=/opt/ytxdata/bin:$PATH PYTHONUNBUFFERED=1 MPLBACKEND=agg
WORKDIR /data
VOLUME /data
# One signed call an hour, as `doctor` makes it anywhere: settings, the way, the clock, the account.
HEALTHCHECK --interval=1h --timeout=90s --start-period=10s CMD ["ytxdata", "doctor"]
ENTRYPOINT ["ytxdata"]
CMD ["--help"]
