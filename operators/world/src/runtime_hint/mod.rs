//! How a container's process was configured to use memory: a fixed amount, or a share of its limit.
//!
//! In: the image, command, arguments and variables of a container. Out: a hint; none of the strings is kept, only
//! numbers. A limit below the amount that a process is configured to use kills it; if a process sizes itself from its
//! limit, its usage shows what it took, not what it needs.

mod databases;
mod expand;
mod images;
mod jvm;
mod named;
mod others;
mod php;
mod products;
mod servers;
mod shares;
mod signs;
mod units;
mod unreadable;

#[cfg(test)]
mod miss_tests;
#[cfg(test)]
mod placement_tests;
#[cfg(test)]
mod share_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::unreadable::Unreadable;
use crate::row::Runtime;

/// The inputs of a container, with references to variables expanded.
struct Seen<'a> {
    image: &'a str,
    words: &'a [Cow<'a, str>],
    /// The variables of the container, then those set in its words: `GOMEMLIMIT=1GiB exec server`.
    env: Vec<(&'a str, Cow<'a, str>)>,
    /// Whether there are variables whose values come from elsewhere.
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

/// The words of a text, as a shell would split it. Options within an option are words too: `--jvm-args=-Xmx2g`,
/// `JAVA_OPTS=-Xmx2g`.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '[' | ']')
    };
    text.split(ends)
        .filter(|token| !token.is_empty())
        .flat_map(|token| match token.find("=-") {
            Some(at) => [token.get(..at), token.get(at + 1..)],
            None => [Some(token), None],
        })
        .flatten()
}

/// The variables set in a text, as in a shell: `NAME=VALUE`. Nearly all begin with a capital; other words do not.
fn set_by(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut words = tokens(text).peekable();
    std::iter::from_fn(move || {
        loop {
            let (name, value) = words.next()?.split_once('=').unwrap_or_default();
            let begins = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
            if begins && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                // A value in quotes is a word of its own.
                let value = if value.is_empty() { words.peek().copied().unwrap_or_default() } else { value };
                return Some((name, value));
            }
        }
    })
}

/// The values of an option among words: `NAME=VALUE`, `NAME VALUE`, `NAME = VALUE`.
fn option<'a>(tokens: &'a [&'a str], is: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    tokens.iter().enumerate().filter_map(move |(i, token)| {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        if !is(name) {
            return None;
        }
        if value.is_empty() { value_after(tokens, i) } else { Some(value) }
    })
}

/// The value that follows the name at `at`, with or without an `=` between them.
fn value_after<'a>(tokens: &[&'a str], at: usize) -> Option<&'a str> {
    tokens.iter().skip(at + 1).map(|word| word.trim_start_matches('=')).find(|word| !word.is_empty())
}

/// The name of an image without registry, tag and digest.
fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let path = image
        .split_once('/')
        .map_or(image, |(host, rest)| if host.contains(['.', ':']) || host == "localhost" { rest } else { image });
    path.rfind(':').and_then(|colon| path.get(..colon)).unwrap_or(path)
}

/// The tag of an image; empty where it has none.
fn image_tag(image: &str) -> &str {
    let tag = image.split('@').next().and_then(|image| image.rsplit_once(':')).map_or("", |(_, tag)| tag);
    // What follows the colon of a registry's port is no tag.
    if tag.contains('/') { "" } else { tag }
}

/// The hint from `image`, the words of command and arguments, and the environment. A variable whose value comes from
/// elsewhere has none here, and a reference to it stays; `unseen` means that there are such variables, or whole sets of
/// them.
pub(crate) fn detect(image: &str, words: &[&str], env: &[(&str, Option<&str>)], unseen: bool) -> Option<Runtime> {
    let mut known: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(env.len());
    for (name, value) in env {
        // A variable can refer to those before it.
        let value = value.map_or_else(|| Cow::Owned(format!("$({name})")), |value| expand::expand(value, &known));
        known.push((name, value));
    }
    let told: Vec<Cow<'_, str>> = words.iter().map(|word| expand::expand(word, &known)).collect();
    // A command can refer to the variables that it sets.
    let mut variables = known;
    variables.extend(told.iter().flat_map(|text| set_by(text)).map(|(name, value)| (name, Cow::Borrowed(value))));
    let words: Vec<Cow<'_, str>> = told.iter().map(|word| expand::expand(word, &variables)).collect();
    variables.truncate(env.len());
    variables.extend(words.iter().flat_map(|text| set_by(text)).map(|(name, value)| (name, Cow::Borrowed(value))));
    let unseen = unseen || env.iter().any(|(_, value)| value.is_none());
    let seen = Seen { image, words: &words, env: variables, unseen };
    let found =
        [jvm::detect(&seen), others::dotnet(&seen), others::node(&seen), others::go(&seen), databases::detect(&seen)];
    // An amount is more binding than a share; of several amounts the greatest is the safe one.
    let weight = |runtime: &Runtime| match runtime {
        Runtime::Told { bytes, .. } => (1, *bytes),
        Runtime::FromLimit { percent_hundredths, .. } => (0, u64::from(*percent_hundredths)),
    };
    // A value that cannot be evaluated may exceed all of them.
    let unreadable = Unreadable::of(&seen);
    unreadable
        .known(&seen)
        .or_else(|| found.into_iter().flatten().max_by_key(weight))
        .or_else(|| unreadable.named())
        .or_else(|| named::detect(&seen))
}

/// The hint of a container whose variables follow its own size (`resourceFieldRef`): the hints at its size and at twice
/// its size. An amount that grows with the size is a share of it.
pub(crate) fn following(now: Option<Runtime>, doubled: Option<Runtime>, bytes: u64) -> Option<Runtime> {
    match (now, doubled) {
        (Some(Runtime::Told { bytes: at_size, name }), Some(Runtime::Told { bytes: at_twice, .. }))
            if at_twice > at_size =>
        {
            let share = u128::from(at_twice - at_size) * 10_000 / u128::from(bytes.max(1));
            let percent_hundredths = u32::try_from(share).unwrap_or(10_000).clamp(1, 10_000);
            Some(Runtime::FromLimit { percent_hundredths, name })
        }
        _ => now,
    }
}
