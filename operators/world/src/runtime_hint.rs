//! Which runtime a container seems to run: one that sizes itself from the container's limits must be sized with care.
//!
//! In: the image, command, arguments and environment of a container. Out: a hint; none of the strings is kept.

use crate::row::Runtime;

/// Variables from which a JVM, or the scripts around it, take options, weakest first: a later option overrides.
const BEFORE_COMMAND: [&str; 6] =
    ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_OPTIONS", "CATALINA_OPTS", "JVM_OPTS"];
/// The JVM reads this one after its command line.
const AFTER_COMMAND: [&str; 1] = ["_JAVA_OPTIONS"];

/// Words in image names, without trailing digits, that mean a JVM.
const IMAGE_WORDS: [&str; 13] = [
    "openjdk",
    "jdk",
    "jre",
    "java",
    "temurin",
    "corretto",
    "zulu",
    "tomcat",
    "jetty",
    "wildfly",
    "spring",
    "springboot",
    "liberica",
];

#[derive(Default)]
struct Flags {
    seen: bool,
    xmx: Option<u64>,
    percent: Option<u32>,
}

impl Flags {
    fn read(&mut self, text: &str) {
        for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';')) {
            if let Some(value) = word.strip_prefix("-Xmx").or_else(|| word.strip_prefix("-XX:MaxHeapSize=")) {
                self.seen = true;
                self.xmx = heap_bytes(value).or(self.xmx);
            } else if let Some(value) = word.strip_prefix("-XX:MaxRAMPercentage=") {
                self.seen = true;
                self.percent = hundredths(value).or(self.percent);
            } else if word.starts_with("-XX:") || word.starts_with("-Xms") {
                self.seen = true;
            }
        }
    }
}

/// A heap size as the JVM reads it: digits and one of `k m g t`, powers of 1024.
fn heap_bytes(text: &str) -> Option<u64> {
    let shift = match text.bytes().last()? {
        b'k' | b'K' => 10,
        b'm' | b'M' => 20,
        b'g' | b'G' => 30,
        b't' | b'T' => 40,
        _ => 0,
    };
    let digits = if shift == 0 { text } else { &text[..text.len() - 1] };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|n| *n > 0)
}

/// A percentage in hundredths: `75.5` is 7550.
fn hundredths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<2.2}").parse().ok()?;
    let value = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(fraction)?;
    (1..=10_000).contains(&value).then_some(value)
}

fn runs_java(word: &str) -> bool {
    word.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|'))
        .any(|w| w.rsplit('/').next() == Some("java") || w.ends_with(".jar"))
}

/// The name of an image without registry, tag and digest.
fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let path = image
        .split_once('/')
        .map_or(image, |(host, rest)| if host.contains(['.', ':']) || host == "localhost" { rest } else { image });
    path.rfind(':').map_or(path, |colon| &path[..colon])
}

fn image_is_java(image: &str) -> bool {
    image_name(image).split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        IMAGE_WORDS.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase().as_str())
    })
}

/// What `image`, the words of command and arguments, and the environment hint at.
pub(crate) fn detect(image: &str, words: &[&str], env: &[(&str, &str)]) -> Option<Runtime> {
    let mut flags = Flags::default();
    let variable = |flags: &mut Flags, names: &[&str]| {
        let mut found = false;
        for name in names {
            for (_, value) in env.iter().filter(|(n, _)| n == name) {
                found = true;
                flags.read(value);
            }
        }
        found
    };
    let mut jvm = variable(&mut flags, &BEFORE_COMMAND);
    for word in words {
        flags.read(word);
    }
    jvm |= variable(&mut flags, &AFTER_COMMAND);
    jvm |= flags.seen || words.iter().any(|w| runs_java(w)) || image_is_java(image);
    jvm.then_some(Runtime::Jvm { xmx_bytes: flags.xmx, max_ram_percent_hundredths: flags.percent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jvm(xmx_bytes: Option<u64>, max_ram_percent_hundredths: Option<u32>) -> Option<Runtime> {
        Some(Runtime::Jvm { xmx_bytes, max_ram_percent_hundredths })
    }

    #[test]
    fn recognises_a_jvm_and_its_heap() {
        type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], Option<Runtime>);
        let cases: &[Case<'_>] = &[
            ("nginx:1.27", &[], &[], None),
            ("node:22", &["node", "javascript/main.js"], &[("JAVASCRIPT", "1")], None),
            ("registry.java.example:5000/team/web:java", &[], &[], None),
            ("javascript-app", &[], &[], None),
            ("eclipse-temurin:21-jre", &[], &[], jvm(None, None)),
            ("registry.example/team/openjdk17:1@sha256:00", &[], &[], jvm(None, None)),
            ("docker.io/library/tomcat", &[], &[], jvm(None, None)),
            ("acme/spring-petclinic", &[], &[], jvm(None, None)),
            ("app", &["/usr/bin/java", "-jar", "x"], &[], jvm(None, None)),
            ("app", &["run", "app.jar"], &[], jvm(None, None)),
            ("app", &["sh", "-c", "exec java -Xmx512m -jar /app.jar"], &[], jvm(Some(512 << 20), None)),
            ("app", &["sh", "-c", "exec \"java\" '-Xmx2G'"], &[], jvm(Some(2 << 30), None)),
            ("app", &[], &[("JAVA_OPTS", "-Xmx1024K")], jvm(Some(1 << 20), None)),
            ("app", &[], &[("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75.5")], jvm(None, Some(7550))),
            ("app", &[], &[("JDK_JAVA_OPTIONS", "-XX:MaxRAMPercentage=50")], jvm(None, Some(5000))),
            ("app", &[], &[("JAVA_TOOL_OPTIONS", "")], jvm(None, None)),
            ("app", &["-Xmx$(HEAP)"], &[], jvm(None, None)),
            ("app", &["-Xmx0", "-XX:MaxRAMPercentage=0", "-XX:MaxRAMPercentage=101"], &[], jvm(None, None)),
            ("app", &["-Xmx99999999999999t"], &[], jvm(None, None)),
            ("app", &["-XX:MaxHeapSize=1g"], &[], jvm(Some(1 << 30), None)),
            // The last option wins, and the command line is read after the variables.
            ("app", &["java", "-Xmx1g", "-Xmx2g"], &[("JAVA_TOOL_OPTIONS", "-Xmx3g")], jvm(Some(2 << 30), None)),
            ("app", &["java", "-Xmx1g"], &[("_JAVA_OPTIONS", "-Xmx4g")], jvm(Some(4 << 30), None)),
            ("", &[], &[], None),
        ];
        for (image, words, env, expected) in cases {
            assert_eq!(detect(image, words, env), *expected, "{image} {words:?} {env:?}");
        }
    }
}
