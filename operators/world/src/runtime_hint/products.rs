//! Well-known JVM programs whose images and variables do not mention `java`.
//!
//! In: the name of an image, variables, words. Out: whether it is a JVM, the heap set in variables, the image's
//! default.

use super::{Seen, image_name, image_tag, images, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Words that make an image something else: what monitors or controls the program, written in another language.
const BESIDE_IT: [&str; 7] = ["exporter", "operator", "controller", "dashboards", "curator", "cli", "native"];

/// The program in an image of this name.
#[derive(Clone, Copy, PartialEq)]
enum Own {
    /// Anything on a JVM, which sizes its heap as any JVM does.
    Language,
    /// A product that sizes its heap as any JVM does.
    Jvm,
    /// A product that takes a share of the limit by default, in hundredths of a percent.
    Share(u32),
    /// A product that takes a fixed amount in MiB by default.
    Fixed(u64),
}

/// The programs in images of these names. A name of one word is looked for among the words of the image's name, without
/// trailing digits; its default holds for images whose name ends in exactly that.
const IMAGES: [(&str, Own); 76] = {
    use Own::{Fixed, Jvm, Language, Share};
    [
        ("activemq", Fixed(1024)),
        ("activemq-artemis", Fixed(2048)),
        ("artemis", Jvm),
        ("artifactory", Jvm),
        ("bamboo", Jvm),
        ("bitbucket", Fixed(1024)),
        ("bookkeeper", Jvm),
        ("camunda", Jvm),
        ("cassandra", Jvm),
        ("confluence", Fixed(1024)),
        ("cp-kafka", Fixed(1024)),
        ("cp-kafka-connect", Fixed(2048)),
        ("cp-ksqldb-server", Fixed(3072)),
        ("cp-schema-registry", Fixed(512)),
        ("cp-server", Fixed(1024)),
        ("cp-zookeeper", Fixed(512)),
        ("debezium", Jvm),
        ("druid", Jvm),
        // Half of the container's memory since 7.11.
        ("elasticsearch", Share(5000)),
        ("flink", Jvm),
        ("flyway", Jvm),
        ("geode", Jvm),
        ("gerrit", Jvm),
        ("glassfish", Jvm),
        ("graylog", Jvm),
        ("hadoop", Jvm),
        ("hazelcast", Jvm),
        ("hbase", Jvm),
        ("hive", Jvm),
        ("ignite", Jvm),
        ("infinispan", Jvm),
        ("jboss", Jvm),
        ("jenkins", Jvm),
        ("jira", Jvm),
        ("jira-software", Fixed(768)),
        // `kafka-server-start.sh` and `connect-distributed.sh`.
        ("kafka", Fixed(1024)),
        ("keycloak", Share(7000)),
        ("ksqldb", Jvm),
        ("liberty", Jvm),
        ("liquibase", Jvm),
        ("logstash", Fixed(1024)),
        ("metabase", Jvm),
        ("neo4j", Jvm),
        ("nexus", Jvm),
        // Heap and direct memory.
        ("nexus3", Fixed(2 * 2703)),
        ("nifi", Jvm),
        ("opensearch", Share(5000)),
        ("payara", Jvm),
        ("pinot", Jvm),
        ("presto", Jvm),
        ("pulsar", Jvm),
        ("solr", Fixed(512)),
        // Three processes: web, compute engine and search.
        ("sonarqube", Fixed(3 * 512)),
        ("spark", Jvm),
        ("storm", Jvm),
        ("teamcity", Jvm),
        ("trino", Jvm),
        ("weblogic", Jvm),
        ("wildfly", Jvm),
        ("zipkin", Jvm),
        // `ZK_SERVER_HEAP` of `zkEnv.sh`.
        ("zookeeper", Fixed(1000)),
        ("corretto", Language),
        ("helidon", Language),
        ("java", Language),
        ("jdk", Language),
        ("jetty", Language),
        ("jre", Language),
        ("liberica", Language),
        ("micronaut", Language),
        ("openjdk", Language),
        ("quarkus", Language),
        ("spring", Language),
        ("springboot", Language),
        ("temurin", Language),
        ("tomcat", Language),
        ("zulu", Language),
    ]
};

/// A product, by its image.
#[derive(Clone, Copy)]
pub(super) struct Product(Own);

impl Product {
    /// Its default; `None` where it is that of any JVM. A fixed amount holds only if nothing can override it, such as a
    /// custom command or variables that come from elsewhere.
    pub(super) fn default(self, seen: &Seen<'_>) -> Option<Runtime> {
        match self.0 {
            Own::Language | Own::Jvm => None,
            Own::Share(share) => Some(Runtime::FromLimit { percent_hundredths: share, name: RuntimeName::Jvm }),
            Own::Fixed(mib) if seen.words.is_empty() && !seen.unseen => {
                Some(Runtime::Told { bytes: mib << 20, name: RuntimeName::Jvm })
            }
            Own::Fixed(_) => None,
        }
    }
}

/// The product in an image, if it runs on the JVM.
pub(super) fn of_image(image: &str) -> Option<Product> {
    let name = image_name(image).to_ascii_lowercase();
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    let among = |ours: fn(Own) -> bool| {
        let mut rows = IMAGES.iter().filter(|(_, own)| ours(*own));
        rows.any(|(name, _)| words().any(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()) == *name))
    };
    let confluent = || name.contains("confluent") && words().any(|word| word == "cp");
    let product = among(|own| own != Own::Language) || confluent() || images::is_product(&name);
    let is_product = product && !words().any(|word| BESIDE_IT.contains(&word));
    let language =
        || among(|own| own == Own::Language) || images::is_language(&name) || images::is_on_a_jvm(image_tag(image));
    if !is_product && (!language() || words().any(|word| word == "native")) {
        return None;
    }
    // Strimzi gives half of the limit, see STRIMZI_DYNAMIC_HEAP_PERCENTAGE.
    if words().any(|word| word == "strimzi") {
        return Some(Product(Own::Share(5000)));
    }
    let last = name.rsplit('/').next().unwrap_or(&name);
    Some(Product(IMAGES.iter().find(|(image, _)| *image == last).map_or(Own::Jvm, |(_, own)| *own)))
}

