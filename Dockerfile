# One instance of Cloakroom. docs/deploy.md says what else it needs: a proxy and MongoDB.

FROM rust:1-bookworm AS chef
# It builds the dependencies alone. Their layer then stays as long as Cargo.toml and Cargo.lock do.
RUN cargo install cargo-chef --locked --version 0.1.78
WORKDIR /build

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
COPY --from=plan /build/recipe.json .
RUN cargo chef cook --release --locked --bin cloakroom --recipe-path recipe.json
COPY . .
# There is no .git here. For --version: --build-arg COMMIT="$(git log -1 --format='%h %cs')"
ARG COMMIT=""
RUN CLOAKROOM_COMMIT="$COMMIT" cargo build --release --locked --bin cloakroom && mkdir /data

# The C library and nothing else: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
WORKDIR /opt/cloakroom
COPY --from=build /build/target/release/cloakroom ./
# The binary carries them too, but would have to unpack them. So it also runs with a read-only file system.
COPY templates templates
COPY static static
# `serve --class` keeps its secret here, and `reset` its backup. All else is in MongoDB.
COPY --from=build --chown=65532:65532 /data .data
# A number, because Kubernetes cannot tell from a name whether a user is root.
USER 65532:65532
ENV ROCKET_PROFILE=release ROCKET_ADDRESS=0.0.0.0
EXPOSE 8000
# A start waits up to 20 seconds for MongoDB.
HEALTHCHECK --interval=5s --timeout=5s --start-period=40s CMD ["/opt/cloakroom/cloakroom", "health"]
ENTRYPOINT ["/opt/cloakroom/cloakroom"]
CMD ["serve"]
