#!/bin/sh
# Fetch Apache Kafka with its runtime dependencies from Maven Central into .cache/kafka/<version> of this repository.
# Needs mvn and a JDK 17 or newer (what brokers of Kafka 4.x run on). Does nothing when the jars are already there.
set -eu

# Pinned here and nowhere else. 4.4.0 is on Central, but not all of its dependencies are (kafka-tools-api).
version=4.3.1

root=$(cd "$(dirname "$0")/../.." && pwd)
target="$root/.cache/kafka/$version"
[ -e "$target/.complete" ] && exit 0

command -v mvn >/dev/null || { echo "fetch_kafka.sh: mvn is missing (Debian: apt-get install maven)" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>urbansense</groupId>
  <artifactId>test-broker</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
mkdir -p "$target"
mvn --batch-mode --quiet --file "$work/pom.xml" dependency:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$target"
touch "$target/.complete"
echo "fetch_kafka.sh: Apache Kafka $version is in ${target#"$root"/}"
