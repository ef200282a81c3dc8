# Parley in a container: one binary, no shell, no root.
#
#   docker build -t parley .
#   docker run -d --env-file .env -p 127.0.0.1:5050:5050 parley

FROM denoland/deno:2.9.6 AS build
ENV DENO_DIR=/deno-dir
WORKDIR /app
# .dockerignore lets only the sources in.
COPY . .
RUN --mount=type=cache,target=/deno-dir deno task compile && mkdir data

FROM busybox:1.37.0-musl AS probe

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /app/parley /usr/local/bin/parley
# For the health check alone: under this name busybox is wget and nothing else.
COPY --from=probe /bin/wget /usr/local/bin/wget
# A .env mounted here is read; so are secrets in /run/secrets and /etc/parley, given as NAME_FILE.
WORKDIR /home/nonroot
# DATA_DIR. A volume mounted here belongs to the user it is for; everything else may be read-only.
COPY --from=build --chown=nonroot:nonroot /app/data data
ENV APP_ENV=production
# PORT stays as it is in here; choose the port outside with -p.
EXPOSE 5050
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s \
  CMD ["/usr/local/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5050/healthz"]
ENTRYPOINT ["/usr/local/bin/parley"]
