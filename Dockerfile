# The trader's image: one bundled program on a base without shell or package manager.
#
# Both bases are pinned to the digest of their multi-platform index. To move to a newer one:
#   docker buildx imagetools inspect node:24-bookworm-slim
#   docker buildx imagetools inspect gcr.io/distroless/nodejs24-debian13:nonroot

# A bundle is the same on every processor: built on the builder's own, without emulation.
FROM --platform=$BUILDPLATFORM node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package needs its install script to be bundled.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY infra/bundles.ts infra/
COPY shared shared
COPY services services
RUN node infra/bundles.ts trader && mkdir data

FROM gcr.io/distroless/nodejs24-debian13:nonroot@sha256:774b7d020b24214835769e24c3544835526cd0288f0b094eae48e8b2c2429a79
COPY --from=build /src/dist/trader /app
COPY --from=build --chown=65532:65532 /src/data /data
# The only places that are written, so the root may be read-only; what is mounted there takes their owner.
VOLUME ["/data", "/tmp"]
WORKDIR /data
USER 65532:65532
# Packages' calls of what Node would like to be rid of are no news in a log.
ENV NODE_ENV=production \
    NODE_OPTIONS="--disable-warning=DEP0040 --disable-warning=DEP0169"
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["/nodejs/bin/node", "/app/health-check.mjs"]
# A young generation of one size: V8 would double and halve it, and memory could not be told from a leak.
ENTRYPOINT ["/nodejs/bin/node", "--min-semi-space-size=2", "--max-semi-space-size=2"]
CMD ["/app/index.mjs"]
