# All images of the shop, by target:
#
#   service  one service and nothing else: SERVICE is user, product, order or notification
#   pod      the same behind its Envoy, with the agent as process 1
#   edge     agent and Envoy alone: the public door
#   mesh     the authority that gives certificates
#   shop     the operator's command: secrets, demo, seed, load, dlq, …
#   dev      agent, Envoy and Go, for compose.dev.yml
#
#   docker build --target service --build-arg SERVICE=user -t shop/user:dev .
#
# Two builds of the same source are the same bytes: nothing in them is of the time
# or the place of the build.
ARG GO_VERSION=1.26.8
ARG ENVOY_VERSION=1.40.0

# ---- build: Go compiles for the machine that the image is for, on the one that is there.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-trixie AS go
WORKDIR /src
# Every module builds by itself, with what its own go.mod says.
ENV CGO_ENABLED=0 GOWORK=off GOFLAGS="-trimpath -buildvcs=false -mod=readonly"
ARG TARGETARCH
ENV GOOS=linux GOARCH=${TARGETARCH}

# What all of them are made of is compiled once, before they are in parallel.
FROM go AS kit
COPY kit/ kit/
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    cd kit && go build ./service

FROM kit AS build-service
ARG SERVICE
COPY ${SERVICE}/ ${SERVICE}/
ARG VERSION=dev REVISION=unknown SOURCE_DATE_EPOCH=0
# /service is the same for all, so that an image needs no other words than its own.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    cd "${SERVICE:?say which: --build-arg SERVICE=user, product, order or notification}" \
    && go build -ldflags "-s -w -X shop/kit/service.version=${VERSION} -X shop/kit/service.revision=${REVISION}" -o "/out/${SERVICE}" "./cmd/${SERVICE}" \
    && ln -s "${SERVICE}" /out/service \
    && find /out -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" '{}' +

FROM kit AS build-mesh
COPY mesh/ mesh/
ARG VERSION=dev REVISION=unknown SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    cd mesh && go build -ldflags "-s -w -X shop/kit/service.version=${VERSION} -X shop/kit/service.revision=${REVISION}" -o /out/mesh ./cmd/mesh \
    && find /out -exec touch --date "@${SOURCE_DATE_EPOCH}" '{}' +

FROM kit AS build-shop
COPY mesh/ mesh/
COPY user/ user/
COPY product/ product/
COPY order/ order/
COPY notification/ notification/
COPY observability/ observability/
COPY shop/ shop/
ARG VERSION=dev REVISION=unknown SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    cd shop && go build -ldflags "-s -w -X shop/kit/service.version=${VERSION} -X shop/kit/service.revision=${REVISION}" -o /out/shop . \
    && find /out -exec touch --date "@${SOURCE_DATE_EPOCH}" '{}' +

# What a program needs besides itself: a user, and whom to trust when it calls others by TLS.
FROM go AS files
ARG SOURCE_DATE_EPOCH=0
RUN mkdir -p /out/etc/ssl/certs /out/data /pod/etc/mesh /pod/run/mesh /pod/certs /ca/certs /ca/root \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
    && echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' >/out/etc/passwd \
    && echo 'nonroot:x:65532:' >/out/etc/group \
    && for owner in user product order notification edge; do mkdir "/ca/certs/$owner" || exit 1; done \
    && chown -R 65532:65532 /out/data /pod/etc/mesh /pod/run/mesh /pod/certs /ca \
    && chmod -R go= /out/data /pod/etc/mesh /pod/run/mesh /pod/certs /ca/root /ca/certs/* \
    && find /out /pod /ca -exec touch --date "@${SOURCE_DATE_EPOCH}" '{}' +

# ---- images
FROM scratch AS service
COPY --from=files /out/ /
COPY --from=build-service /out/ /
ARG SERVICE VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.title="shop/${SERVICE}" org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.licenses="MIT"
ENV HOST=0.0.0.0
USER 65532:65532
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/service", "health"]
ENTRYPOINT ["/service"]

FROM envoyproxy/envoy:distroless-v${ENVOY_VERSION} AS edge
COPY --from=files /pod/ /
COPY --from=build-mesh /out/ /
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.title="shop/edge" org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.licenses="MIT"
ENV ENVOY=/usr/local/bin/envoy MESH_WORKLOAD=edge
USER 65532:65532
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/mesh", "agent", "check"]
ENTRYPOINT ["/mesh", "agent"]
CMD []

FROM edge AS pod
COPY --from=build-service /out/ /
ARG SERVICE
LABEL org.opencontainers.image.title="shop/pod-${SERVICE}"
# In a mesh a service listens on loopback alone.
ENV MESH_WORKLOAD=${SERVICE} HOST=127.0.0.1 INTERNAL_AUTH=mesh
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/service", "health"]
CMD ["--", "/service"]

FROM go AS dev
# The containers have no way out, so that all modules are in the image.
ENV GOMODCACHE=/modules
COPY kit/go.mod kit/go.sum kit/
COPY user/go.mod user/go.sum user/
COPY product/go.mod product/go.sum product/
COPY order/go.mod order/go.sum order/
COPY notification/go.mod notification/go.sum notification/
RUN for module in kit user product order notification; do (cd "$module" && go mod download) || exit 1; done \
    && mkdir /cache && chown 65532:65532 /cache
COPY --from=edge /usr/local/bin/envoy /usr/local/bin/envoy
COPY --from=edge /mesh /mesh
COPY --from=files /pod/ /
ENV ENVOY=/usr/local/bin/envoy HOME=/cache GOCACHE=/cache/build GOPROXY=off GOTMPDIR=/tmp
USER 65532:65532
ENTRYPOINT ["/mesh", "agent"]

FROM scratch AS mesh
COPY --from=files /out/etc/ /etc/
COPY --from=files /ca/ /
COPY --from=build-mesh /out/ /
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.title="shop/mesh" org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.licenses="MIT"
USER 65532:65532
ENTRYPOINT ["/mesh"]

FROM scratch AS shop
COPY --from=files /out/etc/ /etc/
COPY --from=build-shop /out/ /
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.title="shop/shop" org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.licenses="MIT"
USER 65532:65532
ENTRYPOINT ["/shop"]
