# One instance of Cloakroom. docs/deploy.md says what else it needs: a proxy and MongoDB.
FROM rust:1-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
WORKDIR /opt/cloakroom
COPY --from=build /build/target/release/cloakroom /build/Rocket.toml ./
COPY --from=build /build/templates templates
COPY --from=build /build/static static
ENV ROCKET_PROFILE=release ROCKET_ADDRESS=0.0.0.0
USER nobody
EXPOSE 8000
CMD ["./cloakroom"]
