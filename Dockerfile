# Parley in a container: one binary, no shell, no root.
#
#   docker build -t parley .
#   docker run -d --env-file .env -p 127.0.0.1:5050:5050 parley

FROM denoland/deno:2.9.6 AS build
ENV DENO_DIR=/deno-dir
WORKDIR /app
# .dockerignore limits this to the sources.
COPY . .
RUN --mount=type=cache,target=/deno-dir deno task compile && mkdir data

FROM busybox:1.37.0-musl AS probe

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /app/parley /usr/local/bin/parley
# Only for the health check. Under this name, busybox acts as wget.
COPY --from=probe /bin/wget /usr/local/bin/wget
# Mount settings (.env) and assistants at /etc/parley, and secrets as files named with NAME_FILE.
WORKDIR /home/nonroot
# Everything but DATA_DIR may be read-only.
COPY --from=build --chown=nonroot:nonroot /app/data /var/lib/parley
ENV APP_ENV=production DATA_DIR=/var/lib/parley
# Choose the public port with -p; leave PORT alone.
EXPOSE 5050
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s \
  CMD ["/usr/local/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5050/healthz"]
ENTRYPOINT ["/usr/local/bin/parley"]
