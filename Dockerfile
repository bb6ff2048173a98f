# The service over its embedded practice registry: for trying it out and for integration tests of its callers.
# The real registry needs Windows; this image is not for a domain controller.
#
#   docker build -t sensorproxy .
#   docker run --read-only --tmpfs /tmp -v sensorproxy-data:/data -p 127.0.0.1:8484:8484 sensorproxy
#
# Another registry: --build-arg BASE_IMAGE=registry.example.com/node:22-bookworm-slim
ARG BASE_IMAGE=node:22-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsoa.json ./
COPY scripts scripts
COPY src src
RUN npm run build

# dist/main.js holds every production dependency but the files of Swagger UI, which are served as they are, and the engine
# that runs proxy scripts.
FROM ${BASE_IMAGE}
ENV NODE_ENV=production \
    SENSORPROXY_HOST=0.0.0.0 \
    SENSORPROXY_ALLOW_PLAINTEXT=1 \
    SENSORPROXY_DATA_DIR=/data
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/dist dist
COPY --from=build /src/node_modules/swagger-ui-dist node_modules/swagger-ui-dist
COPY --from=build /src/node_modules/quickjs-wasi node_modules/quickjs-wasi
COPY LICENSE ./
RUN mkdir /data && chown 65534:65534 /data && chmod 700 /data
USER 65534:65534
VOLUME /data
EXPOSE 8484
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SENSORPROXY_PORT || 8484) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
