//! What the process of a container was told about memory: a fixed amount, or a share of its limit that it takes.
//!
//! In: the image, command, arguments and variables of a container. Out: a hint; none of the strings is kept, only numbers.
//! A limit below what a process was told it may use kills it; a limit that a process sizes itself from says what it took,
//! not what it needs.

mod databases;
mod expand;
mod jvm;
mod others;
mod products;
mod units;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::row::Runtime;

/// What is seen of a container, with references to variables replaced.
struct Seen<'a> {
    image: &'a str,
    words: Vec<Cow<'a, str>>,
    env: Vec<(&'a str, Cow<'a, str>)>,
    /// Whether there are variables whose values stand elsewhere.
    unseen: bool,
}

impl Seen<'_> {
    /// The words of command and arguments.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().flat_map(|text| tokens(text))
    }

    /// The words of a variable.
    fn env_tokens(&self, name: &str) -> Vec<&str> {
        self.env.iter().filter(|(n, _)| *n == name).flat_map(|(_, value)| tokens(value)).collect()
    }
}

/// The words of a text, as a shell would divide it.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';')).filter(|token| !token.is_empty())
}

/// The values of an option among words: `NAME=VALUE`, or `NAME` and then `VALUE`.
fn option<'a>(tokens: &'a [&'a str], is: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    tokens.iter().enumerate().filter_map(move |(i, token)| {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        if !is(name) {
            return None;
        }
        if value.is_empty() { tokens.get(i + 1).copied() } else { Some(value) }
    })
}

/// The name of an image without registry, tag and digest.
fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let path = image
        .split_once('/')
        .map_or(image, |(host, rest)| if host.contains(['.', ':']) || host == "localhost" { rest } else { image });
    path.rfind(':').and_then(|colon| path.get(..colon)).unwrap_or(path)
}

/// What `image`, the words of command and arguments, and the environment hint at. A variable whose value stands elsewhere
/// has none here; `unseen` says that there are such ones, or whole sets of them.
pub(crate) fn detect(image: &str, words: &[&str], env: &[(&str, Option<&str>)], unseen: bool) -> Option<Runtime> {
    let mut known: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(env.len());
    for (name, value) in env {
        // A variable sees those before it.
        let value = value.map_or(Cow::Borrowed(""), |value| expand::expand(value, &known));
        known.push((name, value));
    }
    let words = words.iter().map(|word| expand::expand(word, &known)).collect();
    let unseen = unseen || env.iter().any(|(_, value)| value.is_none());
    let seen = Seen { image, words, env: known, unseen };
    let found =
        [jvm::detect(&seen), others::dotnet(&seen), others::node(&seen), others::go(&seen), databases::detect(&seen)];
    // An amount binds more than a share; of several amounts the greatest is the safe one.
    let weight = |runtime: &Runtime| match runtime {
        Runtime::Told { bytes, .. } => (1, *bytes),
        Runtime::FromLimit { percent_hundredths, .. } => (0, u64::from(*percent_hundredths)),
    };
    found.into_iter().flatten().max_by_key(weight)
}
