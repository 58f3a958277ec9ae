//! Well-known programs on the JVM, whose images and variables do not say `java`.
//!
//! In: the name of an image, variables, words. Out: whether it is a JVM, what its variables say of its heap, and what its
//! image does where nothing is said.

use super::{Seen, image_name, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Words in image names, without trailing digits, that mean a JVM.
const LANGUAGE: [&str; 15] = [
    "corretto",
    "helidon",
    "java",
    "jdk",
    "jetty",
    "jre",
    "liberica",
    "micronaut",
    "openjdk",
    "quarkus",
    "spring",
    "springboot",
    "temurin",
    "tomcat",
    "zulu",
];

/// The same of programs that are written for it.
const PRODUCTS: [&str; 52] = [
    "activemq",
    "artemis",
    "artifactory",
    "bamboo",
    "bitbucket",
    "bookkeeper",
    "camunda",
    "cassandra",
    "confluence",
    "debezium",
    "druid",
    "elasticsearch",
    "flink",
    "flyway",
    "geode",
    "gerrit",
    "glassfish",
    "graylog",
    "hadoop",
    "hazelcast",
    "hbase",
    "hive",
    "ignite",
    "infinispan",
    "jboss",
    "jenkins",
    "jira",
    "kafka",
    "keycloak",
    "ksqldb",
    "liberty",
    "liquibase",
    "logstash",
    "metabase",
    "neo4j",
    "nexus",
    "nifi",
    "opensearch",
    "payara",
    "pinot",
    "presto",
    "pulsar",
    "solr",
    "sonarqube",
    "spark",
    "storm",
    "teamcity",
    "trino",
    "weblogic",
    "wildfly",
    "zipkin",
    "zookeeper",
];

/// Words that make the image of a program something else: what watches or steers it, written in another language.
const BESIDE_IT: [&str; 7] = ["exporter", "operator", "controller", "dashboards", "curator", "cli", "native"];

/// How a product sizes its heap where nothing is said.
#[derive(Clone, Copy)]
enum Own {
    /// As any JVM does.
    Jvm,
    /// A share of the limit, in hundredths of a percent.
    Share(u32),
    /// A fixed amount in MiB.
    Fixed(u64),
}

/// What images do by themselves, by the whole last part of their name.
const DEFAULTS: [(&str, Own); 20] = [
    // `kafka-server-start.sh` and `connect-distributed.sh`.
    ("kafka", Own::Fixed(1024)),
    ("cp-kafka", Own::Fixed(1024)),
    ("cp-server", Own::Fixed(1024)),
    ("cp-kafka-connect", Own::Fixed(2048)),
    ("cp-schema-registry", Own::Fixed(512)),
    ("cp-ksqldb-server", Own::Fixed(3072)),
    // `ZK_SERVER_HEAP` of `zkEnv.sh`.
    ("zookeeper", Own::Fixed(1000)),
    ("cp-zookeeper", Own::Fixed(512)),
    // Half of the memory of the container since 7.11.
    ("elasticsearch", Own::Share(5000)),
    ("opensearch", Own::Share(5000)),
    ("logstash", Own::Fixed(1024)),
    ("solr", Own::Fixed(512)),
    // Three processes: web, compute engine and search.
    ("sonarqube", Own::Fixed(3 * 512)),
    // Heap and direct memory.
    ("nexus3", Own::Fixed(2 * 2703)),
    ("keycloak", Own::Share(7000)),
    ("activemq", Own::Fixed(1024)),
    ("activemq-artemis", Own::Fixed(2048)),
    ("jira-software", Own::Fixed(768)),
    ("confluence", Own::Fixed(1024)),
    ("bitbucket", Own::Fixed(1024)),
];

/// A product, by its image.
#[derive(Clone, Copy)]
pub(super) struct Product(Own);

impl Product {
    /// What it does by itself; none where it does as any JVM. A fixed amount holds only where nothing can say otherwise:
    /// an own command, or variables that come from elsewhere, may.
    pub(super) fn default(self, seen: &Seen<'_>) -> Option<Runtime> {
        match self.0 {
            Own::Jvm => None,
            Own::Share(share) => Some(Runtime::FromLimit { percent_hundredths: share, name: RuntimeName::Jvm }),
            Own::Fixed(mib) if seen.words.is_empty() && !seen.unseen => {
                Some(Runtime::Told { bytes: mib << 20, name: RuntimeName::Jvm })
            }
            Own::Fixed(_) => None,
        }
    }
}

/// The product of an image, if it is one on the JVM.
pub(super) fn of_image(image: &str) -> Option<Product> {
    let name = image_name(image).to_ascii_lowercase();
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    let among = |list: &[&str]| words().any(|word| list.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
    let confluent = || name.contains("confluent") && words().any(|word| word == "cp");
    let is_product = (among(&PRODUCTS) || confluent()) && !words().any(|word| BESIDE_IT.contains(&word));
    if !is_product && (!among(&LANGUAGE) || words().any(|word| word == "native")) {
        return None;
    }
    // Strimzi gives half of the limit, see STRIMZI_DYNAMIC_HEAP_PERCENTAGE.
    if words().any(|word| word == "strimzi") {
        return Some(Product(Own::Share(5000)));
    }
    let last = name.rsplit('/').next().unwrap_or(&name);
    Some(Product(DEFAULTS.iter().find(|(product, _)| *product == last).map_or(Own::Jvm, |(_, default)| *default)))
}

/// Ends of the names of variables that hold the greatest heap, in upper case. A plain number is in MiB, unless it is too
/// large for that.
const HEAPS: [&str; 17] = [
    "XMX",
    "MAX_HEAP",
    "MAXHEAP",
    "MAX_HEAP_SIZE",
    "HEAP_SIZE",
    "HEAPSIZE",
    "HEAPSIZE_MAX",
    "HEAP_MAX",
    "HEAP_MAX_SIZE",
    "HEAP_MAX__SIZE",
    "SERVER_HEAP",
    "SOLR_HEAP",
    "JVM_MAXIMUM_MEMORY",
    "SPARK_DRIVER_MEMORY",
    "SPARK_EXECUTOR_MEMORY",
    "SPARK_WORKER_MEMORY",
    "SPARK_DAEMON_MEMORY",
];
/// The same of memory beside the heap.
const BESIDE: [&str; 3] = ["PAGECACHE_SIZE", "MAXDIRECTMEMORYSIZE", "MAX_DIRECT_MEMORY_SIZE"];
/// From here on a plain number is in bytes.
const BYTES_FROM: u64 = 1 << 22;

/// What variables and words of products say beside options of the JVM.
#[derive(Default)]
pub(super) struct Sizes {
    heap: Option<u64>,
    beside: u64,
    share: Option<u32>,
}

fn amount(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(plain) if plain >= BYTES_FROM => Some(plain),
        _ => units::binary_or(text, 1 << 20),
    }
}

impl Sizes {
    fn heap(&mut self, bytes: Option<u64>) {
        self.heap = self.heap.max(bytes);
    }

    pub(super) fn variable(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_uppercase();
        if HEAPS.iter().any(|ending| name.ends_with(ending)) {
            self.heap(amount(value));
        } else if BESIDE.iter().any(|ending| name.ends_with(ending)) {
            self.beside = self.beside.saturating_add(amount(value).unwrap_or(0));
        } else if name == "STRIMZI_DYNAMIC_HEAP_PERCENTAGE" {
            self.share = units::hundredths(value.trim());
        } else if name == "FLINK_PROPERTIES" {
            self.words(tokens(value));
        }
    }

    /// `-Dtaskmanager.memory.process.size=4g`, `taskmanager.memory.process.size: 4g`, and `--driver-memory 4g`.
    pub(super) fn words<'a>(&mut self, tokens: impl Iterator<Item = &'a str>) {
        let mut tokens = tokens.peekable();
        while let Some(token) = tokens.next() {
            let (name, value) = token.split_once(['=', ':']).unwrap_or((token, ""));
            let ours = name.ends_with(".memory.process.size")
                || name.ends_with(".memory.flink.size")
                || matches!(name, "--driver-memory" | "--executor-memory");
            if ours {
                let value = if value.is_empty() { tokens.peek().copied().unwrap_or_default() } else { value };
                self.heap(units::binary(value));
            }
        }
    }

    /// Whether anything was said.
    pub(super) fn any(&self) -> bool {
        self.heap.is_some() || self.share.is_some()
    }

    pub(super) fn told(&self) -> Option<u64> {
        self.heap.map(|heap| heap.saturating_add(self.beside))
    }

    pub(super) fn share(&self) -> Option<u32> {
        self.share
    }
}
