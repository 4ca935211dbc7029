# mintmarkd and the command mintmark in an image that holds nothing else but the
# libraries they need: no shell, no package manager. docs/containers.md says how it
# is run; `./dev containers` builds and tries it.

# Another Debian 12 or newer, where images come from elsewhere.
ARG BASE=debian:bookworm-slim
FROM $BASE AS build

# Where a proxy is needed, docker passes http_proxy and https_proxy by itself.
WORKDIR /mintmark
COPY tools/install.sh tools/install.sh
RUN tools/install.sh build && rm -rf /var/lib/apt/lists/*

ARG JOBS=2
COPY . .
RUN cmake --preset release -DMINTMARK_TESTS=OFF --log-level=WARNING \
    && cmake --build build/release --parallel "$JOBS" --target mintmarkd mintmark \
    && deploy/collect_root.sh /root-of-image build/release/bin/mintmarkd build/release/bin/mintmark


FROM scratch

# The version of the project; tests/deploy/image_test.py holds the two together.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mintmark" \
      org.opencontainers.image.description="An ID-allocation service: sequences, GUIDs and durable counters over gRPC" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /root-of-image/ /

# A container's port can be reached only when the server listens on all of its
# addresses. Who may reach it is for the engine to say: publish it on 127.0.0.1.
ENV PATH=/usr/bin \
    MINTMARKD_LISTEN=0.0.0.0:50051 \
    MINTMARKD_STORE=sqlite:/var/lib/mintmark/mintmark.db
EXPOSE 50051
WORKDIR /var/lib/mintmark
USER 65532:65532
# A store that vanishes with its container would issue the same ids again.
VOLUME /var/lib/mintmark

HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["mintmark", "health", "--timeout=3s"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["mintmarkd"]
