#!/bin/sh
# Writes Sources/TurnWire/Protobuf/livekit_agent.pb.swift from livekit_agent.proto beside it.
#
# Needs protoc (Debian: protobuf-compiler) and Swift. Builds protoc-gen-swift of the version below in a scratch
# folder outside the repository, or uses the checkout that SWIFT_PROTOBUF_CHECKOUT names. The output is
# committed: building the package needs neither tool.
set -eu
version=1.39.0
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=$root/Sources/TurnWire/Protobuf
command -v protoc >/dev/null || { echo "protoc is missing; install protobuf-compiler" >&2; exit 69; }

checkout=${SWIFT_PROTOBUF_CHECKOUT:-}
if [ -z "$checkout" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    checkout=$scratch/swift-protobuf
    git clone -q --depth 1 -b "$version" https://github.com/apple/swift-protobuf "$checkout"
fi
plugin=$checkout/.build/debug/protoc-gen-swift
[ -x "$plugin" ] || swift build --package-path "$checkout" --product protoc-gen-swift
protoc --plugin=protoc-gen-swift="$plugin" --swift_opt=Visibility=Internal \
    --proto_path="$folder" --proto_path="$checkout/Protos/Sources/SwiftProtobuf" \
    --swift_out="$folder" livekit_agent.proto
