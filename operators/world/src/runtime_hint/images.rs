//! Images of JVM programs and languages that are known by name or tag only: their default memory use is unknown.
//!
//! In: an image, or its name. Out: whether a JVM runs in it.

/// Products, by consecutive words of the image's name.
const PRODUCTS: [&str; 56] = [
    "akhq",
    "alfresco",
    "apereo cas",
    "apicurio",
    "arcadedb",
    "cass management api",
    "dependencytrack apiserver",
    "dolphinscheduler",
    "dspace",
    "dynamodb local",
    "elasticmq",
    "fuseki",
    "geoserver",
    "gocd",
    "graphdb",
    "hapi fhir",
    "hapiproject",
    "janusgraph",
    "jibri",
    "jicofo",
    "jruby",
    "jvb",
    "kafdrop",
    "kroki",
    "kyuubi",
    "languagetool",
    "livy",
    "minecraft server",
    "nacos",
    "nuxeo",
    "openfire",
    "openhab",
    "opentsdb",
    "orientdb",
    "plantuml",
    "questdb",
    "rocketmq",
    "rundeck",
    "seata",
    "skywalking",
    "starburst",
    "starburstdata",
    "stirling pdf",
    "structurizr",
    "thingsboard",
    "tika",
    "tomee",
    "traccar",
    "unifi network",
    "voltdb",
    "wiremock",
    "wso2am",
    "wso2is",
    "xwiki",
    "zeebe",
    "zeppelin",
];

/// Languages, builders and distributions of the JDK, by a word of the image's name without trailing digits.
const LANGUAGES: [&str; 14] = [
    "amazoncorretto",
    "clojure",
    "dragonwell",
    "graalvm",
    "gradle",
    "groovy",
    "kona",
    "leiningen",
    "maven",
    "sapmachine",
    "sbt",
    "scala",
    "semeru",
    "zulujdk",
];

/// Words of a tag that name the base image. `java` alone may be anything.
const OF_TAGS: [&str; 10] =
    ["corretto", "graalvm", "jdk", "jre", "liberica", "openjdk", "sapmachine", "semeru", "temurin", "zulu"];

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

fn without_digits(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether an image of this name, in lower case, is one of the products.
pub(super) fn is_product(name: &str) -> bool {
    let has = words(name);
    PRODUCTS.iter().any(|product| {
        let product = words(product);
        has.windows(product.len()).any(|part| *part == *product)
    })
}

/// Whether an image of this name, in lower case, is for a language of the JVM.
pub(super) fn is_language(name: &str) -> bool {
    words(name).iter().any(|word| LANGUAGES.contains(&without_digits(word)))
}

/// Whether a tag says that the image is built on a JVM: `3.2-jre`, `1.0-jdk-slim`, `21.0.5_11-jre`, `8u392-jdk8u392`, `2-java17`.
pub(super) fn is_on_a_jvm(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    words(&tag).iter().any(|word| {
        let numbered =
            |start: &str| word.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        OF_TAGS.contains(&without_digits(word)) || ["jdk", "jre", "java"].iter().any(|start| numbered(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_what_an_image_is_built_on() {
        for tag in ["21-jre", "1.4-jdk-slim", "JRE", "3-eclipse-temurin-21", "8u392-jdk8u392", "2-java17", "openjdk17"]
        {
            assert!(is_on_a_jvm(tag), "{tag}");
        }
        for tag in ["", "latest", "java", "javascript", "1.2.3", "jdkless"] {
            assert!(!is_on_a_jvm(tag), "{tag}");
        }
    }

    #[test]
    fn words_of_a_product_stand_together() {
        assert!(is_product("amazon/dynamodb-local") && is_product("itzg/minecraft-server"));
        for name in ["team/dynamodb", "local/dynamodb", "itzg/minecraft-bedrock-server", "hapi"] {
            assert!(!is_product(name), "{name}");
        }
    }
}
