//! Realistic containers, and the memory settings of their processes.

use super::*;
use crate::row::RuntimeName::{
    self, ClickHouse, DotNet, Go, Jvm, Memcached, MongoDb, MySql, Node, PostgreSql, RabbitMq, Redis,
};

type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], Option<Runtime>);

fn told(bytes: u64, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::Told { bytes, name })
}

fn share(percent_hundredths: u32, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::FromLimit { percent_hundredths, name })
}

fn of(image: &str, words: &[&str], env: &[(&str, &str)]) -> Option<Runtime> {
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, Some(*value))).collect();
    detect(image, words, &env, false)
}

fn check(cases: &[Case<'_>]) {
    for (image, words, env, expected) in cases {
        assert_eq!(of(image, words, env), *expected, "{image} {words:?} {env:?}");
    }
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// A JVM without memory settings.
const JVM: Option<Runtime> = Some(Runtime::FromLimit { percent_hundredths: 2500, name: Jvm });

#[test]
fn a_jvm_by_its_image_or_its_command() {
    check(&[
        ("nginx:1.27", &[], &[], None),
        ("", &[], &[], None),
        ("node:18", &["node", "javascript/main.js"], &[("JAVASCRIPT", "1")], None),
        ("registry.java.example:5000/team/web:java", &[], &[], None),
        ("javascript-app", &[], &[], None),
        ("eclipse-temurin:21-jre", &[], &[], JVM),
        ("registry.example/team/app", &[], &[("SPRING_PROFILES_ACTIVE", "prod")], JVM),
        ("registry.example/team/app", &[], &[("BPL_JVM_THREAD_COUNT", "50")], JVM),
        ("registry.example/team/openjdk17:1@sha256:00", &[], &[], JVM),
        ("docker.io/library/tomcat", &[], &[], JVM),
        ("acme/spring-petclinic", &[], &[], JVM),
        ("app", &["/usr/bin/java", "-jar", "x"], &[], JVM),
        ("app", &["run", "app.jar"], &[], JVM),
        ("app", &[], &[("JAVA_TOOL_OPTIONS", "")], JVM),
        ("app", &["-Xmx$(HEAP)"], &[], JVM),
        ("app", &["-Xmx0", "-XX:MaxRAMPercentage=0", "-XX:MaxRAMPercentage=101"], &[], JVM),
        ("app", &["-Xmx99999999999999t"], &[], JVM),
    ]);
}

#[test]
fn the_heap_of_a_jvm() {
    check(&[
        ("app", &["sh", "-c", "exec java -Xmx512m -jar /app.jar"], &[], told(512 * MIB, Jvm)),
        ("app", &["sh", "-c", "exec \"java\" '-Xmx2G'"], &[], told(2 * GIB, Jvm)),
        ("app", &[], &[("JAVA_OPTS", "-Xmx1024K")], told(MIB, Jvm)),
        ("app", &[], &[("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75.5")], share(7550, Jvm)),
        ("app", &[], &[("JDK_JAVA_OPTIONS", "-XX:MaxRAMPercentage=50")], share(5000, Jvm)),
        ("app", &["java", "-XX:MaxRAMFraction=2"], &[], share(5000, Jvm)),
        ("app", &["-XX:MaxHeapSize=1g"], &[], told(GIB, Jvm)),
        ("app", &["java", "-XX:MaxRAM=3g"], &[], told(3 * GIB, Jvm)),
        // The last option wins, and the command line is read after the variables.
        ("app", &["java", "-Xmx1g", "-Xmx2g"], &[("JAVA_TOOL_OPTIONS", "-Xmx3g")], told(2 * GIB, Jvm)),
        ("app", &["java", "-Xmx1g"], &[("_JAVA_OPTIONS", "-Xmx4g")], told(4 * GIB, Jvm)),
        // Memory committed at the start counts as well, and so does memory outside the heap.
        ("app", &["java", "-Xms2g"], &[], told(2 * GIB, Jvm)),
        ("app", &["java", "-Xms2g", "-Xmx3g"], &[], told(3 * GIB, Jvm)),
        (
            "app",
            &["java", "-Xmx1g", "-XX:MaxDirectMemorySize=512m", "-XX:MaxMetaspaceSize=256m"],
            &[],
            told(1792 * MIB, Jvm),
        ),
        ("app", &["java", "-XX:MaxDirectMemorySize=512m"], &[], JVM),
        ("app", &["java", "-Xmx2g", "-XX:MaxRAMPercentage=50"], &[], told(2 * GIB, Jvm)),
    ]);
}

#[test]
fn launchers_hand_options_on() {
    check(&[
        ("app", &["bin/web", "-J-Xmx2g"], &[], told(2 * GIB, Jvm)),
        ("app", &["sbt", "-J-Xms1g", "-J-XX:MaxMetaspaceSize=512m", "run"], &[], told(1536 * MIB, Jvm)),
        ("app", &["js", "--vm.Xmx2g", "x.js"], &[], told(2 * GIB, Jvm)),
        ("app", &["bazel", "--host_jvm_args=-Xmx3g", "build"], &[], told(3 * GIB, Jvm)),
        ("app", &["gradle", "-Dorg.gradle.jvmargs=-Xmx2g -Dx=y", "run"], &[], told(2 * GIB, Jvm)),
        ("app", &["sh", "-c", "JAVA_OPTS=-Xmx2g exec bin/start"], &[], told(2 * GIB, Jvm)),
        ("app", &["sh", "-c", "(java -Xmx2g) && sleep 1"], &[], told(2 * GIB, Jvm)),
        ("app", &["sh", "-c", "java -jar x.jar -Xmx2g|tee log"], &[], told(2 * GIB, Jvm)),
        ("apache/spark", &["spark-submit", "--conf", "spark.driver.memory=4g"], &[], told(4 * GIB, Jvm)),
        ("app", &["-J", "-Jx"], &[], None),
    ]);
}

#[test]
fn a_command_sets_variables_too() {
    check(&[
        ("app", &["sh", "-c", "GOMEMLIMIT=1GiB exec /server"], &[], told(GIB, Go)),
        ("app", &["env", "GOMEMLIMIT=2GiB", "/server"], &[("GOMEMLIMIT", "1GiB")], told(2 * GIB, Go)),
        ("app", &["sh", "-c", "export GOMEMLIMIT='1GiB'; exec /server"], &[], told(GIB, Go)),
        ("app", &["sh", "-c", "export HEAP=2g; exec java -Xmx$HEAP -jar x.jar"], &[], told(2 * GIB, Jvm)),
        ("solr:9", &["sh", "-c", "SOLR_HEAP=8g exec solr start -f"], &[], told(8 * GIB, Jvm)),
        ("app", &["sh", "-c", "DOTNET_GCHeapHardLimit=0x10000000 dotnet app.dll"], &[], told(256 * MIB, DotNet)),
        ("app", &["sh", "-c", "X= Y"], &[], None),
    ]);
}

#[test]
fn options_count_in_variables_of_any_name() {
    check(&[
        ("apache/kafka:3.8.0", &[], &[("KAFKA_HEAP_OPTS", "-Xms2g -Xmx2g")], told(2 * GIB, Jvm)),
        ("registry.example/team/broker", &[], &[("KAFKA_HEAP_OPTS", "-Xms2g -Xmx2g")], told(2 * GIB, Jvm)),
        ("app", &[], &[("SOME_TEAMS_OWN_NAME", "-Dx=1 -Xmx2g")], told(2 * GIB, Jvm)),
        ("elasticsearch:8.15.0", &[], &[("ES_JAVA_OPTS", "-Xms4g -Xmx4g")], told(4 * GIB, Jvm)),
        // It is unknown which variable a script reads.
        ("app", &["java", "-Xmx1g"], &[("OWN", "-Xmx3g"), ("OWN_TOO", "-Xmx2g")], told(3 * GIB, Jvm)),
        ("app", &[], &[("PULSAR_MEM", "-Xms2g -Xmx2g -XX:MaxDirectMemorySize=4g")], told(6 * GIB, Jvm)),
        ("cassandra:5", &[], &[("MAX_HEAP_SIZE", "4G"), ("HEAP_NEWSIZE", "800M")], told(4 * GIB, Jvm)),
        ("bitnami/zookeeper", &[], &[("ZOO_HEAP_SIZE", "2048")], told(2 * GIB, Jvm)),
        ("apache/hadoop:3", &["hdfs", "namenode"], &[("HADOOP_HEAPSIZE_MAX", "2g")], told(2 * GIB, Jvm)),
        ("solr:9", &[], &[("SOLR_HEAP", "8g")], told(8 * GIB, Jvm)),
        ("atlassian/jira-software", &[], &[("JVM_MAXIMUM_MEMORY", "4096m")], told(4 * GIB, Jvm)),
        (
            "neo4j:5",
            &[],
            &[("NEO4J_server_memory_heap_max__size", "4G"), ("NEO4J_server_memory_pagecache_size", "2G")],
            told(6 * GIB, Jvm),
        ),
        ("apache/druid:30", &[], &[("DRUID_XMX", "1g"), ("DRUID_MAXDIRECTMEMORYSIZE", "2g")], told(3 * GIB, Jvm)),
        (
            "flink:1.20",
            &["taskmanager"],
            &[("FLINK_PROPERTIES", "a: b\ntaskmanager.memory.process.size: 1728m\n")],
            told(1728 * MIB, Jvm),
        ),
        ("flink:1.20", &["taskmanager", "-Dtaskmanager.memory.process.size=2gb"], &[], told(2 * GIB, Jvm)),
        ("apache/spark", &["spark-submit", "--driver-memory", "4g"], &[], told(4 * GIB, Jvm)),
        ("quay.io/strimzi/kafka:latest", &["/run.sh"], &[("STRIMZI_DYNAMIC_HEAP_PERCENTAGE", "40")], share(4000, Jvm)),
    ]);
}

#[test]
fn well_known_products_size_themselves_in_their_own_ways() {
    check(&[
        ("docker.elastic.co/elasticsearch/elasticsearch:8.15.0", &[], &[], share(5000, Jvm)),
        ("opensearchproject/opensearch:2", &[], &[], share(5000, Jvm)),
        ("quay.io/keycloak/keycloak:26.0", &["start"], &[], share(7000, Jvm)),
        ("quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", &["/run.sh"], &[], share(5000, Jvm)),
        ("apache/kafka:3.8.0", &[], &[], told(GIB, Jvm)),
        ("confluentinc/cp-kafka:7.7.0", &[], &[], told(GIB, Jvm)),
        ("sonarqube:lts", &[], &[], told(1536 * MIB, Jvm)),
        // A custom command may override it.
        ("apache/kafka:3.8.0", &["/scripts/start.sh"], &[], JVM),
        ("confluentinc/cp-enterprise-control-center:7.7.0", &[], &[], JVM),
        ("neo4j:5", &[], &[], JVM),
        ("jenkins/jenkins:lts", &[], &[], JVM),
        // Companions that monitor or control such a program are not it.
        ("danielqsj/kafka-exporter:v1.8.0", &[], &[], None),
        ("registry.example/elasticsearch-operator", &[], &[], None),
        ("kibana:8.15.0", &[], &[], None),
        ("postgres:17", &[], &[], None),
    ]);
    for name in products_of_the_issue() {
        assert!(of(&format!("registry.example/team/{name}:1"), &[], &[]).is_some(), "{name}");
    }
}

fn products_of_the_issue() -> [&'static str; 40] {
    [
        "elasticsearch",
        "opensearch",
        "kafka",
        "zookeeper",
        "cassandra",
        "solr",
        "logstash",
        "keycloak",
        "jenkins",
        "activemq",
        "neo4j",
        "hadoop",
        "hbase",
        "hive",
        "spark",
        "flink",
        "trino",
        "presto",
        "druid",
        "pulsar",
        "nifi",
        "storm",
        "sonarqube",
        "nexus3",
        "artifactory-pro",
        "jira-software",
        "confluence-server",
        "bitbucket",
        "wildfly",
        "payara",
        "open-liberty",
        "quarkus-app",
        "micronaut-app",
        "jetty",
        "tomcat9",
        "activemq-artemis",
        "jboss-eap",
        "infinispan",
        "hazelcast",
        "graylog",
    ]
}

#[test]
fn what_cannot_be_seen_is_not_taken_for_a_default() {
    let kafka = "apache/kafka:3.8.0";
    assert_eq!(detect(kafka, &[], &[], true), JVM, "a whole set of variables stands elsewhere");
    assert_eq!(detect(kafka, &[], &[("KAFKA_HEAP_OPTS", None)], false), JVM, "the value stands elsewhere");
    assert_eq!(detect("app", &[], &[("KAFKA_HEAP_OPTS", None)], false), JVM, "the name is proof of a JVM");
    assert_eq!(detect("app", &[], &[("OWN", None)], true), None);
}

#[test]
fn dotnet_counts_in_hexadecimal() {
    check(&[
        ("app", &[], &[("DOTNET_GCHeapHardLimit", "0x10000000")], told(256 * MIB, DotNet)),
        ("app", &[], &[("COMPlus_GCHeapHardLimit", "C8000000")], told(3200 * MIB, DotNet)),
        ("app", &[], &[("DOTNET_GCHeapHardLimitPercent", "0x32")], share(5000, DotNet)),
        ("app", &[], &[("DOTNET_GCHeapHardLimitPercent", "A")], share(1000, DotNet)),
        (
            "app",
            &[],
            &[("DOTNET_GCHeapHardLimitSOH", "10000000"), ("DOTNET_GCHeapHardLimitLOH", "10000000")],
            told(512 * MIB, DotNet),
        ),
        ("mcr.microsoft.com/dotnet/aspnet:9.0", &[], &[], share(7500, DotNet)),
        ("app", &["dotnet", "app.dll"], &[], share(7500, DotNet)),
        ("app", &[], &[("DOTNET_gcServer", "1")], share(7500, DotNet)),
        ("app", &[], &[("DOTNET_RUNNING_IN_CONTAINER", "true")], share(7500, DotNet)),
    ]);
}

#[test]
fn node_and_go() {
    check(&[
        ("node:22", &["node", "--max-old-space-size=4096", "x.js"], &[], told(4 * GIB, Node)),
        ("node:22", &["node", "--max_old_space_size", "2048", "x.js"], &[], told(2 * GIB, Node)),
        ("node:22", &["sh", "-c", "node --max-old-space-size=512 x.js"], &[], told(512 * MIB, Node)),
        ("app", &[], &[("NODE_OPTIONS", "--enable-source-maps --max-old-space-size=1536")], told(1536 * MIB, Node)),
        (
            "app",
            &["node", "--max-old-space-size=1024"],
            &[("NODE_OPTIONS", "--max-old-space-size=512")],
            told(GIB, Node),
        ),
        ("app", &["node", "--max-old-space-size-percentage=50"], &[], share(5000, Node)),
        ("node:18", &["node", "--max-old-space-size=x"], &[], None),
        ("node:22", &["node", "--max_old_space_size=2048"], &[], told(2 * GIB, Node)),
        ("app", &["pm2-runtime", "--node-args=--max-old-space-size=2048", "x.js"], &[], told(2 * GIB, Node)),
        ("app", &["sh", "-c", "NODE_OPTIONS=--max-old-space-size=2048 npm start"], &[], told(2 * GIB, Node)),
        ("app", &[], &[("NODE_ARGS", "--max-old-space-size=2048")], told(2 * GIB, Node)),
        ("app", &[], &[("GOMEMLIMIT", "1536MiB")], told(1536 * MIB, Go)),
        ("app", &[], &[("GOMEMLIMIT", "1073741824")], told(GIB, Go)),
        ("app", &[], &[("GOMEMLIMIT", "off")], None),
    ]);
}

#[test]
fn databases_and_caches() {
    check(&[
        ("postgres:17", &["-c", "shared_buffers=2GB", "-c", "max_connections=200"], &[], told(2 * GIB, PostgreSql)),
        ("postgres:17", &["postgres", "-cshared_buffers=512MB"], &[], told(512 * MIB, PostgreSql)),
        ("postgres:17", &["postgres", "--shared_buffers=262144"], &[], told(2 * GIB, PostgreSql)),
        ("postgres:17", &["postgres", "--shared-buffers=1GB"], &[], told(GIB, PostgreSql)),
        ("postgres:16", &["postgres", "-c", "shared_buffers = 2GB"], &[], told(2 * GIB, PostgreSql)),
        ("postgres:16", &["postgres", "-c", "shared_buffers =2GB"], &[], told(2 * GIB, PostgreSql)),
        ("postgres:17", &["sh", "-c", "postgres -c shared_buffers='1GB'"], &[], told(GIB, PostgreSql)),
        ("postgres:17", &["postgres", "-B", "131072"], &[], told(GIB, PostgreSql)),
        ("grep:1", &["grep", "-B", "131072"], &[], None),
        ("mysql:9", &["--innodb-buffer-pool-size=4G"], &[], told(4 * GIB, MySql)),
        ("mariadb:11", &["mariadbd", "--innodb_buffer_pool_size=1073741824"], &[], told(GIB, MySql)),
        ("mongo:8", &["--wiredTigerCacheSizeGB", "1.5"], &[], told(1536 * MIB, MongoDb)),
        ("mongo:7.0", &[], &[], share(5000, MongoDb)),
        ("percona/mongodb_exporter:0.40", &[], &[], None),
        ("rabbitmq:3.13-management", &[], &[], share(6000, RabbitMq)),
        ("clickhouse/clickhouse-server:24.8", &[], &[], share(9000, ClickHouse)),
        ("redis:8", &["redis-server", "--maxmemory", "2gb"], &[], told(2 * GIB, Redis)),
        ("valkey/valkey:8", &["valkey-server", "--maxmemory 2g"], &[], told(2_000_000_000, Redis)),
        ("bitnami/redis", &[], &[("REDIS_EXTRA_FLAGS", "--maxmemory 512mb")], told(512 * MIB, Redis)),
        ("redis:8", &["redis-server", "--maxmemory-policy", "allkeys-lru"], &[], None),
        ("memcached:1.6", &["-m", "1024"], &[], told(GIB, Memcached)),
        ("bitnami/memcached", &[], &[("MEMCACHED_CACHE_SIZE", "512")], told(512 * MIB, Memcached)),
        ("memcached:1.6", &["memcached", "-m512"], &[], told(512 * MIB, Memcached)),
        ("memcached:1.6", &["--memory-limit=256"], &[], told(256 * MIB, Memcached)),
        ("python:3", &["python", "-m", "1024"], &[], None),
    ]);
}

#[test]
fn databases_are_told_in_variables_of_any_name() {
    check(&[
        ("bitnami/mariadb", &[], &[("MARIADB_EXTRA_FLAGS", "--innodb-buffer-pool-size=2G")], told(2 * GIB, MySql)),
        ("bitnami/mysql", &[], &[("MYSQL_EXTRA_FLAGS", "--innodb_buffer_pool_size=1G -x")], told(GIB, MySql)),
        ("mysql:9", &["--loose-innodb-buffer-pool-size=2G"], &[], told(2 * GIB, MySql)),
        // Both caches are retained.
        ("mysql:9", &["--innodb-buffer-pool-size=2G", "--key-buffer-size=512M"], &[], told(2560 * MIB, MySql)),
        ("mariadb:11", &["--key_buffer_size", "1G"], &[], told(GIB, MySql)),
        ("mariadb:11", &["--aria-pagecache-buffer-size=256M"], &[], told(256 * MIB, MySql)),
        ("sclorg/mysql-80", &[], &[("MYSQL_INNODB_BUFFER_POOL_SIZE", "2G")], told(2 * GIB, MySql)),
        ("sclorg/postgresql-16", &[], &[("POSTGRESQL_SHARED_BUFFERS", "512MB")], told(512 * MIB, PostgreSql)),
        ("bitnami/postgresql", &[], &[("POSTGRESQL_EXTRA_FLAGS", "-c shared_buffers=1GB")], told(GIB, PostgreSql)),
        ("bitnami/mongodb", &[], &[("MONGODB_EXTRA_FLAGS", "--wiredTigerCacheSizeGB=2")], told(2 * GIB, MongoDb)),
        ("mongo:8", &["mongod", "--wiredTigerCacheSizePct", "30"], &[], share(3000, MongoDb)),
        ("redis:8", &["sh", "-c", "echo 'maxmemory 1gb' > /r.conf; redis-server /r.conf"], &[], told(GIB, Redis)),
        ("team/app", &[], &[("MAX_MEMORY", "512")], None),
        ("team/app", &["sh", "-c", "MAX_MEMORY=512 java -jar x.jar"], &[], JVM),
    ]);
}

#[test]
fn the_watermark_of_rabbitmq_is_a_share_or_an_amount() {
    let name = "RABBITMQ_VM_MEMORY_HIGH_WATERMARK";
    let erl = "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS";
    let rabbit = "rabbitmq:3.8";
    check(&[
        (rabbit, &[], &[(name, "0.49")], share(4900, RabbitMq)),
        (rabbit, &[], &[(name, "56%")], share(5600, RabbitMq)),
        (rabbit, &[], &[(name, "1073741824")], told(GIB, RabbitMq)),
        (rabbit, &[], &[(name, "1024MiB")], told(GIB, RabbitMq)),
        (rabbit, &[], &[(name, "2GB")], told(2_000_000_000, RabbitMq)),
        (rabbit, &[], &[(name, "much")], share(6000, RabbitMq)),
        ("team/broker", &[], &[("RABBITMQ_VM_MEMORY_HIGH_WATERMARK_RELATIVE", "0.8")], share(8000, RabbitMq)),
        ("team/broker", &[], &[(erl, "-rabbit vm_memory_high_watermark 0.5")], share(5000, RabbitMq)),
        (rabbit, &[], &[(erl, "-rabbit vm_memory_high_watermark {absolute,\"2GiB\"}")], told(2 * GIB, RabbitMq)),
        (rabbit, &["rabbitmq-server", "-rabbit", "vm_memory_high_watermark", "0.7"], &[], share(7000, RabbitMq)),
        (rabbit, &["sh", "-c", "echo vm_memory_high_watermark.absolute = 2GiB"], &[], told(2 * GIB, RabbitMq)),
        (rabbit, &["sh", "-c", "echo vm_memory_high_watermark.relative=0.3"], &[], share(3000, RabbitMq)),
        (rabbit, &["sh", "-c", "rabbitmqctl set_vm_memory_high_watermark absolute 1GiB"], &[], told(GIB, RabbitMq)),
        (rabbit, &[], &[(erl, "-rabbit vm_memory_high_watermark_paging_ratio 0.75")], share(6000, RabbitMq)),
    ]);
}

#[test]
fn variables_are_put_into_arguments() {
    check(&[
        ("app", &["java", "-Xmx$(HEAP)"], &[("HEAP", "3g")], told(3 * GIB, Jvm)),
        ("app", &["sh", "-c", "exec java -Xmx${HEAP:-2g} -jar app.jar"], &[], told(2 * GIB, Jvm)),
        (
            "app",
            &["sh", "-c", "exec java $OPTS -jar app.jar"],
            &[("HEAP", "1g"), ("OPTS", "-Xmx$(HEAP)")],
            told(GIB, Jvm),
        ),
        ("tomcat", &[], &[("HEAP", "-Xmx2g"), ("CATALINA_OPTS", "-server $(HEAP)")], told(2 * GIB, Jvm)),
        ("app", &["run"], &[("MAX", "2g"), ("JAVA_OPTS", "-Xms1g -Xmx$(MAX)")], told(2 * GIB, Jvm)),
        ("app", &["sh", "-c", "java -Xmx${MAX:=2g}"], &[], told(2 * GIB, Jvm)),
        ("redis", &["redis-server", "--maxmemory", "$(MAX)"], &[("MAX", "1gb")], told(GIB, Redis)),
        ("postgres", &["-c", "shared_buffers=$(BUFFERS)"], &[("BUFFERS", "256MB")], told(256 * MIB, PostgreSql)),
    ]);
}

#[test]
fn an_amount_binds_more_than_a_share_and_the_greatest_amount_most() {
    check(&[
        ("eclipse-temurin:21", &["node", "--max-old-space-size=512"], &[], told(512 * MIB, Node)),
        ("app", &["java", "-Xmx1g"], &[("GOMEMLIMIT", "2GiB")], told(2 * GIB, Go)),
    ]);
}
