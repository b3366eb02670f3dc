# kerasreg with its examples. CPU by default; for NVIDIA GPUs: --build-arg EXTRAS=cuda, then docker run --gpus all.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
ARG EXTRAS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv
WORKDIR /source
# The dependencies have a layer of their own: they are large and change seldom.
COPY pyproject.toml README.md LICENSE ./
COPY kerasreg/__init__.py kerasreg/
RUN /opt/venv/bin/pip install ".[plot${EXTRAS:+,$EXTRAS}]" && /opt/venv/bin/pip uninstall --yes kerasreg
COPY kerasreg kerasreg
RUN /opt/venv/bin/pip install --no-deps --target /opt/kerasreg .

FROM ${BASE_IMAGE}
RUN useradd --create-home --uid 1000 kerasreg
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/kerasreg /opt/kerasreg
COPY examples /opt/examples
ENV PATH=/opt/kerasreg/bin:/opt/venv/bin:$PATH PYTHONPATH=/opt/kerasreg PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=2
USER 1000
WORKDIR /home/kerasreg
CMD ["python3", "/opt/examples/quickstart.py"]
