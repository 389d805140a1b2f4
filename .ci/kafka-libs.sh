#!/bin/sh
# Collects Apache Kafka's broker jars into the folder FOLDER: .ci/kafka-libs.sh FOLDER
# The tests on Apache Kafka run when SLUICEGATE_TEST_KAFKA_LIBS names that folder.
# 4.4.0 cannot be resolved: its pom names a kafka-tools-api that Maven Central did not have (2026-11-22).
set -eu

version=4.3.1
libs=${1:?usage: $0 FOLDER}
[ -e "$libs/kafka_2.13-$version.jar" ] && exit 0

mkdir -p "$libs"
pom=$(mktemp)
trap 'rm -f "$pom"' EXIT
cat >"$pom" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluicegate</groupId>
  <artifactId>kafka-libs</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>$version</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -B -q -ntp -f "$pom" \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$(cd "$libs" && pwd)"
