# Runs models in NumPy, without TensorFlow. From the root of the repository:
#   docker build -f docs/deployment/generate.Dockerfile -t textrnn-generate .
#   docker run --rm textrnn-generate generate "To be or not to"
#   docker run --rm -v "$PWD/my-model:/model:ro" textrnn-generate generate "Once" --model /model

FROM python:3.13-slim AS build
COPY . /source
WORKDIR /source
RUN pip install --no-cache-dir --no-deps --target /packages . -r docs/deployment/generate.txt

FROM python:3.13-slim
COPY --from=build /packages /packages
ENV PYTHONPATH=/packages PYTHONUTF8=1
USER nobody
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "textrnn"]
CMD ["generate", "To be or not to"]
