# Trains models, and does all else that textrnn does. From the root of the repository:
#   docker build -f docs/deployment/train.Dockerfile -t textrnn .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" textrnn train language-model book.txt --output my-model
# With --cpus 4 a run has four cores, and divides its batches accordingly. For an NVIDIA card:
#   docker build -f docs/deployment/train.Dockerfile --build-arg TENSORFLOW='tensorflow[and-cuda]' -t textrnn-gpu .
#   docker run --rm --gpus all -v "$PWD:/work" textrnn-gpu train language-model book.txt --output my-model --device gpu

FROM python:3.13-slim
ARG TENSORFLOW=tensorflow
COPY . /source
RUN pip install --no-cache-dir /source "$TENSORFLOW" && rm -r /source
# Caches of fonts and of corpora go where any user may write.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib PYTHONUTF8=1
WORKDIR /work
# A run that is told to stop leaves a checkpoint, and `--resume` goes on from it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "textrnn"]
CMD ["--help"]