/// Where the memory sized by a variable is.
#[derive(Clone, Copy)]
enum Part {
    Heap,
    Beside,
}

/// Suffixes of variables that hold an amount, in upper case. A plain number is in MiB, unless it is too large for that.
const VARIABLES: [(&str, Part); 20] = [
    ("XMX", Part::Heap),
    ("MAX_HEAP", Part::Heap),
    ("MAXHEAP", Part::Heap),
    ("MAX_HEAP_SIZE", Part::Heap),
    ("HEAP_SIZE", Part::Heap),
    ("HEAPSIZE", Part::Heap),
    ("HEAPSIZE_MAX", Part::Heap),
    ("HEAP_MAX", Part::Heap),
    ("HEAP_MAX_SIZE", Part::Heap),
    ("HEAP_MAX__SIZE", Part::Heap),
    ("SERVER_HEAP", Part::Heap),
    ("SOLR_HEAP", Part::Heap),
    ("JVM_MAXIMUM_MEMORY", Part::Heap),
    ("SPARK_DRIVER_MEMORY", Part::Heap),
    ("SPARK_EXECUTOR_MEMORY", Part::Heap),
    ("SPARK_WORKER_MEMORY", Part::Heap),
    ("SPARK_DAEMON_MEMORY", Part::Heap),
    ("PAGECACHE_SIZE", Part::Beside),
    ("MAXDIRECTMEMORYSIZE", Part::Beside),
    ("MAX_DIRECT_MEMORY_SIZE", Part::Beside),
];
/// From here on a plain number is in bytes.
const BYTES_FROM: u64 = 1 << 22;

/// Settings in variables and words of products, besides JVM options.
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
        match VARIABLES.iter().find(|(ending, _)| name.ends_with(ending)) {
            Some((_, Part::Heap)) => self.heap(amount(value)),
            Some((_, Part::Beside)) => self.beside = self.beside.saturating_add(amount(value).unwrap_or(0)),
            None if name == "STRIMZI_DYNAMIC_HEAP_PERCENTAGE" => self.share = units::hundredths(value.trim()),
            None if name == "FLINK_PROPERTIES" => self.words(tokens(value)),
            None => {}
        }
    }

    /// `-Dtaskmanager.memory.process.size=4g`, `taskmanager.memory.process.size: 4g`, `--driver-memory 4g` and
    /// `--conf spark.driver.memory=4g`.
    pub(super) fn words<'a>(&mut self, tokens: impl Iterator<Item = &'a str>) {
        let mut tokens = tokens.peekable();
        while let Some(token) = tokens.next() {
            let (name, value) = token.split_once(['=', ':']).unwrap_or((token, ""));
            let ours = name.ends_with(".memory.process.size")
                || name.ends_with(".memory.flink.size")
                || matches!(
                    name,
                    "--driver-memory" | "--executor-memory" | "spark.driver.memory" | "spark.executor.memory"
                );
            if ours {
                let value = if value.is_empty() { tokens.peek().copied().unwrap_or_default() } else { value };
                self.heap(units::binary(value));
            }
        }
    }

    /// Whether anything was set.
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
