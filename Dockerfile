# The sidecar: Node.js and one bundle, nothing else. docs/operate/image.md says how to build and how to start it.
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim@sha256:6950b66b4c0cb0151ce89fa75074673850763d096b044f422c6729b588dd4956
ARG RUN_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY server/package.json server/
RUN npm ci --workspace server --include-workspace-root
COPY tsconfig.json tsconfig.base.json ./
COPY proto/gen proto/gen
COPY server server
# The commit that the image is built from.
ARG REVISION=unknown
RUN npm run build --workspace server && rm server/dist/*.js.map

FROM ${RUN_IMAGE}
ARG RUN_IMAGE
# The commit that the image is built from.
ARG REVISION=unknown
LABEL org.opencontainers.image.title="session-sidecar" \
      org.opencontainers.image.description="Server-side sessions as a sidecar: gRPC in front, Redis behind." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/session-sidecar/session-sidecar" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${RUN_IMAGE}"
COPY --from=build /src/server/dist /session-sidecar
# A number, because Kubernetes cannot tell whether a name is root (runAsNonRoot).
USER 65532:65532
EXPOSE 9464
# The variable and the flags of the first line of main.js, which has no effect here: there is no /usr/bin/env.
ENV MALLOC_ARENA_MAX=1
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=1", "/session-sidecar/main.js"]
