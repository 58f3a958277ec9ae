//! Amounts that a process was told under a name that says what they are: `PHP_MEMORY_LIMIT=3G`, `--mem-ballast-size-mib=3072`.
//!
//! In: what is [`Seen`] of a container. Out: the greatest such amount. It counts where nothing more certain is known: which program
//! reads the name is not, so it only keeps a limit from being lowered under the amount.

use super::{Seen, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Words of a name that is about memory.
const ABOUT: [&str; 7] = ["memory", "mem", "heap", "ram", "maxmemory", "sga", "pga"];
/// Words of a name that is about something else of it.
const NOT: [&str; 8] = ["request", "requests", "min", "minimum", "percent", "ratio", "chunk", "page"];
/// Less is hardly what a process may use in all, bytes.
const LEAST: u64 = 16 << 20;

pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let variables = seen.env.iter().filter_map(|(name, value)| amount(name, value.trim()));
    let words: Vec<&str> = seen.words.iter().flat_map(|text| tokens(text)).collect();
    let options = words.iter().enumerate().filter(|(_, word)| word.starts_with('-')).filter_map(|(i, word)| match word
        .split_once('=')
    {
        Some((name, value)) => amount(name, value),
        None => amount(word, words.get(i + 1)?),
    });
    let bytes = variables.chain(options).max()?;
    Some(Runtime::Told { bytes, name: RuntimeName::Other })
}

/// The amount in bytes. A number needs a unit, of its own or at the end of its name: what a bare one counts nobody knows.
fn amount(name: &str, value: &str) -> Option<u64> {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(part));
    if !has(&ABOUT) || has(&NOT) {
        return None;
    }
    let bytes = match value.parse::<u64>() {
        Ok(number) => {
            let unit = match *parts.last()? {
                "mb" | "mib" | "megabytes" => 1 << 20,
                "gb" | "gib" | "gigabytes" => 1 << 30,
                _ => return None,
            };
            number.checked_mul(unit)?
        }
        Err(_) => units::fraction_of_binary(value)?,
    };
    (bytes >= LEAST).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn a_name_says_that_it_is_memory_and_a_unit_how_much() {
        for (name, value, expected) in [
            ("PHP_MEMORY_LIMIT", "3G", Some(3 << 30)),
            ("SGA_TARGET", "3G", Some(3 << 30)),
            ("--mem-ballast-size-mib", "3072", Some(3 << 30)),
            ("--memory", "512MiB", Some(512 << 20)),
            ("MAX_HEAP_SIZE_MB", "64", Some(64 << 20)),
            ("MEMORY_LIMIT", "3221225472", None),
            ("MEMORY_REQUEST", "3G", None),
            ("MEM_MIN", "3G", None),
            ("MEMORY", "lots", None),
            ("MEMORY", "64k", None),
            ("MEMBERS", "3G", None),
            ("TIMEOUT", "3G", None),
        ] {
            assert_eq!(amount(name, value), expected, "{name}={value}");
        }
    }
}
