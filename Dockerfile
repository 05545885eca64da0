# Maskwright in a container: `docker build -t maskwright .`; docs/how-to/clusters.md tells how to use it.
#
# PyPI's PyTorch brings CUDA's libraries with it, so that one image serves CPUs and NVIDIA's GPUs. For a smaller one
# without CUDA, build with `--build-arg TORCH=…`: the arguments that PyTorch's selector shows for pip and CPU.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG TORCH="torch torchvision"
ARG EXTRAS="train,export,serve"
RUN python -m venv /opt/maskwright
ENV PATH=/opt/maskwright/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt /source/
# First and by itself: the largest layer changes with the versions of the libraries only.
RUN pip install --constraint /source/constraints.txt ${TORCH}
COPY pyproject.toml README.md LICENSE /source/
COPY src /source/src
RUN pip install --constraint /source/constraints.txt "/source[${EXTRAS}]"

FROM python:${PYTHON}-slim
# `--compile` would need g++ as well.
COPY --from=build /opt/maskwright /opt/maskwright
ENV PATH=/opt/maskwright/bin:$PATH HOME=/tmp
# Not root: what is written to a mounted folder belongs to the user of `docker run --user`.
USER 1000:1000
WORKDIR /work
EXPOSE 8000
ENTRYPOINT ["maskwright"]
CMD ["--help"]
