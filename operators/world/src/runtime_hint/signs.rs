//! Signs of a JVM where the image does not reveal it: variables, and the words of the command.
//!
//! In: variables and words. Out: whether only JVM programs have them.

use super::{Seen, tokens};

/// Prefixes of variables that only the JVM, its servers, frameworks and builders read.
const STARTS: [&str; 14] = [
    "BPL_JVM_",
    "CATALINA_",
    "JAVA_",
    "JBOSS_",
    "JDK_",
    "JMX_",
    "JRE_",
    "LOGGING_LEVEL_",
    "MANAGEMENT_ENDPOINT_",
    "MANAGEMENT_ENDPOINTS_",
    "MICRONAUT_",
    "QUARKUS_",
    "SPRING_",
    "TOMCAT_",
];
/// Such names in full.
const NAMES: [&str; 4] = ["APP_JAR", "JARFILE", "JAR_FILE", "JVM_HOME"];
/// Substring of a variable for a buildpack where that is the one for the JVM, as `BPE_APPEND_JAVA_TOOL_OPTIONS`.
const OF_BUILDPACKS: [&str; 6] = ["HEAP_DUMP", "JAVA", "JFR", "JMX", "JVM", "SPRING"];
/// Programs that start a JVM.
const PROGRAMS: [&str; 10] = [
    "catalina.sh",
    "domain.sh",
    "gradlew",
    "jetty.sh",
    "kafka-server-start.sh",
    "mvn",
    "mvnw",
    "spark-submit",
    "standalone.sh",
    "zkServer.sh",
];

/// Whether a variable is for a JVM.
pub(super) fn variable(name: &str, value: &str) -> bool {
    let of_buildpack = name.starts_with("BPL_") || name.starts_with("BPE_");
    STARTS.iter().any(|start| name.starts_with(start))
        || NAMES.contains(&name)
        || (of_buildpack && OF_BUILDPACKS.iter().any(|part| name.contains(part)))
        || tokens(value).any(|word| word.ends_with(".jar") || word.starts_with("jdbc:"))
        // `-Dname=value` is an option of other programs too, but they have no variable of such a name for it.
        || (name.ends_with("_OPTS") && tokens(value).any(is_property))
}

/// `-Dspring.profiles.active=prod`.
fn is_property(word: &str) -> bool {
    word.strip_prefix("-D").and_then(|property| property.split_once('=')).is_some_and(|(name, _)| !name.is_empty())
}

/// Whether the command starts a JVM.
pub(super) fn command(seen: &Seen<'_>) -> bool {
    let words: Vec<&str> = seen.words().collect();
    words.iter().any(|word| is_sign(word)) || has_class_path(&words)
}

fn is_sign(word: &str) -> bool {
    let program = word.rsplit('/').next().unwrap_or(word);
    // Jib writes the class path of an image to a file.
    PROGRAMS.contains(&program)
        || word.starts_with("@/app/jib-")
        || word.starts_with("-javaagent:")
        || word.starts_with("org.springframework.boot.loader.")
        || word.starts_with("jdbc:")
}

/// `-cp /app/classes:/app/libs/* com.example.Main`: `-cp` alone is an option of other programs too.
fn has_class_path(words: &[&str]) -> bool {
    let is = |word: &str| {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        matches!(name, "-cp" | "-classpath" | "--class-path")
    };
    let at = words.iter().position(|word| is(word));
    at.is_some_and(|at| words.iter().skip(at + 1).any(|word| is_class(word)))
}

/// `com.example.Main`: names separated by dots, the last of which begins with a capital.
fn is_class(word: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))
    };
    word.rsplit_once('.').is_some_and(|(package, class)| {
        class.starts_with(|c: char| c.is_ascii_uppercase()) && is_name(class) && package.split('.').all(is_name)
    })
}
