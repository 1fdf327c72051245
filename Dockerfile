# The images of `make images`, built with docker or podman:
#
#     docker build --target vision --tag vision:v1 .
#
# A first stage builds all on Debian 12; each target holds only what scripts/image-root lays out.
FROM debian:12 AS build
WORKDIR /source
COPY scripts/setup scripts/packages scripts/
RUN scripts/setup build images && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j"$(nproc)" && \
    for program in $(awk '!/^#/ { print $1 }' scripts/services); do \
        scripts/image-root "$program" "/images/$program" || exit 1; \
    done

FROM scratch AS service
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /
EXPOSE 8080

FROM service AS message-dumper
COPY --from=build /images/message-dumper /
ENTRYPOINT ["/usr/bin/message-dumper"]

FROM service AS vision
COPY --from=build /images/vision /
ENTRYPOINT ["/usr/bin/vision"]

FROM service AS translate
COPY --from=build /images/translate /
ENTRYPOINT ["/usr/bin/translate"]

FROM scratch AS pubsub-source
COPY --from=build /images/pubsub-source /
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/usr/bin/pubsub-source"]

FROM scratch AS gcp-local
COPY --from=build /images/gcp-local /
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /
EXPOSE 8585 8586
ENTRYPOINT ["/usr/bin/gcp-local"]
CMD ["--host", "0.0.0.0", "--in-memory"]
