//! Containers that were once taken for ones without any memory setting.

use super::*;
use crate::row::RuntimeName::{
    self, CockroachDb, DotNet, Go, Jvm, Memcached, MongoDb, MySql, Node, Other, PostgreSql, Redis, Varnish,
};

type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], Option<Runtime>);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// A JVM without memory settings.
const JVM: Option<Runtime> = share(2500, Jvm);

const fn told(bytes: u64, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::Told { bytes, name })
}

const fn share(percent_hundredths: u32, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::FromLimit { percent_hundredths, name })
}

/// Values that cannot be evaluated.
const fn unclear(name: RuntimeName) -> Option<Runtime> {
    share(10_000, name)
}

fn check(cases: &[Case<'_>]) {
    for (image, words, env, expected) in cases {
        let variables: Vec<_> = env.iter().map(|(name, value)| (*name, Some(*value))).collect();
        assert_eq!(detect(image, words, &variables, false), *expected, "{image} {words:?} {env:?}");
    }
}

#[test]
fn more_images_are_on_a_jvm() {
    for image in [
        "amazoncorretto:21",
        "public.ecr.aws/docker/library/amazoncorretto",
        "ibm-semeru-runtimes:open-21-jre",
        "ibm-semeru-runtimes",
        "sapmachine",
        "dragonwell",
        "jruby:10",
        "clojure",
        "groovy",
        "maven:3",
        "gradle:8",
        "tomee",
        "apereo/cas:7",
        "rundeck/rundeck:5",
        "apache/tika:3",
        "starburstdata/starburst-enterprise",
        "hapiproject/hapi",
        "wiremock/wiremock:3",
        "amazon/dynamodb-local",
        "dependencytrack/apiserver",
        "docker.osgeo.org/geoserver:2.26",
        "gocd/gocd-server",
        "dspace/dspace:8",
        "janusgraph/janusgraph",
        "k8ssandra/cass-management-api",
        "petergrace/opentsdb-docker",
        "plantuml/plantuml-server",
        "yuzutech/kroki",
        "softwaremill/elasticmq",
        "linuxserver/unifi-network-application",
        "itzg/minecraft-server",
        "team/web:1.4-jre",
        "team/web:1.4-jdk-alpine",
        "registry.example:5000/team/web:jdk21@sha256:00",
    ] {
        assert_eq!(detect(image, &[], &[], false), JVM, "{image}");
    }
    check(&[
        ("registry.jdk.example:5000/team/web", &[], &[], None),
        ("softwaremill/elasticmq-native", &[], &[], None),
        ("itzg/minecraft-bedrock-server", &[], &[], None),
    ]);
}

#[test]
fn variables_and_words_of_a_jvm() {
    let app = "registry.example/team/app:1";
    check(&[
        (app, &[], &[("JAVA_HOME", "/opt/java")], JVM),
        (app, &[], &[("JMX_PORT", "9010")], JVM),
        (app, &[], &[("JAVA_VERSION", "21")], JVM),
        (app, &[], &[("APP_JAR", "app")], JVM),
        (app, &[], &[("TO_RUN", "/srv/web.jar")], JVM),
        (app, &[], &[("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "health")], JVM),
        (app, &[], &[("SPRING_DATASOURCE_USERNAME", "web")], JVM),
        (app, &[], &[("DB", "jdbc:postgresql://db/web")], JVM),
        (app, &[], &[("APP_OPTS", "-Dconfig.file=/etc/app.conf")], JVM),
        (app, &["/cnb/process/web"], &[("BPE_APPEND_JAVA_TOOL_OPTIONS", "")], JVM),
        (app, &["/cnb/process/web"], &[("BPL_JMX_ENABLED", "true")], JVM),
        (app, &["/cnb/process/web"], &[("BPL_DEBUG", "true")], None),
        (app, &["-cp", "/app/classes:/app/libs/*", "com.example.Main"], &[], JVM),
        (app, &["run", "-classpath", "lib", "-v", "com.example.Main"], &[], JVM),
        (app, &["--class-path=lib", "com.example.MainKt"], &[], JVM),
        (app, &["-cp", "@/app/jib-classpath-file", "com.example.Main"], &[], JVM),
        (app, &["@/app/jib-main-class-file"], &[], JVM),
        (app, &["catalina.sh", "run"], &[], JVM),
        (app, &["/usr/local/tomcat/bin/catalina.sh", "run"], &[], JVM),
        (app, &["-cp", "a.txt", "b.txt"], &[], None),
        (app, &["-k", "uvicorn.workers.UvicornWorker"], &[], None),
        (app, &[], &[("APP_FLAGS", "-DX=1")], None),
    ]);
}

#[test]
fn dotnet_and_node_by_their_names() {
    check(&[
        ("app", &[], &[("ASPNETCORE_URLS", "http://+:8080")], share(7500, DotNet)),
        ("app", &[], &[("DOTNET_ENVIRONMENT", "Production")], share(7500, DotNet)),
        ("app", &[], &[("CORECLR_ENABLE_PROFILING", "1")], share(7500, DotNet)),
        ("node:20-alpine", &["server.js"], &[], share(5000, Node)),
        ("docker.io/library/node", &[], &[], share(5000, Node)),
        ("node:lts", &[], &[], share(5000, Node)),
        ("ubi9/nodejs-22:1", &[], &[], share(5000, Node)),
        ("gcr.io/distroless/nodejs22-debian12", &[], &[], share(5000, Node)),
        ("node:22", &["node", "--max-old-space-size=512", "x.js"], &[], told(512 * MIB, Node)),
        ("node:18", &[], &[], None),
        ("ubi8/nodejs-18", &[], &[], None),
        ("prom/node-exporter:v1.8", &[], &[], None),
    ]);
}

#[test]
fn what_cannot_be_worked_out_is_not_taken_for_nothing() {
    check(&[
        ("app", &["sh", "-c", "node --max-old-space-size=$((3*256)) x.js"], &[], unclear(Node)),
        ("app", &["sh", "-c", "node --max-old-space-size=`cat /size` x.js"], &[], unclear(Node)),
        ("app", &["sh", "-c", "node --max-old-space-size=\"$(cat /size)\" x.js"], &[], unclear(Node)),
        ("app", &["node", "--max-old-space-size=$(HEAP)"], &[], unclear(Node)),
        ("app", &["node", "--max_old_space_size", "${HEAP}"], &[], unclear(Node)),
        ("app", &[], &[("NODE_OPTIONS", "--max-old-space-size=$(HEAP)")], unclear(Node)),
        ("app", &[], &[("GOMEMLIMIT", "$(LIMIT)")], unclear(Go)),
        ("app", &["sh", "-c", "GOMEMLIMIT=$((LIMIT * 9 / 10)) exec /app"], &[], unclear(Go)),
        ("app", &["sh", "-c", "export GOMEMLIMIT=${LIMIT}; exec /app"], &[], unclear(Go)),
        ("redis:8", &["redis-server", "--maxmemory", "$(MAX)"], &[], unclear(Redis)),
        ("redis:8", &["sh", "-c", "redis-server --maxmemory ${MAX}mb"], &[], unclear(Redis)),
        ("postgres:17", &["-c", "shared_buffers=$(BUFFERS)"], &[], unclear(PostgreSql)),
        ("postgres:17", &["-cshared_buffers=$(BUFFERS)MB"], &[], unclear(PostgreSql)),
        ("mysql:9", &["--loose-innodb-buffer-pool-size=$(POOL)"], &[], unclear(MySql)),
        // A setting of one cache says nothing about the other.
        ("mysql:9", &["--innodb-buffer-pool-size=$(POOL)", "--key-buffer-size=64M"], &[], unclear(MySql)),
        ("mongo:8", &["--wiredTigerCacheSizeGB", "$(CACHE)"], &[], unclear(MongoDb)),
        ("memcached:1.6", &["-m", "$(SIZE)"], &[], unclear(Memcached)),
        ("python:3", &["python", "-m", "$(MODULE)"], &[], None),
        ("cockroachdb/cockroach", &["start", "--cache=$(C)", "--max-sql-memory=1GiB"], &[], unclear(CockroachDb)),
        ("varnish:7.6", &["-s", "malloc,$(SIZE)"], &[], unclear(Varnish)),
        ("app", &["serve", "--memory-limit=$(LIMIT)"], &[], unclear(Other)),
        ("app", &[], &[("CACHE_MAX_MEMORY", "${LIMIT}")], unclear(Other)),
        ("app", &["serve", "--port=$(PORT)"], &[], None),
        // The heap of a JVM: not its initial size, and not the image's default.
        ("app", &["sh", "-c", "java -Xms1g -Xmx${HEAP}m -jar x.jar"], &[], JVM),
        ("apache/kafka:3.8.0", &[], &[("KAFKA_HEAP_OPTS", "-Xmx${HEAP}m")], JVM),
        ("app", &["java", "-Xmx$(HEAP)", "-Xmx2g"], &[], told(2 * GIB, Jvm)),
    ]);
}

#[test]
fn what_stands_elsewhere_cannot_be_worked_out_either() {
    let from = |words: &[&str], name: &str| detect("app", words, &[(name, None)], false);
    assert_eq!(from(&["node", "--max-old-space-size=$(HEAP)"], "HEAP"), unclear(Node));
    assert_eq!(from(&["sh", "-c", "node --max-old-space-size=$HEAP x.js"], "HEAP"), unclear(Node));
    assert_eq!(from(&[], "GOMEMLIMIT"), unclear(Go));
    assert_eq!(from(&[], "NODE_OPTIONS"), unclear(Node));
    assert_eq!(from(&[], "WORKER_MEMORY_LIMIT"), unclear(Other));
    assert_eq!(from(&[], "MEMORY_DB_PASSWORD"), None);
    assert_eq!(from(&[], "PASSWORD"), None);
}

#[test]
fn bare_numbers_of_bytes_and_caches_by_their_names() {
    check(&[
        ("influxdb:2", &[], &[("INFLUXD_STORAGE_CACHE_MAX_MEMORY_SIZE", "2147483648")], told(2 * GIB, Other)),
        ("app", &["ray", "start", "--memory=2147483648"], &[], told(2 * GIB, Other)),
        ("app", &["serve", "--max-memory-usage", "3221225472"], &[], told(3 * GIB, Other)),
        ("etcd:3", &["etcd", "--quota-backend-bytes=8589934592"], &[], told(8 * GIB, Other)),
        ("app", &["serve", "--cache-size-mb=2048"], &[], told(2 * GIB, Other)),
        ("app", &["serve", "--cache-size=2GiB"], &[], told(2 * GIB, Other)),
        ("app", &["serve", "--block-cache-size=3GiB"], &[], told(3 * GIB, Other)),
        ("app", &[], &[("COUCHBASE_RAM_SIZE", "3072")], told(3 * GIB, Other)),
        ("app", &["serve", "--disk-cache-size=3GiB"], &[], None),
        ("app", &["serve", "--cache-size=3000"], &[], None),
    ]);
}

#[test]
fn servers_that_size_themselves() {
    check(&[
        ("pingcap/tidb:v8.5.0", &["/tidb-server", "--store=tikv"], &[], share(8000, Other)),
        ("yugabytedb/yugabyte:2.25", &[], &[], share(8500, Other)),
        ("ghcr.io/singlestore-labs/singlestoredb-dev", &[], &[], share(9000, Other)),
        ("couchbase/server:7.6", &[], &[], share(10_000, Other)),
        ("aerospike/aerospike-server", &[], &[], share(10_000, Other)),
        ("starrocks/be-ubuntu:3.3", &[], &[], share(9000, Other)),
        ("apache/doris:be-3.0", &[], &[], share(9000, Other)),
        ("risingwavelabs/risingwave:v2", &[], &[], share(10_000, Other)),
        ("milvusdb/milvus:v2.5", &[], &[], share(10_000, Other)),
        ("arangodb:3.12", &[], &[], share(10_000, Other)),
        ("pingcap/tidb-operator:v1.6", &[], &[], None),
        ("pingcap/tidb-dashboard", &[], &[], None),
        ("arangodb/kube-arangodb", &[], &[], None),
        ("aerospike/aerospike-prometheus-exporter", &[], &[], None),
    ]);
}
