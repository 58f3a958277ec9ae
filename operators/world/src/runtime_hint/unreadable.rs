//! Memory amounts that are set but cannot be evaluated: `--max-old-space-size=$((3 * 256))`, `GOMEMLIMIT` from a
//! ConfigMap.
//!
//! In: [`Seen`] of a container, with resolvable references resolved. Out: that its memory follows an unknown value.
//! Then it is left as it is: a floor read from another option would be too low. Options of the JVM are read in
//! [`super::jvm`], by the same rule.

use super::{Seen, databases, named, php, shares};
use crate::row::{Runtime, RuntimeName};

/// All of it: the amount is unknown.
const SHARE: u32 = 10_000;
/// Shorter names are options only: variables of other programs end in them too.
const LEAST_LETTERS: usize = 10;

/// Letters and digits of options and of suffixes of variables; where program names follow, only of those.
const KNOWN: [(&str, RuntimeName, &[&str]); 27] = [
    ("maxoldspacesize", RuntimeName::Node, &[]),
    ("maxoldspacesizepercentage", RuntimeName::Node, &[]),
    // Hardly used for anything but the size of the heap.
    ("nodeoptions", RuntimeName::Node, &[]),
    ("gomemlimit", RuntimeName::Go, &[]),
    ("gcheaphardlimit", RuntimeName::DotNet, &[]),
    ("maxmemory", RuntimeName::Redis, &[]),
    ("sharedbuffers", RuntimeName::PostgreSql, &[]),
    ("b", RuntimeName::PostgreSql, &["postgres", "postgresql"]),
    ("innodbbufferpoolsize", RuntimeName::MySql, &[]),
    ("keybuffersize", RuntimeName::MySql, &[]),
    ("ariapagecachebuffersize", RuntimeName::MySql, &[]),
    ("innodbdedicatedserver", RuntimeName::MySql, &[]),
    ("wiredtigercachesizegb", RuntimeName::MongoDb, &[]),
    ("wiredtigercachesizepct", RuntimeName::MongoDb, &[]),
    ("memoryallowedbytes", RuntimeName::VictoriaMetrics, &[]),
    ("memoryallowedpercent", RuntimeName::VictoriaMetrics, &[]),
    ("maxsqlmemory", RuntimeName::CockroachDb, &[]),
    ("cache", RuntimeName::CockroachDb, &["cockroach", "cockroachdb"]),
    ("vmmemoryhighwatermark", RuntimeName::RabbitMq, &[]),
    ("vmmemoryhighwatermarkabsolute", RuntimeName::RabbitMq, &[]),
    ("vmmemoryhighwatermarkrelative", RuntimeName::RabbitMq, &[]),
    ("m", RuntimeName::Memcached, &["memcached"]),
    ("m", RuntimeName::Other, &shares::HAPROXY),
    ("memorylimit", RuntimeName::Memcached, &["memcached"]),
    ("memcachedcachesize", RuntimeName::Memcached, &[]),
    ("mssqlmemorylimitmb", RuntimeName::SqlServer, &[]),
    ("varnishsize", RuntimeName::Varnish, &[]),
];

/// Words of names for a store or service called after memory, not for an amount.
const NO_AMOUNT: [&str; 14] = [
    "account", "address", "db", "endpoint", "host", "key", "name", "password", "path", "port", "secret", "token",
    "url", "user",
];

/// An option or a variable, and its value.
type Pair<'a> = (&'a str, &'a str);

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a value is, or begins with, something that only a shell or the kubelet would expand.
fn is_reference(value: &str) -> bool {
    value.starts_with(['$', '`'])
}

/// The words of a text with their references intact, and options within an option separately.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|'))
        .filter(|word| !word.is_empty())
        .map(|word| word.find("=-").and_then(|at| word.get(at + 1..)).unwrap_or(word))
}

/// The options in a list of words whose values cannot be evaluated.
fn options<'a>(list: impl Iterator<Item = &'a str>) -> Vec<Pair<'a>> {
    let words: Vec<&str> = list.collect();
    let pairs = words.iter().enumerate().filter_map(|(i, word)| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let follows = || words.get(i + 1).copied().filter(|next| is_reference(next));
        let value = if value.is_empty() { follows()? } else { value };
        value.contains(['$', '`']).then_some((name, value))
    });
    pairs.collect()
}

/// All settings of a container that cannot be evaluated: options in words and in variables, and variables.
pub(super) struct Unreadable<'a> {
    options: Vec<Pair<'a>>,
    variables: Vec<Pair<'a>>,
}

impl<'a> Unreadable<'a> {
    pub(super) fn of(seen: &'a Seen<'_>) -> Self {
        let mut found = options(seen.words.iter().flat_map(|text| words(text)));
        for (_, value) in seen.env.iter().filter(|(_, value)| value.contains(['$', '`'])) {
            found.extend(options(words(value)));
        }
        let variables = seen.env.iter().map(|(name, value)| (*name, value.trim()));
        Self { options: found, variables: variables.filter(|(_, value)| is_reference(value)).collect() }
    }

    /// Whether an option of this name is among them, or a variable named after it.
    fn has(&self, name: &str) -> bool {
        let is = |option: &str| {
            let option = option.strip_prefix("-c").unwrap_or(option);
            let letters = letters(option);
            letters == name || letters.strip_prefix("loose") == Some(name)
        };
        let named = |variable: &str| name.len() >= LEAST_LETTERS && letters(variable).ends_with(name);
        self.options.iter().any(|(option, _)| is(option) || (!option.starts_with('-') && named(option)))
            || self.variables.iter().any(|(variable, _)| named(variable))
    }

    /// Those of a known program.
    pub(super) fn known(&self, seen: &Seen<'_>) -> Option<Runtime> {
        if seen.words.iter().any(|text| text.contains("malloc,$") || text.contains("malloc,`")) {
            return Some(follows(RuntimeName::Varnish));
        }
        // The limit of one PHP process says nothing about their number.
        if php::CHILDREN.iter().any(|name| self.has(name)) && php::limit(seen).is_some() {
            return Some(follows(RuntimeName::Other));
        }
        let found = KNOWN
            .iter()
            .find(|(option, _, programs)| self.has(option) && (programs.is_empty() || databases::is(seen, programs)));
        found.map(|(_, name, _)| follows(*name))
    }

    /// Those with a name for memory, in an unknown program.
    pub(super) fn named(&self) -> Option<Runtime> {
        let options = self.options.iter().filter(|(name, _)| name.starts_with('-'));
        let mut all = options.chain(&self.variables);
        let is = |name: &str| {
            let parts = named::parts(name);
            named::is_memory(&parts) && !parts.iter().any(|part| NO_AMOUNT.contains(&part.as_str()))
        };
        all.any(|(name, _)| is(name)).then(|| follows(RuntimeName::Other))
    }
}

fn follows(name: RuntimeName) -> Runtime {
    Runtime::FromLimit { percent_hundredths: SHARE, name }
}
